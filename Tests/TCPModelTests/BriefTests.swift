import PacketDecoding
import Testing

@testable import TCPModel

/// The brief and the line of a connection that took the ordinary course, made without endpoints, are
/// those of what it comes to step by step.
@Suite struct BriefTests {
  /// Connections in the ordinary course, cut off anywhere, of which half are disturbed once.
  private static func traffic(seed: UInt64) -> [Segment] {
    var random = StepPropertyTests.Random(state: seed)
    var result: [Segment] = []
    var time: Int64 = 1_700_000_000_000_000_000
    for port in 40_000..<40_020 as Range<UInt16> {
      let begin = result.count
      let hasTimestamps = Bool.random(using: &random)
      var next: [UInt32] = [UInt32.random(in: 0...UInt32.max, using: &random), 77]
      var newest: [UInt32] = [0, 0]
      func add(_ sender: Int, _ flags: TCPFlags, _ length: UInt32 = 0) {
        time += Int64.random(in: 1...300_000_000, using: &random) / 4
        var segment = Segment()
        segment.time = CaptureTime(nanoseconds: time)
        segment.source = IPAddress(ipv4: sender == 0 ? 0x0a00_0001 : 0x0a00_0002)
        segment.destination = IPAddress(ipv4: sender == 0 ? 0x0a00_0002 : 0x0a00_0001)
        segment.sourcePort = sender == 0 ? port : 443
        segment.destinationPort = sender == 0 ? 443 : port
        segment.hopLimit = 64
        segment.flags = flags
        segment.window = 500
        segment.payloadLength = length
        segment.packetLength = 40 + (hasTimestamps ? 12 : 0) + length
        segment.sequence = next[sender]
        segment.acknowledgment = flags.contains(.ack) ? next[1 - sender] : 0
        segment.checksum = .valid
        if hasTimestamps {
          segment.options.insert(.timestamps)
          segment.timestampValue = UInt32(truncatingIfNeeded: time / 1_000_000)
          segment.timestampEchoReply = newest[1 - sender]
          newest[sender] = segment.timestampValue
        }
        if flags.contains(.syn) {
          segment.options.formUnion([.maximumSegmentSize, .sackPermitted])
          segment.packetLength += 8
        }
        next[sender] &+= segment.sequenceLength
        result.append(segment)
      }
      add(0, .syn)
      add(1, [.syn, .ack])
      add(0, .ack)
      for _ in 0..<Int.random(in: 0..<3, using: &random) {
        let sender = Int.random(in: 0...1, using: &random)
        add(sender, [.psh, .ack], UInt32.random(in: 1...1400, using: &random))
        add(1 - sender, .ack, Bool.random(using: &random) ? 0 : 30)
      }
      let closer = Int.random(in: 0...1, using: &random)
      add(closer, [.fin, .ack], Bool.random(using: &random) ? 0 : 20)
      if Bool.random(using: &random) { add(1 - closer, .ack) }
      add(1 - closer, [.fin, .ack])
      add(closer, .ack)
      if Int.random(in: 0..<4, using: &random) == 0 {
        let kept = Int.random(in: 1...(result.count - begin), using: &random)
        result.removeSubrange((begin + kept)...)
      }
      if Bool.random(using: &random) {
        disturb(&result, Int.random(in: begin..<result.count, using: &random), &random)
      }
      if Bool.random(using: &random) { time += 70_000_000_000 }
      if let last = result.last { time = max(time, last.time.nanoseconds) }
    }
    var frame: UInt64 = 0
    for index in result.indices {
      let isFar = Int.random(in: 0..<12, using: &random) == 0
      frame += isFar ? [2_000_000, 3_000_000, 40_000_000].randomElement(using: &random)! : 1
      result[index].frame = frame
    }
    return result
  }

  private static func disturb(
    _ segments: inout [Segment], _ index: Int, _ random: inout StepPropertyTests.Random
  ) {
    switch Int.random(in: 0..<14, using: &random) {
    case 0: segments.remove(at: index)
    case 1: segments.insert(segments[index], at: index)
    case 2: segments[index].window = 0
    case 3: segments[index].acknowledgment &-= 1
    case 4: segments[index].acknowledgment &+= 1
    case 5: segments[index].sequence &+= 1
    case 6: segments[index].timestampValue &-= 5
    case 7: segments[index].timestampEchoReply &-= 3
    case 8: segments[index].checksum = .invalid
    case 9: segments[index].flags.insert(.rst)
    case 10: segments[index].flags.insert(.fin)
    case 11: segments[index].hopLimit = 63
    case 12:
      let pause = [1_000_000_001, 60_000_000_000, 125_000_000_000].randomElement(using: &random)!
      for later in index..<segments.count {
        segments[later].time = segments[later].time.advanced(byNanoseconds: Int64(pause))
      }
    default:
      var again = segments[index]
      again.sequence &+= again.sequenceLength
      again.payloadLength = 0
      again.flags = .ack
      segments.insert(again, at: index + 1)
    }
  }

  /// What is told of a connection.
  private struct Account: Equatable {
    var brief: ConnectionBrief
    var line: ConnectionLine
  }

  /// The briefs and lines of all connections, and how many of them were made without endpoints.
  private static func accounts(
    _ segments: [Segment], directly: Bool
  ) -> (all: [Account], direct: Int) {
    var tracker = ConnectionTracker()
    var result: [Account] = []
    func add(_ connection: Connection) {
      result.append(
        Account(brief: ConnectionBrief(connection), line: ConnectionLine(connection)))
    }
    var direct = 0
    func collect() {
      while true {
        switch tracker.nextSettled(
          offersBriefs: directly, acceptsBrief: { _ in true }, wantsLine: true,
          wantsHistory: { _ in false })
        {
        case .nothing: return
        case .brief:
          direct += 1
          result.append(Account(brief: tracker.brief, line: tracker.line))
        case .summary: add(tracker.summary)
        case .history: add(tracker.takeHistory().connection)
        }
      }
    }
    for segment in segments {
      tracker.process(segment)
      collect()
    }
    tracker.finish()
    collect()
    return (result, direct)
  }

  @Test("Brief and line are the same however they were made", arguments: 0..<200 as Range<UInt64>)
  func agree(seed: UInt64) {
    let segments = BriefTests.traffic(seed: seed)
    let (all, direct) = BriefTests.accounts(segments, directly: true)
    let (followed, none) = BriefTests.accounts(segments, directly: false)
    #expect(all.count == followed.count)
    #expect(direct > 0 && direct < all.count && none == 0)
    for (one, other) in zip(all, followed) where one != other {
      Issue.record("\(one) is not \(other)")
    }
  }
}
