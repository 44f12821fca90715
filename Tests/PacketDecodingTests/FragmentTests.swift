import PacketDecoding
import Testing

@Suite("Fragments")
struct FragmentTests {
  /// The pieces of a packet, in order, each a frame.
  private func pieces(of bytes: SegmentBytes, every size: Int) -> [[UInt8]] {
    let payload = bytes.tcp
    return stride(from: 0, to: payload.count, by: size).map { offset in
      let end = min(offset + size, payload.count)
      let more: UInt16 = end < payload.count ? 1 : 0
      let part = Array(payload[offset..<end])
      if bytes.source.isIPv4 {
        return Frames.ethernet(
          0x0800, bytes.ipv4(6, part, fragment: more << 13 | UInt16(offset / 8)))
      }
      let header = [6, 0] + (UInt16(offset) | more).bytes + UInt32(0xabcd_ef01).bytes
      return Frames.ethernet(0x86dd, bytes.ipv6(44, header + part))
    }
  }

  private func template(_ base: SegmentBytes) -> SegmentBytes {
    var bytes = base
    bytes.options = [1, 1, 8, 10, 0, 0, 0, 5, 0, 0, 0, 6]
    bytes.payload = Array(repeating: 7, count: 1_001)
    return bytes
  }

  @Test(arguments: [SegmentBytes(), .overIPv6], [8, 16, 64, 512])
  func `in any order the last to come completes the segment`(base: SegmentBytes, size: Int) {
    let bytes = template(base)
    let frames = pieces(of: bytes, every: size)
    var generator = SplitMix(seed: 7)
    // Pieces of eight bytes in random order would make more runs than are kept.
    let orders =
      [frames, frames.reversed()] + (size >= 64 ? [frames.shuffled(using: &generator)] : [])
    for order in orders {
      var decoder = PacketDecoder()
      for (index, frame) in order.enumerated() {
        let (outcome, segment) = decode(
          frame, number: UInt64(index + 1), seconds: Double(index) / 100, with: &decoder)
        guard index == order.count - 1 else {
          #expect(outcome == .fragment)
          continue
        }
        #expect(outcome == .segment)
        #expect(segment.frame == UInt64(order.count))
        #expect(segment.payloadLength == 1_001)
        #expect(segment.packetLength == UInt32(bytes.packet.count))
        #expect(segment.timestampValue == 5)
        #expect(segment.timestampEchoReply == 6)
        #expect(segment.checksum == .unverified)
        #expect(segment.truncation == .none)
        #expect(segment.source == bytes.source)
      }
    }
  }

  @Test func `fragments cut by the snap length still make a segment`() {
    var decoder = PacketDecoder()
    let frames = pieces(of: template(SegmentBytes()), every: 512)
    for (index, frame) in frames.enumerated() {
      let (outcome, segment) = decode(
        Array(frame.prefix(60)), originalLength: frame.count, with: &decoder)
      guard index == frames.count - 1 else { continue }
      #expect(outcome == .segment)
      #expect(segment.payloadLength == 1_001)
      #expect(segment.truncation == .options)
    }
  }

  @Test func `repeated fragments change nothing`() {
    var decoder = PacketDecoder()
    let frames = pieces(of: template(SegmentBytes()), every: 512)
    #expect(decode(frames[0], with: &decoder).outcome == .fragment)
    #expect(decode(frames[0], with: &decoder).outcome == .fragment)
    #expect(decode(frames[1], with: &decoder).outcome == .fragment)
    #expect(decode(frames[2], with: &decoder).outcome == .segment)
  }

  @Test func `overlapping fragments are a problem`() {
    var decoder = PacketDecoder()
    let bytes = SegmentBytes()
    let first = bytes.ipv4(6, Array(repeating: 1, count: 24), fragment: 0x2000)
    let second = bytes.ipv4(6, Array(repeating: 2, count: 24), fragment: 0x2002)
    #expect(decode(Frames.ethernet(0x0800, first), with: &decoder).outcome == .fragment)
    guard
      case .problem(let problem) = decode(Frames.ethernet(0x0800, second), with: &decoder).outcome
    else {
      Issue.record("overlap went unnoticed")
      return
    }
    #expect(problem.kind == .badFragment)
  }

  @Test func `a fragment beyond the longest packet is a problem`() {
    let bytes = SegmentBytes()
    let frame = Frames.ethernet(
      0x0800, bytes.ipv4(6, Array(repeating: 1, count: 64), fragment: 0x1fff))
    guard case .problem(let problem) = decode(frame).outcome else {
      Issue.record("accepted")
      return
    }
    #expect(problem.kind == .badFragment)
  }

  @Test func `an atomic fragment is a whole packet`() {
    let bytes = SegmentBytes.overIPv6
    let (outcome, segment) = decode(
      Frames.ethernet(0x86dd, bytes.ipv6(44, [6, 0, 0, 0, 1, 2, 3, 4] + bytes.tcp)))
    #expect(outcome == .segment)
    #expect(segment.payloadLength == 0)
    #expect(segment.checksum == .valid)
  }

  @Test func `parts more than thirty seconds apart do not meet`() {
    var decoder = PacketDecoder()
    let frames = pieces(of: template(SegmentBytes()), every: 520)
    #expect(decode(frames[0], seconds: 0, with: &decoder).outcome == .fragment)
    #expect(decode(frames[1], seconds: 31, with: &decoder).outcome == .fragment)
    #expect(decoder.abandonedFragmentedPackets == 1)
  }

  @Test func `a flood of fragments is given up, not gathered`() {
    var decoder = PacketDecoder()
    var bytes = SegmentBytes()
    let part = Array(bytes.tcp.prefix(16))
    for index in 0..<100_000 as Range<UInt32> {
      bytes.source = IPAddress(ipv4: index &* 2_654_435_761)
      bytes.identification = UInt16(truncatingIfNeeded: index)
      let frame = Frames.ethernet(0x0800, bytes.ipv4(6, part, fragment: 0x2000))
      #expect(decode(frame, with: &decoder).outcome == .fragment)
    }
    #expect(decoder.abandonedFragmentedPackets >= 100_000 - 256)
  }

  @Test func `a tunnel in fragments leads to the segment inside`() {
    var decoder = PacketDecoder()
    var inner = SegmentBytes.overIPv6
    inner.payload = Array(repeating: 3, count: 400)
    let outer = SegmentBytes()
    let payload = inner.packet
    let first = outer.ipv4(41, Array(payload[..<104]), fragment: 0x2000)
    let second = outer.ipv4(41, Array(payload[104...]), fragment: 13)
    #expect(decode(Frames.ethernet(0x0800, second), with: &decoder).outcome == .fragment)
    let (outcome, segment) = decode(Frames.ethernet(0x0800, first), with: &decoder)
    #expect(outcome == .segment)
    #expect(segment.source == inner.source)
    #expect(segment.payloadLength == 400)
  }
}
