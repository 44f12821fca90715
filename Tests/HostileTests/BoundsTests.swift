import PacketDecoding
import TCPModel
import Testing

@Suite("Memory under attack")
struct BoundsTests {
  /// A segment between two IPv4 addresses.
  private static func segment(
    _ flags: TCPFlags, from source: (UInt32, UInt16), to destination: (UInt32, UInt16),
    sequence: UInt32, acknowledgment: UInt32 = 0, length: UInt32 = 0
  ) -> Segment {
    var segment = Segment()
    segment.flags = flags
    segment.source = IPAddress(ipv4: source.0)
    segment.destination = IPAddress(ipv4: destination.0)
    (segment.sourcePort, segment.destinationPort) = (source.1, destination.1)
    (segment.sequence, segment.acknowledgment) = (sequence, acknowledgment)
    segment.payloadLength = length
    segment.packetLength = 40 + length
    segment.window = 65535
    return segment
  }

  /// Feeds segments one after the other, `step` nanoseconds apart.
  private struct Feed: ~Copyable {
    var analysis: Analysis
    var number: UInt64 = 0
    let step: Int64

    init(_ options: TrackerOptions, step: Int64) {
      analysis = Analysis(options, output: .text)
      self.step = step
    }

    mutating func take(_ segment: Segment) {
      number += 1
      var segment = segment
      segment.frame = number
      segment.time = CaptureTime(nanoseconds: Int64(number) * step)
      analysis.take(segment)
      analysis.drain()
    }
  }

  @Test("A flood of SYNs holds no more connections than allowed")
  func flood() {
    var options = TrackerOptions()
    options.maximumConnections = 100
    var feed = Feed(options, step: 1000)
    for source in 0..<20_000 as Range<UInt32> {
      feed.take(
        Self.segment(
          .syn, from: (0x0b00_0000 &+ source &* 7919, UInt16(truncatingIfNeeded: source)),
          to: (0x0a00_0001, 80), sequence: source))
    }
    feed.analysis.finish()
    let counts = feed.analysis.tracker.counts
    #expect(counts.connections == 20_000)
    #expect(counts.peakConnections <= 101)
    #expect(counts.evictedHalfOpen > 19_000)
    #expect(feed.analysis.connections == 20_000)
    #expect(feed.analysis.findings.count < 500)
  }

  @Test(
    "One 4-tuple used again and again, slowly or in no time",
    arguments: [(100_000, 1000), (10_000, 2_000_000_000)] as [(UInt32, Int64)])
  func reuse(rounds: UInt32, step: Int64) {
    var options = TrackerOptions()
    options.maximumConnections = 100
    var feed = Feed(options, step: step)
    let (client, server): ((UInt32, UInt16), (UInt32, UInt16)) = (
      (0x0a00_0001, 40000), (0x0a00_0002, 80)
    )
    for round in 0..<rounds {
      feed.take(
        Self.segment(.syn, from: client, to: server, sequence: round &* 1_000_003))
    }
    feed.analysis.finish()
    let counts = feed.analysis.tracker.counts
    #expect(counts.connections == UInt64(rounds))
    #expect(counts.peakConnections <= 101)
    // One that follows another takes more memory, so there are fewer of them.
    #expect(counts.peakConnections <= UInt64(options.maximumIncarnations) + 3)
  }

  @Test("Connections that each have a gap keep nothing of it")
  func gaps() {
    var options = TrackerOptions()
    options.maximumConnections = 500
    var feed = Feed(options, step: 1000)
    for index in 0..<3000 as Range<UInt32> {
      let (client, server): ((UInt32, UInt16), (UInt32, UInt16)) = (
        (0x0b00_0000 &+ index, 40000), (0x0a00_0002, 80)
      )
      feed.take(Self.segment(.syn, from: client, to: server, sequence: 0))
      feed.take(
        Self.segment([.syn, .ack], from: server, to: client, sequence: 0, acknowledgment: 1))
      feed.take(Self.segment(.ack, from: client, to: server, sequence: 1, acknowledgment: 1))
      feed.take(
        Self.segment(
          .ack, from: client, to: server, sequence: 1 << 20, acknowledgment: 1, length: 1000))
    }
    feed.analysis.finish()
    #expect(feed.analysis.tracker.counts.peakConnections <= 501)
    #expect(feed.analysis.longestHistory <= 5)
    #expect(feed.analysis.findings.count < 500)
  }

  @Test("A flow of segments of one byte has a bounded history", arguments: [false, true])
  func tiny(keepsAll: Bool) {
    var options = TrackerOptions()
    options.keepsAllSegments = keepsAll
    var feed = Feed(options, step: 300_000_000)
    let (client, server): ((UInt32, UInt16), (UInt32, UInt16)) = (
      (0x0a00_0001, 40000), (0x0a00_0002, 80)
    )
    for index in 0..<15_000 as Range<UInt32> {
      // Each twice: every second one disturbs.
      for _ in 0..<2 {
        feed.take(
          Self.segment(
            .ack, from: client, to: server, sequence: index, acknowledgment: 1, length: 1))
      }
    }
    feed.analysis.finish()
    #expect(feed.analysis.connections == 1)
    #expect(feed.analysis.longestHistory <= Int(options.maximumSegments) + 1)
    #expect(feed.analysis.longestTransitions <= Int(options.maximumTransitions) + 1)
  }

  @Test("Errors of ICMP about one connection are kept a few at a time")
  func errors() {
    var analysis = Analysis(output: .text)
    let quoted = CaptureBytes.connection[0]
    for number in 1...5000 as ClosedRange<UInt64> {
      let error: [UInt8] = [3, UInt8(number % 16), 0, 0, 0, 0, 0, 0]
      let bytes =
        number == 1
        ? quoted
        : FrameBytes.ipv4(from: 9, to: 0x0a00_0001, protocolNumber: 1, error + quoted)
      analysis.take(
        bytes.span,
        FrameHeader(
          number: number, time: CaptureTime(nanoseconds: Int64(number) * 1_000_000),
          originalLength: UInt32(bytes.count), linkType: .raw))
    }
    analysis.finish()
    #expect(analysis.connections == 1)
    #expect(analysis.findings.count < 50)
  }
}
