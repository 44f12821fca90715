import PacketDecoding
import SegmentScripts
import Testing

@testable import TCPModel

/// Connections divided among several trackers come to what they come to in one, with the same ids and
/// in the same order.
@Suite struct ShardTests {
  /// Some segments, and the ICMP errors between them.
  struct Batch {
    var segments: [Segment] = []
    var errors: [(position: Int, error: ICMPError)] = []
  }

  /// Connections of many hosts, orderly ones and such as never were, with errors between them, a
  /// clock that is set back, and silences. In batches of any size.
  static func traffic(seed: UInt64) -> [Batch] {
    var random = StepPropertyTests.Random(state: seed)
    var streams = (0..<12 as Range<UInt64>).map { number in
      var segments =
        number % 3 == 0
        ? StepPropertyTests.segments(seed: seed &* 12 &+ number, exchanged: false)
        : QuietTests.traffic(seed: seed &* 12 &+ number)
      for index in segments.indices {
        segments[index].source.low += number << 8
        segments[index].destination.low += number << 8
        if number % 4 == 1 { segments[index].source.high = 0x2001 << 48 }
        if number % 4 == 1 { segments[index].destination.high = 0x2001 << 48 }
      }
      return segments[...]
    }
    var result: [Batch] = []
    var batch = Batch()
    var room = 0
    var time: Int64 = 1_700_000_000_000_000_000
    var frame: UInt64 = 0
    while streams.contains(where: { !$0.isEmpty }) || room == 0 {
      if batch.segments.count == room {
        result.append(batch)
        batch = Batch()
        room = [0, 1, 7, 60, 256].randomElement(using: &random)!
        if room == 0 { continue }
      }
      let index = streams.indices.filter { !streams[$0].isEmpty }.randomElement(using: &random)
      guard let index else { break }
      time += [0, 1_000, 3_000_000, 400_000_000].randomElement(using: &random)!
      if Int.random(in: 0..<50, using: &random) == 0 {
        time += [-2_500_000_000, 61_000_000_000, 140_000_000_000].randomElement(using: &random)!
      }
      frame += 1
      var segment = streams[index].removeFirst()
      segment.time = CaptureTime(nanoseconds: time)
      segment.frame = frame
      if Int.random(in: 0..<40, using: &random) == 0 {
        batch.errors.append((batch.segments.count, error(about: segment)))
      }
      batch.segments.append(segment)
    }
    result.append(batch)
    return result
  }

  private static func error(about segment: Segment) -> ICMPError {
    ICMPError(
      frame: segment.frame, time: segment.time.advanced(byNanoseconds: 1_200_000_000),
      reporter: IPAddress(ipv4: 1), type: 3, code: 1, isIPv6: false, source: segment.source,
      destination: segment.destination, sourcePort: segment.sourcePort,
      destinationPort: segment.destinationPort, sequence: segment.sequence, nextHopMTU: 0)
  }

  private static func text(_ tracked: TrackedConnection) -> String {
    let met = tracked.previous?.connection
    return "\(tracked.connection.outcome) \(tracked.segments) \(tracked.transitions) "
      + "met \(met?.id ?? 0) after \(met?.previous ?? 0), \(tracked.icmpErrors)"
  }

  private static func collect(_ tracker: inout ConnectionTracker, into result: inout [String]) {
    while let done = tracker.nextSettled() { result.append(text(done)) }
  }

  private static func take(_ batch: Batch, _ tracker: inout ConnectionTracker) {
    var segments = batch.segments
    var first = 0
    for (position, error) in batch.errors {
      tracker.process(&segments, in: first..<position)
      tracker.process(error)
      first = position
    }
    tracker.process(&segments, in: first..<segments.count)
  }

  /// What one tracker makes of it, with what it has counted.
  private static func outcome(_ batches: [Batch], _ options: TrackerOptions) -> [String] {
    var tracker = ConnectionTracker(options: options)
    var result: [String] = []
    for batch in batches {
      take(batch, &tracker)
      collect(&tracker, into: &result)
    }
    tracker.finish()
    collect(&tracker, into: &result)
    return result + ["\(tracker.counts)"]
  }

  /// What shards make of it. With `end`, one tracker takes over before the batch of that number; with
  /// `asks`, before the first for which there may not be room enough.
  private static func outcome(
    _ batches: [Batch], _ options: TrackerOptions, shards count: Int, until end: Int? = nil,
    asks: Bool = false
  ) -> [String] {
    var dealer = ShardDealer(options: options)
    var numbering = ShardNumbering()
    var shards = (0..<count).map { Box(TrackerShard(options: options, index: $0, of: count)) }
    var result: [String] = []
    var deal = ShardDeal()
    func collectAll() {
      var settled: [(moment: UInt64, id: UInt64, text: String)] = []
      for box in shards {
        while box.shard.settledCount > 0 {
          let moment = box.shard.takeMoment()
          guard let done = box.shard.tracker.nextSettled() else { break }
          settled.append((moment, done.connection.id, text(done)))
        }
      }
      result += settled.sorted { ($0.moment, $0.id) < ($1.moment, $1.id) }.map(\.text)
    }
    var end = end
    for (number, batch) in batches[..<(end ?? batches.count)].enumerated() {
      if asks,
        !ShardLoad.leavesRoom(
          for: batch.segments.count, beside: shards.map { $0.shard.load }, options)
      {
        end = number
        break
      }
      var segments = batch.segments
      dealer.deal(&segments, count: segments.count, errors: batch.errors.count, into: &deal)
      for box in shards {
        box.shard.process(segments, count: segments.count, errors: batch.errors, deal)
      }
      let numbers = numbering.number(
        deal.moment..<deal.moment + UInt64(segments.count + batch.errors.count),
        shards.map { $0.shard.openings }, shards.flatMap { $0.shard.settlings(since: deal.moment) })
      for box in shards { box.shard.adopt(numbers) }
      collectAll()
    }
    let segments = batches[..<(end ?? batches.count)].reduce(0) { $0 + UInt64($1.segments.count) }
    if end == nil {
      for box in shards { box.shard.tracker.finish() }
      collectAll()
    }
    var all = shards.removeFirst().take()
    for box in shards { all.takeOver(box.take()) }
    var tracker = all.merged(segments: segments, numbering)
    if let end {
      for batch in batches[end...] {
        take(batch, &tracker)
        collect(&tracker, into: &result)
      }
      tracker.finish()
      collect(&tracker, into: &result)
    }
    return result + ["\(tracker.counts)"]
  }

