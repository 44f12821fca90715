/// A short text that is written often, of 32 bytes at most: made once, copied with a few instructions.
struct Phrase: Sendable, BitwiseCopyable {
  /// Its bytes, the first the lowest of `first`.
  let first: UInt64
  let second: UInt64
  let third: UInt64
  let fourth: UInt64
  /// Bytes of text.
  let count: Int
  /// Columns it takes on a terminal.
  let columns: Int

  /// A phrase of a text.
  init(_ text: some StringProtocol) {
    var words = InlineArray<4, UInt64>(repeating: 0)
    var count = 0
    for byte in text.utf8 {
      words[count / 8] |= UInt64(byte) << UInt64(count % 8 * 8)
      count += 1
    }
    self.count = count
    columns = String(text).columns
    (first, second, third, fourth) = (words[0], words[1], words[2], words[3])
  }

  /// A phrase of ASCII, the first the lowest of `first`.
  @inline(__always)
  init(first: UInt64, second: UInt64, third: UInt64, fourth: UInt64, count: Int) {
    (self.first, self.second, self.third, self.fourth) = (first, second, third, fourth)
    self.count = count
    columns = count
  }

  /// A text of ASCII in phrases to be written one after the other.
  static func parts<let count: Int>(of text: String) -> InlineArray<count, Phrase> {
    InlineArray { Phrase(text.dropFirst(32 * $0).prefix(32)) }
  }
}

extension Phrase: ExpressibleByStringLiteral {
  init(stringLiteral text: String) {
    self.init(text)
  }
}
