/// The fixed IPv6 header (RFC 8200 §3).
///
/// ```
///  0                                 4                 6        7        8
/// +----+--------+-------------------+-----------------+--------+--------+
/// | 6  | class  |    flow label     | payload length  |  next  | hop l. |
/// +----+--------+-------------------+-----------------+--------+--------+
/// |                            source, 16 bytes                         |
/// +---------------------------------------------------------------------+
/// |                         destination, 16 bytes                       |
/// +---------------------------------------------------------------------+
/// ```
struct IPv6Header {
  /// Bytes of the header.
  static let length = 40

  /// Bytes that follow, extension headers included; 0 for a jumbogram (RFC 2675 §3) or where
  /// segmentation offload made the packet larger than the field can say.
  let payloadLength: Int
  let nextHeader: UInt8
  let hopLimit: UInt8
  /// The two ECN bits of the traffic class (RFC 3168 §5).
  let explicitCongestion: UInt8
  let source: IPAddress
  let destination: IPAddress

  @inline(__always)
  init(_ bytes: Span<UInt8>) throws(DecodeProblem) {
    guard bytes.count >= Self.length else {
      throw .short(.ipv6, needed: Self.length, available: bytes.count)
    }
    guard bytes[0] >> 4 == 6 else {
      throw DecodeProblem(layer: .ipv6, kind: .badHeader, offset: 0)
    }
    explicitCongestion = bytes[1] >> 4 & 3
    payloadLength = Int(bytes.uint16(at: 4))
    nextHeader = bytes[6]
    hopLimit = bytes[7]
    source = IPAddress(high: bytes.uint64(at: 8), low: bytes.uint64(at: 16))
    destination = IPAddress(high: bytes.uint64(at: 24), low: bytes.uint64(at: 32))
  }
}
