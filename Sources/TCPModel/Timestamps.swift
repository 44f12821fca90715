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

  /// How much longer a segment of it was on its way here than its first one, nanoseconds, as its clock
  /// tells; 0 where that does not tick in milliseconds or would have drifted since.
  func lateness(of segment: Segment) -> Int64 {
    guard segment.hasTimestamps, firstTimestampTime != .epoch else { return 0 }
    let span = segment.time.nanoseconds(since: firstTimestampTime)
    guard span > 0, span < 60 * Timers.second else { return 0 }
    let ticks = TimestampValue(segment.timestampValue).distance(from: firstTimestamp)
    let late = span &- (Int64(ticks) &+ 1) &* 1_000_000
    return late > 0 && late < span / 2 ? late : 0
  }
}
