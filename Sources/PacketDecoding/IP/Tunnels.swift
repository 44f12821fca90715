/// A GRE header (RFC 2784 §2, RFC 2890 §2), or PPTP's version 1 of it (RFC 2637 §4.1).
///
/// ```
///  0                  2          4
/// +-+-+-+-+-----+---+-----------+-----------------+-------------+-------------+----------
/// |C| |K|S|  …  |ver| protocol  | checksum if C   |  key if K   | sequence if S | payload …
/// +-+-+-+-+-----+---+-----------+-----------------+-------------+-------------+----------
/// ```
struct GREHeader {
  /// Bytes of the header with what its flags announce: 4...16.
  let length: Int
  let next: NextHeader

  init(_ bytes: Span<UInt8>) throws(DecodeProblem) {
    guard bytes.count >= 4 else { throw .short(.tunnel, needed: 4, available: bytes.count) }
    let flags = bytes.uint16(at: 0)
    let version = flags & 7
    // Routing, dropped from RFC 2784, would add entries of any length.
    guard version <= 1, flags & 0x4000 == 0 else {
      throw DecodeProblem(layer: .tunnel, kind: .unsupported, offset: 0)
    }
    var length = 4
    if flags & 0x8000 != 0 { length += 4 }
    if flags & 0x2000 != 0 { length += 4 }
    if flags & 0x1000 != 0 { length += 4 }
    if version == 1, flags & 0x0080 != 0 { length += 4 }
    let type = bytes.uint16(at: 2)
    // ERSPAN puts eight bytes of its own before the Ethernet header, but only with a sequence
    // number (draft-foschiano-erspan-03 §4.1, §4.2).
    if type == 0x88be, flags & 0x1000 != 0 { length += 8 }
    guard bytes.count >= length else {
      throw .short(.tunnel, needed: length, available: bytes.count, demandedBy: .headerLength)
    }
    self.length = length
    next = type == 0x88be ? .ethernet : NextHeader(etherType: type)
  }
}

/// A UDP header (RFC 768), of interest for the tunnels it carries.
///
/// ```
///  0        2             4        6          8
/// +--------+-------------+--------+----------+----------
/// | source | destination | length | checksum | payload …
/// +--------+-------------+--------+----------+----------
/// ```
struct UDPHeader {
  /// Bytes of the header.
  static let length = 8

  let destinationPort: UInt16

  init(_ bytes: Span<UInt8>) throws(DecodeProblem) {
    guard bytes.count >= Self.length else {
      throw .short(.tunnel, needed: Self.length, available: bytes.count)
    }
    destinationPort = bytes.uint16(at: 2)
  }

  var next: NextHeader {
    switch destinationPort {
    // 8472 is what Linux took before IANA assigned one, and still its default.
    case 4789, 8472: .vxlan
    case 6081: .geneve
    default: .other
    }
  }
}

/// A VXLAN header (RFC 7348 §5); Ethernet follows.
///
/// ```
///  0       1          4     7
/// +-------+----------+-----+----------+----------
/// | flags | reserved | VNI | reserved | payload …
/// +-------+----------+-----+----------+----------
/// ```
struct VXLANHeader {
  /// Bytes of the header.
  static let length = 8

  /// `.other` unless the flag of a valid network identifier is set: then it is not VXLAN.
  let next: NextHeader

  init(_ bytes: Span<UInt8>) throws(DecodeProblem) {
    guard bytes.count >= Self.length else {
      throw .short(.tunnel, needed: Self.length, available: bytes.count)
    }
    next = bytes[0] & 0x08 != 0 ? .ethernet : .other
  }
}

/// A Geneve header (RFC 8926 §3.4).
///
/// ```
///  0               1        2          4     7          8
/// +-----+---------+--------+----------+-----+----------+-----------+----------
/// | ver | opt len | O C …  | protocol | VNI | reserved | options … | payload …
/// +-----+---------+--------+----------+-----+----------+-----------+----------
/// ```
struct GeneveHeader {
  /// Bytes with options: 8...260.
  let length: Int
  let next: NextHeader

  init(_ bytes: Span<UInt8>) throws(DecodeProblem) {
    guard bytes.count >= 8 else { throw .short(.tunnel, needed: 8, available: bytes.count) }
    length = 8 + Int(bytes[0] & 0x3f) * 4
    guard bytes.count >= length else {
      throw .short(.tunnel, needed: length, available: bytes.count, demandedBy: .headerLength)
    }
    next = bytes[0] >> 6 == 0 ? NextHeader(etherType: bytes.uint16(at: 2)) : .other
  }
}
