/// SHA-1 (FIPS 180-4 §6.1) of a message that fills one block.
enum SHA1 {
  /// Four words, of the block, of the schedule.
  typealias Words = SIMD4<UInt32>

  /// The five words of the digest.
  ///
  /// - Parameter block: The message, a bit 1, zeros, and in the last two words the message's length
  ///   in bits (§5.1.1).
  @inline(__always)
  static func digest(_ block: InlineArray<4, Words>) -> InlineArray<5, UInt32> {
    let schedule = schedule(block)
    let words = schedule.span
    var state = State()
    state.run(words.extracting(0..<5), 0x5a82_7999) { b, c, d in d ^ (b & (c ^ d)) }
    state.run(words.extracting(5..<10), 0x6ed9_eba1) { b, c, d in b ^ c ^ d }
    state.run(words.extracting(10..<15), 0x8f1b_bcdc) { b, c, d in (b & c) | (d & (b | c)) }
    state.run(words.extracting(15..<20), 0xca62_c1d6) { b, c, d in b ^ c ^ d }
    let start = State()
    return [
      start.a &+ state.a, start.b &+ state.b, start.c &+ state.c, start.d &+ state.d,
      start.e &+ state.e,
    ]
  }

  /// The message schedule W, four words at a time.
  @inline(__always)
  private static func schedule(_ block: InlineArray<4, Words>) -> InlineArray<20, Words> {
    var words = InlineArray<20, Words>(repeating: Words())
    for index in 0..<4 { words[index] = block[index] }
    for index in 4..<8 {
      // W(t) = (W(t-3) ^ W(t-8) ^ W(t-14) ^ W(t-16)) <<< 1; the fourth word needs the first.
      let last = words[index - 1]
      var four = rotate(
        words[index - 4] ^ joined(words[index - 4], words[index - 3]) ^ words[index - 2]
          ^ Words(last[1], last[2], last[3], 0), 1)
      four[3] ^= four[0] &<< 1 | four[0] &>> 31
      words[index] = four
    }
    for index in 8..<20 {
      // The same rule applied to itself: W(t) = (W(t-6) ^ W(t-16) ^ W(t-28) ^ W(t-32)) <<< 2.
      words[index] = rotate(
        joined(words[index - 2], words[index - 1]) ^ words[index - 4] ^ words[index - 7]
          ^ words[index - 8], 2)
    }
    return words
  }

  /// The last two words and the first two of the next.
  @inline(__always)
  private static func joined(_ words: Words, _ next: Words) -> Words {
    Words(lowHalf: words.highHalf, highHalf: next.lowHalf)
  }

  @inline(__always)
  private static func rotate(_ words: Words, _ count: UInt32) -> Words {
    words &<< count | words &>> (32 - count)
  }

  /// The working variables.
  private struct State {
    var a: UInt32 = 0x6745_2301
    var b: UInt32 = 0xefcd_ab89
    var c: UInt32 = 0x98ba_dcfe
    var d: UInt32 = 0x1032_5476
    var e: UInt32 = 0xc3d2_e1f0

    /// Twenty rounds.
    @inline(__always)
    mutating func run(
      _ words: Span<Words>, _ constant: UInt32, _ function: (UInt32, UInt32, UInt32) -> UInt32
    ) {
      @inline(__always)
      func round(
        _ a: UInt32, _ b: inout UInt32, _ c: UInt32, _ d: UInt32, _ e: inout UInt32,
        _ index: Int
      ) {
        e &+= words[index / 4][index % 4] &+ constant &+ function(b, c, d) &+ (a &<< 5 | a &>> 27)
        b = b &<< 30 | b &>> 2
      }
      // After five rounds each variable has its name again.
      for five in 0..<4 {
        round(a, &b, c, d, &e, 5 * five)
        round(e, &a, b, c, &d, 5 * five + 1)
        round(d, &e, a, b, &c, 5 * five + 2)
        round(c, &d, e, a, &b, 5 * five + 3)
        round(b, &c, d, e, &a, 5 * five + 4)
      }
    }
  }
}
