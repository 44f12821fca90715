public import PacketDecoding

/// How moments are shown.
public enum TimeStyle: String, Sendable, CaseIterable {
  /// Date and time in UTC.
  case utc
  /// Seconds since the first frame.
  case relative
  /// Seconds since the moment shown before.
  case delta
  /// Seconds since 1970-01-01 00:00:00 UTC.
  case epoch

  /// The style by its name, or by the letters that tshark's `-t` takes.
  public init?(name: String) {
    switch name {
    case "utc", "u", "ud", "a", "ad": self = .utc
    case "relative", "r": self = .relative
    case "delta", "d", "dd": self = .delta
    case "epoch", "e": self = .epoch
    default: return nil
    }
  }
}

extension OutputBuffer {
  /// Appends a moment.
  ///
  /// - Parameters:
  ///   - style: How to show it.
  ///   - origin: What `.relative` and `.delta` count from.
  public mutating func write(_ time: CaptureTime, style: TimeStyle, since origin: CaptureTime) {
    switch style {
    case .utc:
      write(date: time)
      write(byte: UInt8(ascii: " "))
      write(timeOfDay: time)
    case .relative, .delta: write(decimalSeconds: time.nanoseconds(since: origin))
    case .epoch: write(decimalSeconds: time.nanoseconds)
    }
  }

  /// Appends seconds with six digits after the point, or nine where microseconds do not hold them.
  mutating func write(decimalSeconds nanoseconds: Int64) {
    if nanoseconds < 0 { write(byte: UInt8(ascii: "-")) }
    let magnitude = nanoseconds.magnitude
    write(magnitude / 1_000_000_000)
    write(byte: UInt8(ascii: "."))
    write(fraction: Int64(magnitude % 1_000_000_000))
  }
}
