/// A PPP header (RFC 1661 §2), with or without the address and control bytes of HDLC-like framing
/// (RFC 1662 §3.1), its protocol number of one or two bytes (RFC 1661 §6.5).
///
/// ```
/// +------+------+------------+----------
/// | 0xff | 0x03 |  protocol  | payload …
/// +------+------+------------+----------
///   optional      1 or 2 bytes
/// ```
struct PPPHeader {
  /// The PPP protocol number.
  let protocolNumber: UInt16
  /// Bytes of the header: 1...4.
  let length: Int

  init(_ bytes: Span<UInt8>) throws(DecodeProblem) {
    guard bytes.count >= 1 else { throw .short(.ppp, needed: 1, available: 0) }
    var start = 0
    // 0x0f is the unicast address of Cisco's HDLC-like framing. Neither is a protocol.
    if bytes[0] == 0xff || bytes[0] == 0x0f {
      guard bytes.count >= 2 else { throw .short(.ppp, needed: 2, available: 1) }
      if bytes[1] == 0x03 { start = 2 }
    }
    guard bytes.count > start else { throw .short(.ppp, needed: start + 1, available: start) }
    // The last byte of a protocol number is odd, every other is even.
    if bytes[start] & 1 == 1 {
      protocolNumber = UInt16(bytes[start])
      length = start + 1
    } else {
      guard bytes.count >= start + 2 else {
        throw .short(.ppp, needed: start + 2, available: bytes.count)
      }
      protocolNumber = bytes.uint16(at: start)
      length = start + 2
    }
  }

  var next: NextHeader { NextHeader(pppProtocol: protocolNumber) }
}
