import PacketDecoding

/// The walk over TCP options: an input is a data offset (high half of the first byte), how many
/// bytes the snap length cut (low half), and the options.
enum OptionHarness {
  /// IPv4 from 10.0.0.1 to 10.0.0.2 and a SYN,ACK, without options.
  private static let template: [UInt8] = [
    0x45, 0, 0, 40, 0, 1, 0, 0, 64, 6, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2,
    0x9c, 0x40, 0, 80, 0, 0, 0, 1, 0, 0, 0, 2, 0x50, 0x12, 0xff, 0xff, 0, 0, 0, 0,
  ]

  static func run(_ input: [UInt8]) {
    guard let first = input.first else { return }
    var packet = template
    packet.append(contentsOf: input.dropFirst().prefix(44))
    packet[3] = UInt8(packet.count)
    packet[32] = first & 0xF0
    let original = packet.count
    let captured = original - min(Int(first & 15), original - 20)
    var decoder = PacketDecoder()
    var segment = Segment()
    let outcome = decoder.decode(
      packet.span.extracting(0..<captured),
      header: FrameHeader(
        number: 1, time: .epoch, originalLength: UInt32(original), linkType: .raw),
      into: &segment)
    guard case .segment = outcome else { return }
    precondition(segment.sackCount <= 4)
    precondition(segment.fastOpenCookieLength <= 38)
    precondition(segment.multipathSubtype <= 15)
    precondition(segment.hasTimestamps || segment.timestampValue == 0)
    precondition(segment.options.contains(.sack) || segment.sackCount == 0)
    precondition(Int(segment.payloadLength) <= original - 40)
  }
}
