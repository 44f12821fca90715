/// What is written for the seconds of moments: those of the last four are kept, as moments that are written
/// one after the other are near each other.
struct SecondTexts: Sendable {
  private var texts = InlineArray<4, SecondText>(repeating: SecondText())
  /// The day written last.
  private var day = DayText()

  /// The place of the texts of a second, counted from 1970-01-01 00:00:00 UTC: an index until the next one
  /// is asked for.
  @inline(__always)
  mutating func index(of second: Int64) -> Int {
    let place = Int(truncatingIfNeeded: second) & 3
    if texts[place].second != second { set(second, at: place) }
    return place
  }

  subscript(index: Int) -> SecondText {
    @inline(__always) _read { yield texts[index & 3] }
  }

  @inline(never)
  private mutating func set(_ second: Int64, at place: Int) {
    let (day, rest) = second.flooredQuotient(86_400)
    if day != self.day.day { self.day.set(day) }
    texts[place & 3] = SecondText(second, self.day.text, secondOfDay: rest)
  }
}

/// What is written for a second.
struct SecondText: Sendable, BitwiseCopyable {
  /// Seconds since 1970-01-01 00:00:00 UTC.
  let second: Int64
  /// `2026-11-21T02:13:00.`
  let text: Phrase
  /// The seconds in decimal.
  let number: Phrase

  /// Of the second before which no moment is.
  init() {
    second = .min
    text = ""
    number = ""
  }

  /// - Parameter day: `2026-11-21T`.
  init(_ second: Int64, _ day: Phrase, secondOfDay: Int64) {
    self.second = second
    let seconds = UInt64(truncatingIfNeeded: secondOfDay)
    let minute = seconds / 60
    let hour = minute / 60
    // Each number in three bytes of its own, of which the third is for the colon.
    let numbers = hour | (minute &- 60 &* hour) << 24 | (seconds &- 60 &* minute) << 48
    let tens = (numbers &* 103) >> 10 & 0x000f_0000_0f00_000f
    let time = tens | (numbers &- 10 &* tens) << 8 | 0x3030_3a30_303a_3030
    text = Phrase(
      first: day.first, second: day.second | time << 24,
      third: time >> 40 | UInt64(UInt8(ascii: ".")) << 24, fourth: 0, count: 20)
    // Of the years 2001 to 2286.
    guard second >= 1_000_000_000, second < 10_000_000_000 else {
      number = Phrase("\(second)")
      return
    }
    let (head, tail) = UInt64(truncatingIfNeeded: second).quotientAndRemainder(
      dividingBy: 100_000_000)
    let digits = EightDigits(UInt32(truncatingIfNeeded: tail)).text
    let two = EightDigits(UInt32(truncatingIfNeeded: head)).text >> 48
    number = Phrase(
      first: two | digits << 16, second: digits >> 48, third: 0, fourth: 0, count: 10)
  }
}
