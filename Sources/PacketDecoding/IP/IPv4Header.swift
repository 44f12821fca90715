/// An IPv4 header (RFC 791 §3.1).
///
/// ```
///  0        1        2                 4                 6
/// +----+---+--------+-----------------+-----------------+---+-------------+
/// | 4  |IHL|DSCP|ECN|  total length   |  identification |flg| frag offset |
/// +----+---+----+---+--------+--------+-----------------+---+-------------+
/// |  TTL   |protocol|    checksum     |              source               |
/// +--------+--------+-----------------+-----------------------------------+
/// |            destination            |   options, up to 40 bytes …
/// +-----------------------------------+------------------------------------
/// ```
struct IPv4Header {
  /// Bytes without options.
  static let minimumLength = 20

  /// Bytes with options: 20...60.
  let length: Int
  /// Bytes of header and payload as sent; 0 where segmentation offload left it to the card.
  let totalLength: Int
  let identification: UInt16
  let moreFragments: Bool
  /// Where the payload belongs in the unfragmented packet, bytes.
  let fragmentOffset: Int
  let timeToLive: UInt8
  let protocolNumber: UInt8
  /// The two ECN bits (RFC 3168 §5).
  let explicitCongestion: UInt8
  let source: UInt32
  let destination: UInt32
  /// Whether a source route option makes the last hop differ from `destination` (RFC 791 §3.1).
  let isSourceRouted: Bool

  @inline(__always)
  init(_ bytes: Span<UInt8>) throws(DecodeProblem) {
    guard bytes.count >= Self.minimumLength else {
      throw .short(.ipv4, needed: Self.minimumLength, available: bytes.count)
    }
    length = Int(bytes[0] & 0xf) &* 4
    guard bytes[0] >> 4 == 4, length >= Self.minimumLength else {
      throw DecodeProblem(layer: .ipv4, kind: .badHeader, offset: 0)
    }
    guard bytes.count >= length else {
      throw .short(.ipv4, needed: length, available: bytes.count, demandedBy: .headerLength)
    }
    explicitCongestion = bytes[1] & 3
    totalLength = Int(bytes.uint16(at: 2))
    identification = bytes.uint16(at: 4)
    let fragment = bytes.uint16(at: 6)
    moreFragments = fragment & 0x2000 != 0
    fragmentOffset = Int(fragment & 0x1fff) &* 8
    timeToLive = bytes[8]
    protocolNumber = bytes[9]
    source = bytes.uint32(at: 12)
    destination = bytes.uint32(at: 16)
    isSourceRouted = length > Self.minimumLength && Self.hasSourceRoute(bytes, to: length)
  }

  /// Whether this is a part of a packet only.
  @inline(__always)
  var isFragment: Bool { moreFragments || fragmentOffset != 0 }

  /// Walks the options; a length that does not advance ends the walk.
  @inline(never)
  private static func hasSourceRoute(_ bytes: Span<UInt8>, to end: Int) -> Bool {
    var offset = minimumLength
    while offset < end {
      switch bytes[offset] {
      case 0: return false
      case 1: offset += 1
      case 131, 137: return true
      default:
        guard offset + 1 < end, bytes[offset + 1] >= 2 else { return false }
        offset += Int(bytes[offset + 1])
      }
    }
    return false
  }
}
