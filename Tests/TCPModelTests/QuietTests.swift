import PacketDecoding
import SegmentScripts
import Testing

@testable import TCPModel

/// A connection that is held as its segments alone comes to what it would have come to, had it been
/// followed from the start.
@Suite struct QuietTests {
  /// Connections that are opened and closed as they should be, with small disturbances in a few and
  /// pauses in which timers run out.
  static func traffic(seed: UInt64) -> [Segment] {
    var random = StepPropertyTests.Random(state: seed)
    var time: Int64 = 1_700_000_000_000_000_000
    var frame: UInt64 = 0
    var result: [Segment] = []
    for number in 0..<8 as Range<UInt32> {
      var next: (UInt32, UInt32) = (UInt32.random(in: 0...UInt32.max, using: &random), 77)
      var newest: (UInt32, UInt32) = (0, 0)
      let hasTimestamps = Bool.random(using: &random)
      func add(_ isClient: Bool, _ flags: TCPFlags, _ length: UInt32 = 0) {
        frame += 1
        time += [1_000, 3_000_000, 40_000_000, 900_000_000, 5_000_000_000].randomElement(
          using: &random)!
        if Int.random(in: 0..<60, using: &random) == 0 { time += 90_000_000_000 }
        var segment = Segment()
        segment.frame = frame
        segment.time = CaptureTime(nanoseconds: time)
        segment.source = IPAddress(ipv4: isClient ? 0x0a00_0001 : 0x0a00_0002)
        segment.destination = IPAddress(ipv4: isClient ? 0x0a00_0002 : 0x0a00_0001)
        segment.sourcePort = isClient ? UInt16(40_000 + number % 5) : 443
        segment.destinationPort = isClient ? 443 : UInt16(40_000 + number % 5)
        segment.identification = UInt16(truncatingIfNeeded: frame)
        segment.hopLimit = Int.random(in: 0..<50, using: &random) == 0 ? 63 : 64
        segment.flags = flags
        segment.window = Int.random(in: 0..<40, using: &random) == 0 ? 0 : 500
        segment.payloadLength = length
        segment.packetLength = 52 + length
        segment.sequence = isClient ? next.0 : next.1
        segment.acknowledgment = flags.contains(.ack) ? (isClient ? next.1 : next.0) : 0
        segment.checksum = .valid
        if hasTimestamps {
          segment.options.insert(.timestamps)
          segment.timestampValue = UInt32(truncatingIfNeeded: time / 1_000_000)
          segment.timestampEchoReply = isClient ? newest.1 : newest.0
        }
        if flags.contains(.syn) {
          segment.options.formUnion([.maximumSegmentSize, .windowScale])
          segment.maximumSegmentSize = 1460
          segment.windowShift = 7
        }
        if Int.random(in: 0..<70, using: &random) == 0 { segment.checksum = .invalid }
        result.append(segment)
        if Int.random(in: 0..<50, using: &random) == 0 { result.append(segment) }
        if isClient {
          next.0 &+= segment.sequenceLength
          newest.0 = segment.timestampValue
        } else {
          next.1 &+= segment.sequenceLength
          newest.1 = segment.timestampValue
        }
      }
      add(true, .syn)
      if Int.random(in: 0..<6, using: &random) == 0 { continue }
      add(false, [.syn, .ack])
      add(true, .ack)
      for _ in 0..<Int.random(in: 0..<14, using: &random) {
        let isClient = Bool.random(using: &random)
        add(isClient, [.psh, .ack], UInt32.random(in: 1...1400, using: &random))
        if Bool.random(using: &random) { add(!isClient, .ack) }
      }
      switch Int.random(in: 0..<5, using: &random) {
      case 0: add(Bool.random(using: &random), [.rst, .ack])
      case 1: break
      default:
        let isClient = Bool.random(using: &random)
        add(isClient, [.fin, .ack])
        add(!isClient, Bool.random(using: &random) ? [.fin, .ack] : .ack)
        add(isClient, .ack)
      }
    }
    return result
  }

  /// What a tracker makes of segments, without where in memory it made it.
  static func outcome(
    _ segments: [Segment], quietly: Bool, history: Bool = true, most: Int = 1000,
    collectsLate: Bool = false
  ) -> [String] {
    var options = TrackerOptions()
    options.holdsQuietly = quietly
    options.maximumConnections = most
    var tracker = ConnectionTracker(options: options)
    var result: [String] = []
    func collect() {
      while true {
        switch tracker.nextSettled(wantsHistory: { _ in history }) {
        case .nothing: return
        case .summary: result.append(tracker.summary.outcome)
        case .brief: Issue.record("nobody asked for briefs")
        case .history:
          let tracked = tracker.takeHistory()
          result.append(
            tracked.connection.outcome
              + (history
                ? "\(tracked.segments) \(tracked.transitions.map { "\($0)" })" : ""))
        }
      }
    }
    for segment in segments {
      tracker.process(segment)
      if !collectsLate { collect() }
    }
    tracker.finish()
    collect()
    return result
  }

