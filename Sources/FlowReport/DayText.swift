/// A day in UTC and what is written for it: `2026-11-21T`.
struct DayText: Sendable {
  /// Days since 1970-01-01.
  private(set) var day: Int64 = 0
  /// Its text, the T included.
  private(set) var text: Phrase = "1970-01-01T"

  /// Becomes another day.
  mutating func set(_ day: Int64) {
    let (year, month, dayOfMonth) = DayText.civil(daysSinceEpoch: day)
    func digits(_ number: Int64) -> String { number < 10 ? "0\(number)" : "\(number)" }
    // Nanoseconds in 64 bits are years from 1677 to 2262.
    text = Phrase("\(year)-\(digits(month))-\(digits(dayOfMonth))T")
    self.day = day
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