  /// Lets shards stand in an array.
  private final class Box {
    var shard: TrackerShard
    init(_ shard: consuming TrackerShard) { self.shard = shard }

    func take() -> TrackerShard {
      var other = TrackerShard(options: TrackerOptions(), index: 0, of: 1)
      swap(&other, &shard)
      return other
    }
  }

  @Test(
    "Any number of shards is as good as one tracker", arguments: 0..<8 as Range<UInt64>,
    [true, false])
  func shards(seed: UInt64, quietly: Bool) {
    let batches = ShardTests.traffic(seed: seed)
    var options = TrackerOptions()
    options.holdsQuietly = quietly
    let alone = ShardTests.outcome(batches, options)
    #expect(alone.count > 60)
    for count in [1, 2, 3, 7] {
      let difference = firstDifference(
        ShardTests.outcome(batches, options, shards: count), alone)
      #expect(difference == nil, "\(count) shards")
    }
  }

  @Test(
    "One tracker goes on where shards were, and lets go of the same for want of room",
    arguments: 0..<8 as Range<UInt64>)
  func takingOver(seed: UInt64) {
    let batches = ShardTests.traffic(seed: seed)
    var random = StepPropertyTests.Random(state: seed)
    var options = TrackerOptions()
    // Histories that have been cut and those that will be.
    if seed % 2 == 0 { (options.maximumSegments, options.maximumTransitions) = (8, 6) }
    let alone = ShardTests.outcome(batches, options)
    for _ in 0..<4 {
      let end = Int.random(in: 0...batches.count, using: &random)
      let difference = firstDifference(
        ShardTests.outcome(batches, options, shards: 3, until: end), alone)
      #expect(difference == nil, "until batch \(end)")
    }
    // As long as there is room for all.
    options.maximumConnections = 20
    var held = ConnectionTracker(options: options)
    var end = -1
    while held.counts.evicted == 0 {
      end += 1
      ShardTests.take(batches[end], &held)
      while held.nextSettled() != nil {}
    }
    let bounded = ShardTests.outcome(batches, options)
    let difference = firstDifference(
      ShardTests.outcome(batches, options, shards: 3, until: end), bounded)
    #expect(difference == nil)
  }

  @Test("Connections that take more room once their timers run out leave one tracker to make it")
  func timersTakeRoom() {
    var batches = [Batch()]
    var frame: UInt64 = 0
    func add(_ number: UInt32, _ isClient: Bool, _ flags: TCPFlags, at time: Int64) {
      frame += 1
      var segment = Segment()
      segment.frame = frame
      segment.time = CaptureTime(nanoseconds: 1_700_000_000_000_000_000 + time)
      let hosts = (IPAddress(ipv4: 0x0b00_0000 &+ number), IPAddress(ipv4: 0x0a00_0001))
      (segment.source, segment.destination) = isClient ? hosts : (hosts.1, hosts.0)
      (segment.sourcePort, segment.destinationPort) = isClient ? (40_000, 80) : (80, 40_000)
      segment.flags = flags
      segment.sequence = flags.contains(.syn) ? 0 : 1
      segment.acknowledgment = flags.contains(.ack) ? 1 : 0
      segment.window = flags == .ack ? 0 : 500
      segment.hopLimit = 64
      segment.packetLength = 40
      batches[batches.count - 1].segments.append(segment)
      if batches[batches.count - 1].segments.count == 20 { batches.append(Batch()) }
    }
    for number in 0..<4000 as Range<UInt32> {
      add(number, true, .syn, at: Int64(number))
      add(number, false, [.syn, .ack], at: Int64(number))
      add(number, true, .ack, at: Int64(number))
    }
    for number in 10_000..<10_200 as Range<UInt32> {
      add(number, true, .syn, at: 100_000_000_000 + Int64(number))
    }
    var options = TrackerOptions()
    options.maximumBytes = 2_000_000
    let alone = ShardTests.outcome(batches, options)
    #expect(alone.last?.contains("evictedOpen: 0") == false)
    let difference = firstDifference(
      ShardTests.outcome(batches, options, shards: 3, asks: true), alone)
    #expect(difference == nil)
  }
}

extension TrackerCounts {
  fileprivate var evicted: UInt64 { evictedClosed + evictedHalfOpen + evictedOpen }
}
