public import PacketDecoding

extension OutputBuffer {
  /// Appends a moment as RFC 3339 §5.6 has it, in UTC: `2026-11-21T02:13:00.123456Z`. Microseconds,
  /// or nanoseconds where the moment has them.
  public mutating func write(_ time: CaptureTime) {
    let (day, rest) = time.nanoseconds.flooredQuotient(OutputBuffer.day)
    writeDay(day)
    write(nanosecondsOfDay: rest)
    write(byte: UInt8(ascii: "Z"))
  }

  /// Appends the day in UTC: `2026-11-21`.
  public mutating func write(date time: CaptureTime) {
    writeDay(time.nanoseconds.flooredQuotient(OutputBuffer.day).quotient)
    removeLast()
  }

  /// Appends the time of day in UTC with its fraction: `02:13:00.123456`.
  public mutating func write(timeOfDay time: CaptureTime) {
    write(nanosecondsOfDay: time.nanoseconds.flooredQuotient(OutputBuffer.day).remainder)
  }

  /// Appends a day, counted from 1970-01-01, and a T.
  @inline(__always)
  private mutating func writeDay(_ day: Int64) {
    if day != self.day.day { self.day.set(day) }
    let text = self.day.text
    write(text)
  }

  private mutating func write(nanosecondsOfDay nanoseconds: Int64) {
    let nanoseconds = UInt64(truncatingIfNeeded: nanoseconds)
    let (second, fraction) = nanoseconds.quotientAndRemainder(dividingBy: 1_000_000_000)
    let minute = second / 60
    let hour = minute / 60
    // Each number in three bytes of its own, of which the third is for the colon.
    let numbers = hour | (minute &- 60 &* hour) << 24 | (second &- 60 &* minute) << 48
    let tens = (numbers &* 103) >> 10 & 0x000f_0000_0f00_000f
    write(word: tens | (numbers &- 10 &* tens) << 8 | 0x3030_3a30_303a_3030)
    write(byte: UInt8(ascii: "."))
    write(fraction: Int64(truncatingIfNeeded: fraction))
  }

  /// Appends a fraction of a second: six digits, or nine where microseconds do not hold it.
  @inline(__always)
  mutating func write(fraction nanoseconds: Int64) {
    let nanoseconds = UInt32(truncatingIfNeeded: nanoseconds)
    let (microseconds, rest) = nanoseconds.quotientAndRemainder(dividingBy: 1000)
    if rest == 0 {
      write(word: EightDigits(microseconds).text >> 16, count: 6)
    } else {
      let (head, last) = nanoseconds.quotientAndRemainder(dividingBy: 10)
      write(word: EightDigits(head).text)
      write(byte: UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: last))
    }
  }

  /// Appends a duration in seconds as an exact decimal without trailing zeros: `0.0123`.
  public mutating func write(seconds nanoseconds: Int64) {
    if nanoseconds < 0 { write(byte: UInt8(ascii: "-")) }
    let (seconds, fraction) = nanoseconds.magnitude.quotientAndRemainder(
      dividingBy: 1_000_000_000)
    write(seconds)
    guard fraction > 0 else { return }
    write(byte: UInt8(ascii: "."))
    let (head, last) = fraction.quotientAndRemainder(dividingBy: 10)
    let digits = EightDigits(UInt32(truncatingIfNeeded: head))
    if last > 0 {
      write(word: digits.text)
      write(byte: UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: last))
    } else {
      write(word: digits.text, count: 8 &- digits.trailingZeros)
    }
  }

  /// Nanoseconds of a day.
  private static let day: Int64 = 86_400_000_000_000
}

extension Int64 {
  /// Quotient rounded down, and the remainder, which is never negative.
  @inline(__always)
  func flooredQuotient(_ divisor: Int64) -> (quotient: Int64, remainder: Int64) {
    let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
    return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
  }
}
