import PacketDecoding
import Testing

@testable import TCPModel

/// What goes when there is no more room.
@Suite struct EvictionTests {
  /// A tracker and the means to fill it.
  struct Feed: ~Copyable {
    var tracker: ConnectionTracker
    var frame: UInt64 = 0

    init(_ options: TrackerOptions) {
      tracker = ConnectionTracker(options: options)
    }

    mutating func add(
      _ number: UInt32, _ isClient: Bool, _ flags: TCPFlags, sequence: UInt32, ack: UInt32 = 0,
      payload: UInt32 = 0
    ) {
      frame += 1
      var segment = Segment()
      segment.frame = frame
      segment.time = CaptureTime(nanoseconds: Int64(frame) * 1000)
      let (client, server) = (IPAddress(ipv4: 0x0b00_0000 &+ number), IPAddress(ipv4: 0x0a00_0001))
      (segment.source, segment.destination) = isClient ? (client, server) : (server, client)
      (segment.sourcePort, segment.destinationPort) = isClient ? (40_000, 80) : (80, 40_000)
      segment.flags = flags
      segment.sequence = sequence
      segment.acknowledgment = ack
      segment.window = 500
      segment.hopLimit = 64
      segment.payloadLength = payload
      segment.packetLength = 40 + payload
      tracker.process(segment)
    }

    mutating func call(_ number: UInt32) { add(number, true, .syn, sequence: 0) }

    mutating func open(_ number: UInt32) {
      call(number)
      add(number, false, [.syn, .ack], sequence: 100, ack: 1)
      add(number, true, .ack, sequence: 1, ack: 101)
    }

    mutating func close(_ number: UInt32) {
      open(number)
      add(number, true, [.rst, .ack], sequence: 1, ack: 101)
    }

    mutating func evicted() -> [UInt32] {
      var numbers: [UInt32] = []
      while let next = tracker.nextSettled() {
        let client = next.connection.socket(.client).address
        numbers.append(UInt32(truncatingIfNeeded: client.low) &- 0x0b00_0000)
      }
      return numbers
    }
  }

  @Test("Closed ones go first, then half-open, then idle, each by age", arguments: [false, true])
  func order(quietly: Bool) {
    var options = TrackerOptions()
    options.maximumConnections = 30
    options.holdsQuietly = quietly
    var feed = Feed(options)
    for number in 0..<10 as Range<UInt32> {
      feed.open(number)
      feed.call(10 + number)
      feed.close(20 + number)
    }
    #expect(feed.evicted() == [])
    for number in 30..<60 as Range<UInt32> { feed.open(number) }
    #expect(feed.evicted() == Array(20..<30) + Array(10..<20) + Array(0..<10))
    #expect(feed.tracker.counts.evictedClosed == 10)
    #expect(feed.tracker.counts.evictedHalfOpen == 10)
    #expect(feed.tracker.counts.evictedOpen == 10)
    feed.tracker.finish()
    #expect(feed.evicted() == Array(30..<60))
  }

  @Test("An unanswered SYN is held in 128 bytes, an open connection with nine segments in 400")
  func sizes() {
    var calls = Feed(TrackerOptions())
    calls.call(0)
    #expect(calls.tracker.heldBytes <= 128)
    var feed = Feed(TrackerOptions())
    feed.open(0)
    // Captured near the server: three segments in flight, each acknowledged as it arrives.
    for number in 0..<3 as Range<UInt32> {
      for part in 0..<2 as Range<UInt32> {
        feed.add(
          0, false, [.psh, .ack], sequence: 101 + 200 * number + 100 * part, ack: 1, payload: 100)
      }
      feed.add(0, true, .ack, sequence: 1, ack: 201 + 200 * number)
    }
    #expect(feed.tracker.quiet.count == 1)
    #expect(feed.tracker.heldBytes <= 400)
  }

  @Test("One that has lived on since it was put in line stays")
  func spared() {
    var options = TrackerOptions()
    options.maximumConnections = 4
    var feed = Feed(options)
    for number in 0..<4 as Range<UInt32> { feed.open(number) }
    feed.open(4)
    #expect(feed.evicted() == [0])
    feed.add(1, true, .ack, sequence: 1, ack: 101)
    feed.open(5)
    #expect(feed.evicted() == [2])
  }

  @Test(
    "A bound in bytes holds in a flood and when open connections grow", arguments: [false, true])
  func bytes(quietly: Bool) {
    var options = TrackerOptions()
    options.maximumBytes = 100_000
    options.holdsQuietly = quietly
    var feed = Feed(options)
    for number in 0..<5000 as Range<UInt32> {
      feed.open(number)
      #expect(feed.tracker.heldBytes <= 100_000 + 2000)
      _ = feed.evicted()
    }
    #expect(feed.tracker.counts.evictedOpen > 4000)
  }
}
