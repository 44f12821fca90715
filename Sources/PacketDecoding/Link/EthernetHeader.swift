/// An Ethernet header (IEEE Std 802.3-2022 §3.1.1), without preamble and checksum.
///
/// ```
///  0        6        12     14
/// +--------+--------+------+----------
/// | dest.  | source | type | payload …
/// +--------+--------+------+----------
/// ```
struct EthernetHeader {
  /// Bytes of the header.
  static let length = 14

  /// From 1536 on an EtherType, up to 1500 the length of an IEEE 802.2 packet (§3.2.6).
  let typeOrLength: UInt16

  @inline(__always)
  init(_ bytes: Span<UInt8>) throws(DecodeProblem) {
    guard bytes.count >= Self.length else {
      throw .short(.link, needed: Self.length, available: bytes.count)
    }
    typeOrLength = bytes.uint16(at: 12)
  }

  @inline(__always)
  var next: NextHeader {
    typeOrLength >= 0x0600 ? NextHeader(etherType: typeOrLength) : .llc
  }
}
