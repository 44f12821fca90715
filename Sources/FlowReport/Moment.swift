import PacketDecoding

/// A moment in the parts in which it is written.
struct Moment {
  let time: CaptureTime
  /// Seconds since 1970-01-01 00:00:00 UTC, rounded down.
  let second: Int64
  /// The rest.
  let nanoseconds: UInt32

  @inline(__always)
  init(_ time: CaptureTime) {
    self.time = time
    let (second, rest) = time.nanoseconds.flooredQuotient(1_000_000_000)
    self.second = second
    nanoseconds = UInt32(truncatingIfNeeded: rest)
  }
}

extension Int64 {
  /// Quotient rounded down, and the remainder, which is never negative.
  @inline(__always)
  func flooredQuotient(_ divisor: Int64) -> (quotient: Int64, remainder: Int64) {
    let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
    return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
  }
}
