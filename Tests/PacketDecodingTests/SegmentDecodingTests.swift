import PacketDecoding
import Testing

@Suite("TCP header")
struct SegmentDecodingTests {
  @Test(arguments: [SegmentBytes(), .overIPv6])
  func `every field comes back`(template: SegmentBytes) {
    var bytes = template
    bytes.flags = [.ack, .psh, .ece, .ae]
    bytes.urgentPointer = 77
    bytes.payload = [1, 2, 3]
    let (outcome, segment) = decode(bytes.frame)
    #expect(outcome == .segment)
    #expect(segment.source == bytes.source)
    #expect(segment.destination == bytes.destination)
    #expect(segment.sourcePort == 40_000)
    #expect(segment.destinationPort == 80)
    #expect(segment.sequence == 1_000_000_000)
    #expect(segment.acknowledgment == 2_000_000_000)
    #expect(segment.flags == [.ack, .psh, .ece, .ae])
    #expect(segment.window == 512)
    #expect(segment.urgentPointer == 77)
    #expect(segment.payloadLength == 3)
    #expect(segment.packetLength == UInt32(bytes.packet.count))
    #expect(segment.hopLimit == 64)
    #expect(segment.identification == (bytes.source.isIPv4 ? 7 : 0))
    #expect(segment.explicitCongestion == 2)
    #expect(segment.options == [])
    #expect(segment.sackCount == 0)
    #expect(segment.truncation == .none)
    #expect(segment.checksum == .valid)
  }

  @Test func `padding below the packet is no payload`() {
    let (outcome, segment) = decode(SegmentBytes().frame + [9, 9, 9, 9, 9, 9])
    #expect(outcome == .segment)
    #expect(segment.payloadLength == 0)
    #expect(segment.checksum == .valid)
  }

  @Test func `a length of zero is that of the frame`() {
    var bytes = SegmentBytes()
    bytes.payload = Array(repeating: 5, count: 3_000)
    let ipv4 = decode(
      Frames.ethernet(0x0800, bytes.ipv4(6, bytes.tcp, totalLength: 0)), originalLength: 70_000)
    #expect(ipv4.outcome == .segment)
    #expect(ipv4.segment.payloadLength == 70_000 - 54)
    var six = SegmentBytes.overIPv6
    six.payload = Array(repeating: 5, count: 3_000)
    let ipv6 = decode(
      Frames.ethernet(0x86dd, six.ipv6(6, six.tcp, payloadLength: 0)), originalLength: 70_000)
    #expect(ipv6.outcome == .segment)
    #expect(ipv6.segment.payloadLength == 70_000 - 74)
  }

  @Test(arguments: 0..<74)
  func `a cut frame is a problem before the window and a truncation after`(count: Int) {
    var bytes = SegmentBytes()
    bytes.options = [2, 4, 5, 0xb4, 4, 2, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2, 1, 3, 3, 7]
    let whole = bytes.frame
    let (outcome, segment) = decode(Array(whole[..<count]), originalLength: whole.count)
    guard count >= 50 else {
      guard case .problem(let problem) = outcome else {
        Issue.record("\(count) bytes: \(outcome)")
        return
      }
      #expect(problem.kind == .cutBySnapLength)
      #expect(problem.offset == (count < 14 ? 0 : count < 34 ? 14 : 34))
      #expect(problem.available == UInt32(count) - problem.offset)
      return
    }
    #expect(outcome == .segment)
    #expect(segment.sequence == 1_000_000_000)
    #expect(segment.window == 512)
    #expect(segment.payloadLength == 0)
    #expect(segment.truncation == (count < 54 ? .header : count < 74 ? .options : .none))
    #expect(!segment.options.contains(.malformed))
    #expect(segment.options.contains(.maximumSegmentSize) == (count >= 58))
    #expect(segment.options.contains(.timestamps) == (count >= 70))
  }

  @Test(arguments: [0, 1, 4, 6, 15] as [UInt8])
  func `an impossible data offset is a malformed segment`(dataOffset: UInt8) {
    var bytes = SegmentBytes()
    bytes.dataOffset = dataOffset
    let (outcome, segment) = decode(bytes.frame + Array(repeating: 1, count: 60))
    #expect(outcome == .segment)
    #expect(segment.options == .malformed)
    #expect(segment.payloadLength == 0)
    #expect(segment.sequence == 1_000_000_000)
  }

  @Test func `a packet too short for TCP is no matter of the snap length`() {
    let bytes = SegmentBytes()
    let (outcome, _) = decode(Frames.ethernet(0x0800, bytes.ipv4(6, Array(bytes.tcp[..<8]))))
    let problem = DecodeProblem(
      layer: .tcp, kind: .badLength, offset: 34, needed: 16, available: 8,
      demandedBy: .trackedFields)
    #expect(outcome == .problem(problem))
    #expect(
      problem.description
        == "TCP header at byte 34: frame too short, the part up to the window needs 16 bytes, "
        + "8 are there")
  }
}

@Suite("TCP checksum")
struct ChecksumTests {
  @Test(arguments: 0..<70)
  func `payloads of any length`(count: Int) {
    var bytes = SegmentBytes.overIPv6
    bytes.payload = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 89 &+ 201) }
    #expect(decode(bytes.frame).segment.checksum == .valid)
    bytes.source = IPAddress("10.255.0.1")!
    bytes.destination = IPAddress("10.0.255.2")!
    #expect(decode(bytes.frame).segment.checksum == .valid)
    var frame = bytes.frame
    frame[frame.count - 1] ^= 0x40
    #expect(decode(frame).segment.checksum == .invalid)
  }

  @Test func `what a sending host leaves to its card`() {
    var bytes = SegmentBytes()
    bytes.payload = Array(repeating: 0xee, count: 101)
    bytes.checksum = SegmentBytes.sum(bytes.pseudoHeader(length: 121))
    #expect(decode(bytes.frame).segment.checksum == .offloaded)
    bytes.checksum = SegmentBytes.sum(bytes.pseudoHeader(length: 0))
    #expect(decode(bytes.frame).segment.checksum == .offloaded)
    bytes.checksum = 0
    #expect(decode(bytes.frame).segment.checksum == .offloaded)
    bytes.checksum = 1
    #expect(decode(bytes.frame).segment.checksum == .invalid)
  }

  @Test func `what was not captured whole is not judged`() {
    var bytes = SegmentBytes()
    bytes.payload = [1, 2, 3, 4]
    let whole = bytes.frame
    let cut = decode(Array(whole.dropLast()), originalLength: whole.count)
    #expect(cut.segment.checksum == .unverified)
    #expect(cut.segment.payloadLength == 4)
    var decoder = PacketDecoder()
    decoder.verifiesChecksums = false
    #expect(decode(whole, with: &decoder).segment.checksum == .unverified)
  }

  @Test func `a source route hides the destination the sum covers`() {
    var bytes = SegmentBytes()
    bytes.checksum = 1
    let routed = bytes.ipv4(6, bytes.tcp, options: [131, 7, 4, 10, 0, 0, 1, 0])
    #expect(decode(Frames.ethernet(0x0800, routed)).segment.checksum == .unverified)
    let plain = bytes.ipv4(6, bytes.tcp, options: [1, 1, 7, 3, 4, 0, 0, 0])
    #expect(decode(Frames.ethernet(0x0800, plain)).segment.checksum == .invalid)
  }
}
