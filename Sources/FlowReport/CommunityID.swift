import PacketDecoding
public import TCPModel

/// The Community ID of a connection, version 1 with seed 0: the hash of the 4-tuple by which Zeek,
/// Suricata and others name the same flow
/// (<https://github.com/corelight/community-id-spec>).
public enum CommunityID {
  /// Appends the id of a 4-tuple: `1:` and 28 characters of base64.
  public static func write(_ key: FlowKey, to out: inout OutputBuffer) {
    var message = SHA1Block()
    message.append(UInt16(0))
    // The lower socket first, the order of a key.
    let isIPv4 = key.lowAddress.isIPv4 && key.highAddress.isIPv4
    message.append(key.lowAddress, isIPv4: isIPv4)
    message.append(key.highAddress, isIPv4: isIPv4)
    message.append(UInt16(6 << 8))
    message.append(key.lowPort)
    message.append(key.highPort)
    let digest = message.digest()
    out.write("1:")
    var offset = 0
    while offset < 20 {
      let first = UInt32(byte(digest, offset)) << 16
      let second = UInt32(byte(digest, offset + 1)) << 8
      let third = offset + 2 < 20 ? UInt32(byte(digest, offset + 2)) : 0
      let group = first | second | third
      out.write(byte: base64(group >> 18))
      out.write(byte: base64(group >> 12 & 63))
      out.write(byte: base64(group >> 6 & 63))
      out.write(byte: offset + 2 < 20 ? base64(group & 63) : UInt8(ascii: "="))
      offset += 3
    }
  }

  private static func byte(_ digest: InlineArray<5, UInt32>, _ offset: Int) -> UInt8 {
    UInt8(truncatingIfNeeded: digest[offset / 4] >> (24 - 8 * UInt32(offset % 4)))
  }

  private static func base64(_ value: UInt32) -> UInt8 {
    let value = UInt8(truncatingIfNeeded: value)
    switch value {
    case 0..<26: return UInt8(ascii: "A") + value
    case 26..<52: return UInt8(ascii: "a") + value - 26
    case 52..<62: return UInt8(ascii: "0") + value - 52
    case 62: return UInt8(ascii: "+")
    default: return UInt8(ascii: "/")
    }
  }
}

/// A message of at most 55 bytes and its SHA-1 digest (FIPS 180-4 §6.1), which is one block.
struct SHA1Block {
  private var words = InlineArray<16, UInt32>(repeating: 0)
  private var length = 0

  /// Appends one byte; what does not fit is left out.
  mutating func append(_ byte: UInt8) {
    guard length < 55 else { return }
    words[length / 4] |= UInt32(byte) << (24 - 8 * UInt32(length % 4))
    length += 1
  }

  /// Appends two bytes, the higher first.
  mutating func append(_ value: UInt16) {
    append(UInt8(truncatingIfNeeded: value >> 8))
    append(UInt8(truncatingIfNeeded: value))
  }

  /// Appends an address as it is on the wire.
  mutating func append(_ address: IPAddress, isIPv4: Bool) {
    if !isIPv4 { append(bytesOf: address.high, from: 56) }
    append(bytesOf: address.low, from: isIPv4 ? 24 : 56)
  }

  private mutating func append(bytesOf word: UInt64, from highest: Int) {
    var shift = highest
    while shift >= 0 {
      append(UInt8(truncatingIfNeeded: word >> UInt64(shift)))
      shift -= 8
    }
  }

  /// The five words of the digest.
  consuming func digest() -> InlineArray<5, UInt32> {
    let bits = UInt32(length * 8)
    words[length / 4] |= 0x80 << (24 - 8 * UInt32(length % 4))
    words[15] = bits
    var state: InlineArray<5, UInt32> = [
      0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476, 0xc3d2_e1f0,
    ]
    var (a, b, c, d, e) = (state[0], state[1], state[2], state[3], state[4])
    for round in 0..<80 {
      let place = round & 15
      if round >= 16 {
        let mixed =
          words[(round + 13) & 15] ^ words[(round + 8) & 15] ^ words[(round + 2) & 15]
          ^ words[place]
        words[place] = SHA1Block.rotate(mixed, 1)
      }
      let (choice, constant): (UInt32, UInt32) =
        switch round {
        case 0..<20: (b & c | ~b & d, 0x5a82_7999)
        case 20..<40: (b ^ c ^ d, 0x6ed9_eba1)
        case 40..<60: (b & c | b & d | c & d, 0x8f1b_bcdc)
        default: (b ^ c ^ d, 0xca62_c1d6)
        }
      let next = SHA1Block.rotate(a, 5) &+ choice &+ e &+ constant &+ words[place]
      (a, b, c, d, e) = (next, a, SHA1Block.rotate(b, 30), c, d)
    }
    state[0] &+= a
    state[1] &+= b
    state[2] &+= c
    state[3] &+= d
    state[4] &+= e
    return state
  }

  @inline(__always)
  private static func rotate(_ word: UInt32, _ count: UInt32) -> UInt32 {
    word << count | word >> (32 - count)
  }
}
