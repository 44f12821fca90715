/// SHA-1 (FIPS 180-4 §6.1) of four messages at once, each of which fills one block: each round waits
/// for the one before, so four take hardly longer than one.
enum SHA1 {
  /// A word of each message.
  typealias Words = SIMD4<UInt32>

  /// The five words of the digests.
  ///
  /// - Parameter block: The messages, a bit 1, zeros, and in the last two words the messages' lengths
  ///   in bits (§5.1.1).
  @inline(never)
  static func digests(_ block: InlineArray<16, Words>) -> InlineArray<5, Words> {
    // The upper half of a length of less than 512 bits. What it is the compiler does not know.
    let zero = block[14]
    let schedule = schedule(block)
    let words = schedule.span
    var state = State()
    state.run(words.extracting(0..<20), 0x5a82_7999, zero) { b, c, d in choice(b, c, d) }
    state.run(words.extracting(20..<40), 0x6ed9_eba1, zero) { b, c, d in parity(b, c, d) }
    state.run(words.extracting(40..<60), 0x8f1b_bcdc, zero) { b, c, d in majority(b, c, d) }
    state.run(words.extracting(60..<80), 0xca62_c1d6, zero) { b, c, d in parity(b, c, d) }
    let start = State()
    return [
      start.a &+ state.a, start.b &+ state.b, start.c &+ state.c, start.d &+ state.d,
      start.e &+ state.e,
    ]
  }

  /// The message schedule W.
  @inline(__always)
  private static func schedule(_ block: InlineArray<16, Words>) -> InlineArray<80, Words> {
    var words = InlineArray<80, Words>(repeating: Words())
    let block = block.span
    for index in block.indices { words[index] = block[index] }
    for index in 16..<80 {
      words[index] = rotate(
        words[index - 3] ^ words[index - 8] ^ words[index - 14] ^ words[index - 16], 1)
    }
    return words
  }

  @inline(__always)
  private static func rotate(_ words: Words, _ count: UInt32) -> Words {
    words &<< Words(repeating: count) | words &>> Words(repeating: 32 - count)
  }

  // The functions of §4.1.1: Ch, Parity and Maj.

  @inline(__always)
  private static func choice(_ x: Words, _ y: Words, _ z: Words) -> Words { z ^ (x & (y ^ z)) }

  @inline(__always)
  private static func parity(_ x: Words, _ y: Words, _ z: Words) -> Words { x ^ y ^ z }

  @inline(__always)
  private static func majority(_ x: Words, _ y: Words, _ z: Words) -> Words {
    (x & y) | (z & (x | y))
  }

  /// The sum of a word and of another one that is rotated to the left. What the compiler recognises as a
  /// rotation it does on one message at a time, at six times the cost; this it does not.
  @inline(__always)
  private static func adding(_ words: Words, rotatedBy count: UInt32, to sum: Words) -> Words {
    sum &+ words &<< Words(repeating: count) &+ words &>> Words(repeating: 32 - count)
  }

  /// The working variables.
  private struct State {
    var a = Words(repeating: 0x6745_2301)
    var b = Words(repeating: 0xefcd_ab89)
    var c = Words(repeating: 0x98ba_dcfe)
    var d = Words(repeating: 0x1032_5476)
    var e = Words(repeating: 0xc3d2_e1f0)

    /// Twenty rounds.
    @inline(__always)
    mutating func run(
      _ words: Span<Words>, _ constant: UInt32, _ zero: Words,
      _ function: (Words, Words, Words) -> Words
    ) {
      let constant = Words(repeating: constant)
      @inline(__always)
      func round(
        _ a: Words, _ b: inout Words, _ c: Words, _ d: Words, _ e: inout Words, _ index: Int
      ) {
        e &+= words[index] &+ constant &+ function(b, c, d)
        e = SHA1.adding(a, rotatedBy: 5, to: e)
        b = SHA1.adding(b, rotatedBy: 30, to: zero)
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
