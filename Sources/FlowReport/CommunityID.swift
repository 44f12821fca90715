import PacketDecoding
public import TCPModel

/// The Community ID of a connection, version 1 with seed 0: the hash of the 4-tuple by which Zeek,
/// Suricata and others name the same flow
/// (<https://github.com/corelight/community-id-spec>).
public enum CommunityID {
  /// Appends the id of a 4-tuple: `1:` and 28 characters of base64.
  public static func write(_ key: FlowKey, to out: inout OutputBuffer) {
    out.write(text(key))
  }

  /// The id of a 4-tuple.
  static func text(_ key: FlowKey) -> Phrase { texts([key, key, key, key])[0] }

  /// The ids of four 4-tuples, found in about the time of one.
  static func texts(_ keys: InlineArray<4, FlowKey>) -> InlineArray<4, Phrase> {
    let keys = keys.span
    let messages = (
      Message(keys[0]), Message(keys[1]), Message(keys[2]), Message(keys[3])
    )
    var block = InlineArray<16, SHA1.Words>(repeating: SHA1.Words())
    @inline(__always)
    func set(_ first: Int, _ a: Message.Row, _ b: Message.Row, _ c: Message.Row, _ d: Message.Row) {
      for word in 0..<4 { block[first + word] = SHA1.Words(a[word], b[word], c[word], d[word]) }
    }
    set(0, messages.0.first, messages.1.first, messages.2.first, messages.3.first)
    set(4, messages.0.second, messages.1.second, messages.2.second, messages.3.second)
    set(8, messages.0.third, messages.1.third, messages.2.third, messages.3.third)
    set(12, messages.0.fourth, messages.1.fourth, messages.2.fourth, messages.3.fourth)
    let digests = SHA1.digests(block)
    return InlineArray { text(digests, $0) }
  }

  /// What is written for one of four digests.
  @inline(__always)
  private static func text(_ digests: InlineArray<5, SHA1.Words>, _ index: Int) -> Phrase {
    let digest: InlineArray<5, UInt32> = [
      digests[0][index], digests[1][index], digests[2][index], digests[3][index],
      digests[4][index],
    ]
    let (first, second) = (letters(digest, 0), letters(digest, 8))
    let (third, fourth) = (letters(digest, 16), letters(digest, 24))
    // Behind two bytes. What is left after 26 letters are four bits, and the padding.
    return Phrase(
      first: UInt64(UInt8(ascii: "1")) | UInt64(UInt8(ascii: ":")) << 8 | first << 16,
      second: first >> 48 | second << 16, third: second >> 48 | third << 16,
      fourth: third >> 48 | fourth << 16 | UInt64(UInt8(ascii: "=")) << 40, count: 30)
  }

  /// Eight characters of base64, the first the lowest byte, or the last three.
  @inline(__always)
  private static func letters(_ digest: InlineArray<5, UInt32>, _ first: Int) -> UInt64 {
    var letters: UInt64 = 0
    for place in first..<min(first + 8, 27) {
      let word = 6 * place / 32
      let next = word < 4 ? digest[word + 1] : 0
      let bits = UInt64(digest[word]) << 32 | UInt64(next)
      let value = Int(truncatingIfNeeded: bits >> UInt64(58 - 6 * place % 32)) & 63
      letters |= UInt64(base64[value]) << UInt64(8 * (place - first))
    }
    return letters
  }

  /// The alphabet of RFC 4648 §4.
  private static let base64: InlineArray<64, UInt8> = [
    0x41, 0x42, 0x43, 0x44, 0x45, 0x46, 0x47, 0x48, 0x49, 0x4a, 0x4b, 0x4c, 0x4d, 0x4e, 0x4f, 0x50,
    0x51, 0x52, 0x53, 0x54, 0x55, 0x56, 0x57, 0x58, 0x59, 0x5a, 0x61, 0x62, 0x63, 0x64, 0x65, 0x66,
    0x67, 0x68, 0x69, 0x6a, 0x6b, 0x6c, 0x6d, 0x6e, 0x6f, 0x70, 0x71, 0x72, 0x73, 0x74, 0x75, 0x76,
    0x77, 0x78, 0x79, 0x7a, 0x30, 0x31, 0x32, 0x33, 0x34, 0x35, 0x36, 0x37, 0x38, 0x39, 0x2b, 0x2f,
  ]
}

/// What is hashed of a 4-tuple, in four times four words: seed, addresses and ports with the lower socket
/// first, which is the order of a key, and the protocol between; then what SHA-1 adds.
private struct Message {
  typealias Row = SIMD4<UInt32>

  let first: Row
  let second: Row
  let third: Row
  let fourth: Row

  @inline(__always)
  init(_ key: FlowKey) {
    let protocolNumber: UInt32 = 6 << 8
    let ports = UInt32(key.lowPort) << 16 | UInt32(key.highPort)
    let end: UInt32 = 1 << 31
    let (low, high) = (Message.words(key.lowAddress), Message.words(key.highAddress))
    // The seed, two bytes, moves all that follows by half a word.
    func joined(_ word: UInt32, _ next: UInt32) -> UInt32 { word << 16 | next >> 16 }
    if key.lowAddress.isIPv4, key.highAddress.isIPv4 {
      first = Row(low[3] >> 16, joined(low[3], high[3]), high[3] << 16 | protocolNumber, ports)
      second = Row(end, 0, 0, 0)
      third = Row()
      fourth = Row(0, 0, 0, 16 * 8)
      return
    }
    first = Row(
      low[0] >> 16, joined(low[0], low[1]), joined(low[1], low[2]), joined(low[2], low[3]))
    second = Row(
      joined(low[3], high[0]), joined(high[0], high[1]), joined(high[1], high[2]),
      joined(high[2], high[3]))
    third = Row(high[3] << 16 | protocolNumber, ports, end, 0)
    fourth = Row(0, 0, 0, 40 * 8)
  }

  @inline(__always)
  private static func words(_ address: IPAddress) -> Row {
    Row(
      UInt32(truncatingIfNeeded: address.high >> 32), UInt32(truncatingIfNeeded: address.high),
      UInt32(truncatingIfNeeded: address.low >> 32), UInt32(truncatingIfNeeded: address.low))
  }
}
