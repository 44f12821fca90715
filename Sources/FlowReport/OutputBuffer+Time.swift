public import PacketDecoding

extension OutputBuffer {
  /// Appends a moment as RFC 3339 §5.6 has it, in UTC: `2026-11-21T02:13:00.123456Z`. Microseconds,
  /// or nanoseconds where the moment has them.
  public mutating func write(_ time: CaptureTime) {
    write(date: time)
    write(byte: UInt8(ascii: "T"))
    write(timeOfDay: time)
    write(byte: UInt8(ascii: "Z"))
  }

  /// Appends the day in UTC: `2026-11-21`.
  public mutating func write(date time: CaptureTime) {
    let (days, _) = time.secondsSplit.seconds.flooredQuotient(86_400)
    let (year, month, day) = OutputBuffer.civil(daysSinceEpoch: days)
    write(UInt64(year), width: 4)
    write(byte: UInt8(ascii: "-"))
    write(UInt64(month), width: 2)
    write(byte: UInt8(ascii: "-"))
    write(UInt64(day), width: 2)
  }

  /// Appends the time of day in UTC with its fraction: `02:13:00.123456`.
  public mutating func write(timeOfDay time: CaptureTime) {
    let (seconds, fraction) = time.secondsSplit
    let (_, second) = seconds.flooredQuotient(86_400)
    write(UInt64(second / 3600), width: 2)
    write(byte: UInt8(ascii: ":"))
    write(UInt64(second / 60 % 60), width: 2)
    write(byte: UInt8(ascii: ":"))
    write(UInt64(second % 60), width: 2)
    write(byte: UInt8(ascii: "."))
    write(fraction: fraction)
  }

  /// Appends a fraction of a second: six digits, or nine where microseconds do not hold it.
  mutating func write(fraction nanoseconds: Int64) {
    if nanoseconds % 1000 == 0 {
      write(UInt64(nanoseconds / 1000), width: 6)
    } else {
      write(UInt64(nanoseconds), width: 9)
    }
  }

  /// Appends a duration in seconds as an exact decimal without trailing zeros: `0.0123`.
  public mutating func write(seconds nanoseconds: Int64) {
    if nanoseconds < 0 { write(byte: UInt8(ascii: "-")) }
    let magnitude = nanoseconds.magnitude
    write(magnitude / 1_000_000_000)
    var fraction = magnitude % 1_000_000_000
    guard fraction > 0 else { return }
    var width = 9
    while fraction % 10 == 0 {
      fraction /= 10
      width -= 1
    }
    write(byte: UInt8(ascii: "."))
    write(fraction, width: width)
  }

  /// Year, month and day of the proleptic Gregorian calendar, by counting from 1 March 0000, so
  /// that the leap day is the last of its year.
  private static func civil(daysSinceEpoch: Int64) -> (year: Int64, month: Int64, day: Int64) {
    let (era, dayOfEra) = (daysSinceEpoch + 719_468).flooredQuotient(146_097)
    let yearOfEra =
      (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let monthFromMarch = (5 * dayOfYear + 2) / 153
    let day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
    let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
    return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day)
  }
}

extension CaptureTime {
  /// Whole seconds since the epoch, rounded down, and the nanoseconds after them.
  var secondsSplit: (seconds: Int64, nanoseconds: Int64) {
    let (seconds, rest) = nanoseconds.flooredQuotient(1_000_000_000)
    return (seconds, rest)
  }
}

extension Int64 {
  /// Quotient rounded down, and the remainder, which is never negative.
  func flooredQuotient(_ divisor: Int64) -> (quotient: Int64, remainder: Int64) {
    let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
    return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
  }
}
