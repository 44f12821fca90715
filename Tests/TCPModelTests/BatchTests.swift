import PacketDecoding
import Testing

@testable import TCPModel

/// Segments taken in batches, which look ahead once many connections are open, come to the same as
/// one by one.
@Suite struct BatchTests {
  /// More open connections than caches hold, that nothing happens to.
  private static let crowd: [Segment] = (0..<2_200 as Range<UInt32>).map { number in
    var segment = Segment()
    segment.source = IPAddress(ipv4: 0x0b00_0000 &+ number)
    segment.destination = IPAddress(ipv4: 0x0a00_0001)
    (segment.sourcePort, segment.destinationPort) = (40_000, 80)
    segment.flags = [.psh, .ack]
    segment.window = 500
    segment.hopLimit = 64
    segment.payloadLength = 1
    segment.packetLength = 41
    return segment
  }

  /// The crowd, and then connections on a few 4-tuples that are opened, closed, used again and
  /// silent for so long that they are let go, while the next segment on them is in the same batch.
  private static func traffic(seed: UInt64) -> [Segment] {
    var random = StepPropertyTests.Random(state: seed)
    var result = crowd
    for index in result.indices {
      result[index].time = CaptureTime(nanoseconds: 1_600_000_000_000_000_000 + Int64(index))
    }
    let last = result.count
    for part in 0..<4 as Range<UInt64> { result += QuietTests.traffic(seed: seed &* 4 &+ part) }
    var time = CaptureTime(nanoseconds: 1_700_000_000_000_000_000)
    for index in last..<result.count {
      let isPause = Int.random(in: 0..<20, using: &random) == 0
      let pauses: [Int64] = isPause ? [61_000_000_000, 140_000_000_000] : [10_000, 40_000_000]
      time = time.advanced(byNanoseconds: pauses.randomElement(using: &random)!)
      result[index].time = time
    }
    for index in result.indices { result[index].frame = UInt64(index) + 1 }
    return result
  }

  private static func outcome(
    _ segments: [Segment], batch: Int, maximumBytes: Int = .max
  ) -> [String] {
    var segments = segments
    var options = TrackerOptions()
    options.maximumBytes = maximumBytes
    var tracker = ConnectionTracker(options: options)
    var first = 0
    var result: [String] = []
    while first < segments.count {
      let end = min(first + batch, segments.count)
      if batch == 1 {
        tracker.process(segments[first])
      } else {
        tracker.process(&segments, in: first..<end)
      }
      first = end
    }
    tracker.finish()
    let counts = tracker.counts
    result.append(
      "evicted \(counts.evictedClosed), \(counts.evictedHalfOpen), \(counts.evictedOpen)")
    while let done = tracker.nextSettled() {
      if done.connection.firstFrame <= crowd.count { continue }
      result.append("\(ConnectionBrief(done.connection)) \(done.transitions)")
    }
    return result
  }

  @Test("A batch is as good as its segments one by one", arguments: 0..<12 as Range<UInt64>)
  func batches(seed: UInt64) {
    let segments = BatchTests.traffic(seed: seed)
    let alone = BatchTests.outcome(segments, batch: 1)
    #expect(alone.count > 8)
    #expect(BatchTests.outcome(segments, batch: ConnectionTracker.batchSize) == alone)
    #expect(BatchTests.outcome(segments, batch: 7) == alone)
  }

  @Test(
    "What is let go for want of room does not depend on batches", arguments: 0..<4 as Range<UInt64>)
  func room(seed: UInt64) {
    let segments = BatchTests.traffic(seed: seed)
    var crowd = ConnectionTracker()
    for segment in BatchTests.crowd { crowd.process(segment) }
    let room = crowd.heldBytes - 50_000
    let alone = BatchTests.outcome(segments, batch: 1, maximumBytes: room)
    #expect(alone.first != "evicted 0, 0, 0")
    for batch in [7, 100, 256, 512] {
      #expect(BatchTests.outcome(segments, batch: batch, maximumBytes: room) == alone)
    }
  }
}
