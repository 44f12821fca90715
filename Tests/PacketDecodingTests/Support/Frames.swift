import PacketDecoding

/// Builds headers of the link layer and of tunnels around a payload.
enum Frames {
  static let addresses: [UInt8] = [2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2]

  static func ethernet(_ type: UInt16, _ payload: [UInt8]) -> [UInt8] {
    addresses + type.bytes + payload
  }

  /// A VLAN tag behind its identifier: tag control information and the type of what follows.
  static func vlan(_ identifier: UInt16, _ type: UInt16, _ payload: [UInt8]) -> [UInt8] {
    identifier.bytes + type.bytes + payload
  }

  static func snap(_ type: UInt16, _ payload: [UInt8]) -> [UInt8] {
    [0xaa, 0xaa, 0x03, 0, 0, 0] + type.bytes + payload
  }

  static func cooked(_ type: UInt16, _ payload: [UInt8]) -> [UInt8] {
    [0, 0, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0] + type.bytes + payload
  }

  static func cooked2(_ type: UInt16, _ payload: [UInt8]) -> [UInt8] {
    type.bytes + [0, 0, 0, 0, 0, 3, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0] + payload
  }

  static func pppoe(_ pppProtocol: UInt16, _ payload: [UInt8]) -> [UInt8] {
    [0x11, 0, 0, 1] + UInt16(payload.count + 2).bytes + pppProtocol.bytes + payload
  }

  static func mpls(_ label: UInt32, isBottom: Bool, _ payload: [UInt8]) -> [UInt8] {
    (label << 12 | (isBottom ? 0x100 : 0) | 64).bytes + payload
  }

  static func udp(_ port: UInt16, _ payload: [UInt8]) -> [UInt8] {
    UInt16(50_000).bytes + port.bytes + UInt16(8 + payload.count).bytes + [0, 0] + payload
  }
}

/// Decodes one frame with a decoder of its own.
func decode(
  _ bytes: [UInt8], _ linkType: LinkType = .ethernet, originalLength: Int? = nil
) -> (outcome: DecodeOutcome, segment: Segment) {
  var decoder = PacketDecoder()
  return decode(bytes, linkType, originalLength: originalLength, with: &decoder)
}

/// Decodes one frame with a decoder that goes on.
func decode(
  _ bytes: [UInt8], _ linkType: LinkType = .ethernet, originalLength: Int? = nil,
  number: UInt64 = 1, seconds: Double = 0, with decoder: inout PacketDecoder
) -> (outcome: DecodeOutcome, segment: Segment) {
  // What an earlier frame left in the segment must not show in the next.
  var segment = Segment()
  segment.options = [.unknown, .malformed, .sack]
  segment.sackCount = 4
  segment.windowShift = 9
  segment.truncation = .header
  segment.checksum = .invalid
  let header = FrameHeader(
    number: number, time: CaptureTime(nanoseconds: Int64(seconds * 1e9)),
    originalLength: UInt32(originalLength ?? bytes.count), linkType: linkType)
  let outcome = decoder.decode(bytes.span, header: header, into: &segment)
  return (outcome, segment)
}
