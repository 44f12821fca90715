import PacketDecoding

/// The frame decoder under bytes of any kind.
///
/// An input is a link type by its first byte and then frames, each after a byte for its length and
/// one for the time since the frame before; a length of 255 takes all that is left.
enum FrameHarness {
  private static let linkTypes: [LinkType] = [
    .ethernet, .null, .ppp, .pppSerial, .pppEthernet, .raw, .loop, .linuxCooked, .ipv4, .ipv6,
    .linuxCooked2, LinkType(rawValue: 147),
  ]

  /// Decodes the frames of an input and checks what holds for every one of them.
  static func run(_ input: [UInt8]) {
    guard let first = input.first else { return }
    let linkType = linkTypes[Int(first) % linkTypes.count]
    var decoder = PacketDecoder()
    var segment = Segment()
    var time = CaptureTime.epoch
    var number: UInt64 = 0
    var position = 1
    while input.count - position >= 2 {
      let length = Int(input[position])
      time = time.advanced(byNanoseconds: Int64(input[position + 1]) << 28)
      position += 2
      let left = input.count - position
      let end = length == 255 ? input.count : position + min(length, left)
      let frame = input.span.extracting(position..<end)
      position = end
      number += 1
      // An odd number has its frame cut by a snap length.
      let header = FrameHeader(
        number: number, time: time, originalLength: UInt32(frame.count + (length & 1) * 100),
        linkType: linkType)
      let outcome = decoder.decode(frame, header: header, into: &segment)
      guard case .segment = outcome else { continue }
      check(segment, number)
      if linkType == .ethernet { compare(segment, frame, header) }
    }
  }

  private static func check(_ segment: Segment, _ number: UInt64) {
    precondition(segment.frame == number)
    precondition(segment.sackCount <= 4)
    precondition(segment.payloadLength <= segment.packetLength)
  }

  /// The short way for ordinary frames and the walk over any frame must agree: a VLAN tag, of which
  /// nothing is kept, makes the difference.
  private static func compare(_ segment: Segment, _ frame: Span<UInt8>, _ header: FrameHeader) {
    guard frame.count >= 14 else { return }
    var tagged: [UInt8] = []
    tagged.reserveCapacity(frame.count + 4)
    for index in frame.indices {
      if index == 12 { tagged += [0x81, 0, 0, 1] }
      tagged.append(frame[index])
    }
    var header = header
    header.originalLength += 4
    var decoder = PacketDecoder()
    var other = Segment()
    guard case .segment = decoder.decode(tagged.span, header: header, into: &other) else {
      // The walk refuses nesting that is too deep, and completes no fragments here.
      return
    }
    precondition(segment.source == other.source && segment.destination == other.destination)
    precondition(segment.sourcePort == other.sourcePort)
    precondition(segment.destinationPort == other.destinationPort)
    precondition(segment.sequence == other.sequence)
    precondition(segment.acknowledgment == other.acknowledgment)
    precondition(segment.flags == other.flags && segment.window == other.window)
    precondition(segment.options == other.options)
    precondition(segment.timestampValue == other.timestampValue)
    precondition(segment.payloadLength == other.payloadLength)
    precondition(segment.packetLength == other.packetLength)
    precondition(segment.hopLimit == other.hopLimit)
    precondition(segment.identification == other.identification)
    precondition(segment.truncation == other.truncation)
    precondition(segment.checksum == other.checksum)
  }
}
