import PacketDecoding
public import TCPModel

// The words in which rules speak of sockets, frames and times, so that all speak alike.

extension Connection {
  /// "10.0.0.5:41234", or "[2001:db8::1]:443".
  public func name(_ side: Side) -> String {
    let (address, port) = socket(side)
    return address.isIPv4 ? "\(address):\(port)" : "[\(address)]:\(port)"
  }

  /// The address alone.
  func host(_ side: Side) -> String { "\(socket(side).address)" }
}

enum ProofText {
  /// "frame 4", "frames 91-97", "frames 3, 5 and 9": runs joined, at most four named.
  static func frames(_ frames: [UInt64]) -> String {
    var runs: [(first: UInt64, last: UInt64)] = []
    for frame in frames.sorted() {
      if let last = runs.last, frame <= last.last + 1 {
        runs[runs.count - 1].last = max(frame, last.last)
      } else {
        runs.append((frame, frame))
      }
    }
    var names = runs.prefix(4).map {
      $0.first == $0.last ? "\($0.first)" : "\($0.first)-\($0.last)"
    }
    if runs.count > 4 { names.append("…") }
    let word = frames.count == 1 ? "frame" : "frames"
    if names.count < 2 { return "\(word) \(names.first ?? "none")" }
    if names.last == "…" { return "\(word) \(names.joined(separator: ", "))" }
    return "\(word) \(names.dropLast().joined(separator: ", ")) and \(names[names.count - 1])"
  }

  /// A duration in the unit people would use: "38 µs", "12 ms", "3.4 s", "5 min 3 s". One that is
  /// negative was measured across a point at which the capture's clock was set back.
  static func duration(_ nanoseconds: Int64) -> String {
    guard nanoseconds >= 0 else { return "an unknown time (the capture's clock goes back there)" }
    let magnitude = nanoseconds.magnitude
    switch magnitude {
    case ..<1_000: return "\(magnitude) ns"
    case ..<999_500: return "\((magnitude + 500) / 1_000) µs"
    case ..<9_950_000: return "\(tenths(magnitude, 1_000_000)) ms"
    case ..<999_500_000: return "\((magnitude + 500_000) / 1_000_000) ms"
    case ..<60_050_000_000: return "\(tenths(magnitude, 1_000_000_000)) s"
    default:
      let seconds = (magnitude + 500_000_000) / 1_000_000_000
      return seconds < 3600
        ? pair(seconds / 60, "min", seconds % 60, "s")
        : pair(seconds / 3600, "h", seconds % 3600 / 60, "min")
    }
  }

  /// The same of seconds.
  static func duration(seconds: Double) -> String {
    duration(Int64(exactly: (seconds * 1e9).rounded()) ?? (seconds > 0 ? .max : -1))
  }

  private static func pair(
    _ large: UInt64, _ largeUnit: String, _ small: UInt64, _ smallUnit: String
  ) -> String {
    "\(large) \(largeUnit)" + (small == 0 ? "" : " \(small) \(smallUnit)")
  }

  private static func tenths(_ value: UInt64, _ unit: UInt64) -> String {
    let tenths = (value + unit / 20) / (unit / 10)
    return tenths % 10 == 0 ? "\(tenths / 10)" : "\(tenths / 10).\(tenths % 10)"
  }

  /// "its 3 connections", "2 of its 3 connections".
  static func share(_ number: Int, of total: Int) -> String {
    number < total ? "\(number) of its \(total) connections" : "its \(total) connections"
  }

  /// "once", "twice", "3 times".
  static func times(_ number: some BinaryInteger) -> String {
    number == 1 ? "once" : number == 2 ? "twice" : "\(number) times"
  }

  /// "1 FIN", "3 FINs".
  static func count(_ number: Int, _ noun: String) -> String {
    number == 1 ? "1 \(noun)" : "\(number) \(noun)s"
  }
}

extension Int64 {
  /// Nanoseconds as seconds.
  var seconds: Double { Double(self) / 1e9 }
}