  @Test(
    "Held quietly or not, the same comes out, in the same order", arguments: 0..<60 as Range<UInt64>
  )
  func replays(seed: UInt64) {
    for segments in [
      QuietTests.traffic(seed: seed), StepPropertyTests.segments(seed: seed, exchanged: false),
    ] {
      let quiet = QuietTests.outcome(segments, quietly: true)
      #expect(!quiet.isEmpty)
      let difference = firstDifference(
        quiet, QuietTests.outcome(segments, quietly: false))
      #expect(difference == nil)
    }
  }

  @Test("Without its history, a connection is the same", arguments: 0..<60 as Range<UInt64>)
  func summaries(seed: UInt64) {
    let segments = QuietTests.traffic(seed: seed)
    let difference = firstDifference(
      QuietTests.outcome(segments, quietly: true, history: false),
      QuietTests.outcome(segments, quietly: false, history: false))
    #expect(difference == nil)
  }

  @Test(
    "A call that is let go for want of room is the same, held quietly or not",
    arguments: 0..<40 as Range<UInt64>, [false, true])
  func evictedCalls(seed: UInt64, history: Bool) {
    var random = StepPropertyTests.Random(state: seed)
    var time: Int64 = 1_700_000_000_000_000_000
    var segments: [Segment] = []
    for number in 0..<80 as Range<UInt16> {
      // Some come when the timers of those that are held have run out, some shortly before.
      time += [1_000, 1_000_000, 10_000_000_000, 127_000_000_000].randomElement(using: &random)!
      var segment = Segment()
      segment.frame = UInt64(number) + 1
      segment.time = CaptureTime(nanoseconds: time)
      segment.source = IPAddress(ipv4: 0x0a00_0001)
      segment.destination = IPAddress(ipv4: 0x0a00_0002)
      segment.sourcePort = 40_000 + number
      segment.destinationPort = 443
      segment.hopLimit = 64
      segment.flags = .syn
      segment.window = 500
      segment.packetLength = 40
      segment.sequence = UInt32.random(in: 0...UInt32.max, using: &random)
      segments.append(segment)
      // And some are repeated, and are not mere calls any more.
      guard Int.random(in: 0..<6, using: &random) == 0 else { continue }
      segment.time = segment.time.advanced(byNanoseconds: 100)
      segments.append(segment)
    }
    for index in segments.indices { segments[index].frame = UInt64(index) + 1 }
    for collectsLate in [false, true] {
      let quiet = QuietTests.outcome(
        segments, quietly: true, history: history, most: 9, collectsLate: collectsLate)
      #expect(quiet.count == 80)
      let difference = firstDifference(
        quiet,
        QuietTests.outcome(
          segments, quietly: false, history: history, most: 9, collectsLate: collectsLate))
      #expect(difference == nil)
    }
  }

  @Test("A SYN,ACK of nothing but zeros, with options of IP, is still a SYN,ACK")
  func zeroOffer() {
    var segments = Array(QuietTests.traffic(seed: 3).prefix(8))
    for index in segments.indices {
      segments[index].options = []
      (segments[index].timestampValue, segments[index].timestampEchoReply) = (0, 0)
      segments[index].packetLength = (index == 1 ? 48 : 40) + segments[index].payloadLength
    }
    let initial = segments[1].sequence
    (segments[1].maximumSegmentSize, segments[1].windowShift) = (0, 0)
    for index in segments.indices {
      if segments[index].source == segments[1].source {
        segments[index].sequence &-= initial
      } else if segments[index].flags.contains(.ack) {
        segments[index].acknowledgment &-= initial
      }
    }
    #expect(segments[1].sequence == 0)
    #expect(segments[2...].contains { $0.source == segments[1].source })
    let difference = firstDifference(
      QuietTests.outcome(segments, quietly: true), QuietTests.outcome(segments, quietly: false))
    #expect(difference == nil)
  }

  @Test("An ordinary connection stays quiet until it is let go")
  func staysQuiet() {
    var tracker = ConnectionTracker()
    var segments = QuietTests.traffic(seed: 3)
    segments.removeSubrange(4...)
    for segment in segments { tracker.process(segment) }
    #expect(tracker.quiet.count == 1)
    #expect(tracker.connections.count == 0)
  }
}
