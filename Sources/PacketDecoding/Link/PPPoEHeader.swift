/// A PPPoE session header (RFC 2516 §4).
///
/// ```
///  0          1      2         4        6
/// +-----+----+------+---------+--------+---------------
/// | ver | ty | code | session | length | PPP protocol …
/// +-----+----+------+---------+--------+---------------
/// ```
struct PPPoEHeader {
  /// Bytes of the header.
  static let length = 6

  /// Whether PPP follows: the code is 0 (§6); discovery has other codes.
  let isSession: Bool

  init(_ bytes: Span<UInt8>) throws(DecodeProblem) {
    guard bytes.count >= Self.length else {
      throw .short(.pppoe, needed: Self.length, available: bytes.count)
    }
    guard bytes[0] == 0x11 else { throw DecodeProblem(layer: .pppoe, kind: .badHeader, offset: 0) }
    isSession = bytes[1] == 0
  }

  var next: NextHeader { isSession ? .ppp : .other }
}
