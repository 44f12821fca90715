/// One entry of an MPLS label stack (RFC 3032 §2.1) and a look at what follows the last.
///
/// ```
///  0                         20  23 24       32
/// +-------------------------+----+--+-------+----------
/// |          label          | TC | S|  TTL  | payload …
/// +-------------------------+----+--+-------+----------
/// ```
struct MPLSLabel {
  /// Bytes of an entry.
  static let length = 4

  /// Bytes to what `next` names: the entry and a pseudowire control word, if there is one.
  let length: Int
  /// What follows. Below the last entry nothing says it: routers tell IP by its version nibble
  /// (RFC 4928 §2), and 0 there is the control word of a pseudowire (RFC 4385 §3), taken for
  /// Ethernet (RFC 4448 §4.6).
  let next: NextHeader

  init(_ bytes: Span<UInt8>) throws(DecodeProblem) {
    guard bytes.count >= Self.length else {
      throw .short(.mpls, needed: Self.length, available: bytes.count)
    }
    let isBottom = bytes[2] & 1 == 1
    guard isBottom else {
      (length, next) = (Self.length, .mpls)
      return
    }
    guard bytes.count > Self.length else {
      throw .short(.mpls, needed: Self.length + 1, available: bytes.count)
    }
    switch bytes[4] >> 4 {
    case 4: (length, next) = (Self.length, .ipv4)
    case 6: (length, next) = (Self.length, .ipv6)
    case 0:
      guard bytes.count >= Self.length + 4 else {
        throw .short(.mpls, needed: Self.length + 4, available: bytes.count)
      }
      (length, next) = (Self.length + 4, .ethernet)
    default: (length, next) = (Self.length, .other)
    }
  }
}
