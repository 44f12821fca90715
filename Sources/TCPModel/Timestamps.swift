public import PacketDecoding

/// A value of the timestamps option (RFC 7323 §3): a 32-bit clock that wraps.
public struct TimestampValue: Hashable, Sendable, BitwiseCopyable {
  public var rawValue: UInt32

  @inlinable
  public init(_ rawValue: UInt32) {
    self.rawValue = rawValue
  }

  /// Ticks from `origin` to this value, negative when it lies behind (RFC 7323 §5.2 compares
  /// modulo 2³²).
  @inlinable
  public func distance(from origin: TimestampValue) -> Int32 {
    Int32(bitPattern: rawValue &- origin.rawValue)
  }

  /// Whether this value is older than `other`.
  @inlinable
  public func precedes(_ other: TimestampValue) -> Bool {
    other.distance(from: self) > 0
  }

  /// Whether this value lies in the closed range [first, last] of one sender's clock.
  @inlinable
  public func isWithin(_ first: TimestampValue, _ last: TimestampValue) -> Bool {
    rawValue &- first.rawValue <= last.rawValue &- first.rawValue
  }
}

/// The clock behind an endpoint's timestamps, as the capture shows it (RFC 7323 §5.4).
public struct TimestampClock: Sendable, BitwiseCopyable {
  /// Ticks per second.
  public var rate: Double
  /// The value that the clock showed, or would have shown, at `origin`, ticks.
  public var offset: TimestampValue
  /// The moment of `offset`.
  public var origin: CaptureTime
}

extension Endpoint {
  /// The clock of its timestamps, or nil while less than a second of it, or nothing, was seen.
  public var timestampClock: TimestampClock? {
    guard marks.contains(.timestamps), firstTimestampTime != .epoch else { return nil }
    let span = newestTimestampTime.nanoseconds(since: firstTimestampTime)
    let ticks = newestTimestamp.distance(from: firstTimestamp)
    guard span >= Timers.second, ticks > 0 else { return nil }
    return TimestampClock(
      rate: Double(ticks) / (Double(span) / Double(Timers.second)), offset: firstTimestamp,
      origin: firstTimestampTime)
  }
}
