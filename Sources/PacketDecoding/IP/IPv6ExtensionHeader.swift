/// A hop-by-hop, destination options or routing header (RFC 8200 §4.3, §4.4, §4.6), or an
/// authentication header (RFC 4302 §2), which IPv4 carries as well.
///
/// ```
///  0      1        2              3
/// +------+--------+--------------+---------------+--------
/// | next | length | routing type | segments left | …
/// +------+--------+--------------+---------------+--------
/// ```
struct IPv6ExtensionHeader {
  let nextHeader: UInt8
  /// Bytes of the header: 8...2048, or 8...1028 for authentication.
  let length: Int
  /// Fourth byte: of a routing header the number of nodes still to be visited.
  let segmentsLeft: UInt8

  init(_ bytes: Span<UInt8>, isAuthentication: Bool = false) throws(DecodeProblem) {
    guard bytes.count >= 8 else {
      throw .short(.ipv6Extension, needed: 8, available: bytes.count)
    }
    nextHeader = bytes[0]
    // Units of eight bytes, the first not counted; of authentication four bytes, the first two not.
    length = isAuthentication ? (Int(bytes[1]) + 2) * 4 : (Int(bytes[1]) + 1) * 8
    segmentsLeft = bytes[3]
    guard bytes.count >= length else {
      throw .short(
        .ipv6Extension, needed: length, available: bytes.count, demandedBy: .headerLength)
    }
  }
}

/// An IPv6 fragment header (RFC 8200 §4.5).
///
/// ```
///  0      1          2               4
/// +------+----------+---------+--+--+----------------+----------
/// | next | reserved | offset  |  | M| identification | payload …
/// +------+----------+---------+--+--+----------------+----------
/// ```
struct IPv6FragmentHeader {
  /// Bytes of the header.
  static let length = 8

  let nextHeader: UInt8
  /// Where the payload belongs in the fragmentable part, bytes.
  let fragmentOffset: Int
  let moreFragments: Bool
  let identification: UInt32

  init(_ bytes: Span<UInt8>) throws(DecodeProblem) {
    guard bytes.count >= Self.length else {
      throw .short(.ipv6Extension, needed: Self.length, available: bytes.count)
    }
    nextHeader = bytes[0]
    fragmentOffset = Int(bytes.uint16(at: 2) & 0xfff8)
    moreFragments = bytes[3] & 1 == 1
    identification = bytes.uint32(at: 4)
  }

  /// Whether this is a part of a packet only; an atomic fragment is the whole (RFC 6946 §2).
  var isFragment: Bool { moreFragments || fragmentOffset != 0 }
}
