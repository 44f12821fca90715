/// An IEEE 802.2 LLC header with the SNAP extension, which carries an EtherType (RFC 1042).
///
/// ```
///  0      1      2         3       6      8
/// +------+------+---------+-------+------+----------
/// | 0xaa | 0xaa | control | OUI 0 | type | payload …
/// +------+------+---------+-------+------+----------
/// ```
struct LogicalLinkHeader {
  /// Bytes of LLC and SNAP.
  static let length = 8

  /// What follows; `.other` for LLC without SNAP, such as spanning tree.
  let next: NextHeader

  init(_ bytes: Span<UInt8>) throws(DecodeProblem) {
    guard bytes.count >= 3 else { throw .short(.link, needed: 3, available: bytes.count) }
    guard bytes[0] == 0xaa, bytes[1] == 0xaa, bytes[2] == 0x03 else {
      next = .other
      return
    }
    guard bytes.count >= Self.length else {
      throw .short(.link, needed: Self.length, available: bytes.count)
    }
    let organization = UInt32(bytes[3]) << 16 | UInt32(bytes.uint16(at: 4))
    // 0x0000f8 is the bridge-tunnel encapsulation of IEEE 802.1H, with the same layout.
    next =
      organization == 0 || organization == 0x0000f8
      ? NextHeader(etherType: bytes.uint16(at: 6)) : .other
  }
}
