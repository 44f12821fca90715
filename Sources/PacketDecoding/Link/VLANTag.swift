/// What follows the tag protocol identifier of a VLAN tag (IEEE Std 802.1Q-2022 §9.6).
///
/// ```
///  0                 2      4
/// +-----+---+-------+------+----------
/// | PCP | D |  VID  | type | payload …
/// +-----+---+-------+------+----------
/// ```
struct VLANTag {
  /// Bytes from the tag control information to the next EtherType, inclusive.
  static let length = 4

  /// The EtherType of what follows; below 1536 a length, as in `EthernetHeader`.
  let typeOrLength: UInt16

  init(_ bytes: Span<UInt8>) throws(DecodeProblem) {
    guard bytes.count >= Self.length else {
      throw .short(.vlan, needed: Self.length, available: bytes.count)
    }
    typeOrLength = bytes.uint16(at: 2)
  }

  var next: NextHeader {
    typeOrLength >= 0x0600 ? NextHeader(etherType: typeOrLength) : .llc
  }
}
