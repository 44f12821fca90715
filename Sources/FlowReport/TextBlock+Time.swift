import PacketDecoding

extension TextBlock {
  /// Puts a moment as RFC 3339 §5.6 has it, in UTC: `2026-11-21T02:13:00.123456Z`. Microseconds, or
  /// nanoseconds where the moment has them; 30 bytes at most.
  @inline(__always)
  mutating func put(_ moment: Moment, at place: inout Int) {
    let index = seconds.index(of: moment.second)
    let text = seconds[index].text
    put(text, at: &place)
    put(fraction: moment.nanoseconds, end: UInt8(ascii: "Z"), at: &place)
    place &+= 1
  }

  /// Puts a moment's nanoseconds since 1970, 20 bytes at most.
  @inline(__always)
  mutating func put(nanoseconds moment: Moment, at place: inout Int) {
    guard moment.second > 0 else {
      put(moment.time.nanoseconds, at: &place)
      return
    }
    let index = seconds.index(of: moment.second)
    let number = seconds[index].number
    put(number, at: &place)
    let (head, last) = moment.nanoseconds.quotientAndRemainder(dividingBy: 10)
    put(word: EightDigits(head).text, at: &place)
    put(byte: UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: last), at: &place)
  }

  /// Puts the day of a moment in UTC: `2026-11-21`.
  mutating func put(dateOf moment: Moment, at place: inout Int) {
    let index = seconds.index(of: moment.second)
    let text = seconds[index].text
    put(word: text.first, at: &place)
    put(word: text.second, count: 2, at: &place)
  }

  /// Puts the time of day of a moment in UTC with its fraction: `02:13:00.123456`.
  mutating func put(timeOfDayOf moment: Moment, at place: inout Int) {
    let index = seconds.index(of: moment.second)
    let text = seconds[index].text
    put(word: text.second >> 24 | text.third << 40, at: &place)
    put(byte: UInt8(ascii: "."), at: &place)
    put(fraction: moment.nanoseconds, end: 0, at: &place)
  }

  /// Puts a fraction of a second: six digits, or nine where microseconds do not hold it.
  ///
  /// - Parameter end: A byte to stand behind it, at the place where the next text will be.
  @inline(__always)
  mutating func put(fraction nanoseconds: UInt32, end: UInt8, at place: inout Int) {
    let (microseconds, rest) = nanoseconds.quotientAndRemainder(dividingBy: 1000)
    if rest == 0 {
      let digits = EightDigits(microseconds).text >> 16
      put(word: digits | UInt64(end) << 48, count: 6, at: &place)
    } else {
      let (head, last) = nanoseconds.quotientAndRemainder(dividingBy: 10)
      put(word: EightDigits(head).text, at: &place)
      let digit = UInt64(UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: last))
      put(word: digit | UInt64(end) << 8, count: 1, at: &place)
    }
  }

  /// Puts a duration in seconds as an exact decimal without trailing zeros, `0.0123`; 21 bytes at most.
  mutating func put(seconds nanoseconds: Int64, at place: inout Int) {
    if nanoseconds < 0 { put(byte: UInt8(ascii: "-"), at: &place) }
    let (seconds, fraction) = nanoseconds.magnitude.quotientAndRemainder(
      dividingBy: 1_000_000_000)
    put(seconds, at: &place)
    guard fraction > 0 else { return }
    put(byte: UInt8(ascii: "."), at: &place)
    let (head, last) = fraction.quotientAndRemainder(dividingBy: 10)
    let digits = EightDigits(UInt32(truncatingIfNeeded: head))
    if last > 0 {
      put(word: digits.text, at: &place)
      put(byte: UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: last), at: &place)
    } else {
      put(word: digits.text, count: 8 &- digits.trailingZeros, at: &place)
    }
  }
}
