public import PacketDecoding

/// One of several trackers among which the connections of an input are divided by the hash of their
/// 4-tuples. Each is shown every batch and takes the segments that are its own; what it hands out can
/// be put in the order in which one tracker for all would have handed it out.
///
/// Its connections have ids of its own at first. Once `ShardNumbering` has told those that they have in
/// the whole input, `adopt` gives them these, which is to be done before they are handed out.
///
/// No connection is let go for want of room, as that depends on those of the others:
/// `ShardLoad.leavesRoom` has to say beforehand that there is enough. Where there is not, one shard takes
/// over those of the others and goes on as a tracker for all. Nobody watches connections while they live.
public struct TrackerShard: ~Copyable {
  /// To hand out what is settled.
  public var tracker: ConnectionTracker
  private let index: UInt64
  private let shardCount: UInt64
  /// Its segments of a batch.
  private var segments: [Segment] = []
  private var places = OwnPlaces()

  /// The first of the ids that are not those of the whole input, and above all of these.
  private static var preliminaryID: UInt64 { 1 << 62 }

  /// - Parameters:
  ///   - options: The same for all.
  ///   - index: 0..<`count`.
  ///   - count: How many there are.
  public init(options: TrackerOptions, index: Int, of count: Int) {
    precondition((0..<count).contains(index))
    self.index = UInt64(index)
    shardCount = UInt64(count)
    tracker = ConnectionTracker(options: options)
    tracker.shardLog.isOn = true
    tracker.counts.connections = TrackerShard.preliminaryID - 1
  }

  /// Takes its own of the next segments, and the ICMP errors between them.
  ///
  /// - Parameters:
  ///   - segments: Those of the batch are the first `count`.
  ///   - errors: Each with how many segments came before it.
  ///   - deal: Of the same batch.
  public mutating func process(
    _ segments: [Segment], count: Int, errors: [(position: Int, error: ICMPError)],
    _ deal: ShardDeal
  ) {
    // Out of the shard, so that they can be passed on beside the tracker.
    var own: [Segment] = []
    swap(&own, &self.segments)
    defer { swap(&own, &self.segments) }
    places.gather(
      segments.span, count, deal.tags.span, index: index, of: shardCount, into: &own)
    var moment = deal.moment
    var first = 0
    var tick = 0
    var next = 0
    for (position, error) in errors {
      process(&own, segments.span, first..<position, deal, moment, &tick, &next)
      moment &+= 1
      tracker.shardLog.moment = moment &+ UInt64(position) &- 1
      // Others do not know its connection.
      tracker.process(error)
      first = position
    }
    process(&own, segments.span, first..<count, deal, moment, &tick, &next)
  }

  /// - Parameters:
  ///   - moment: That of the first segment of the batch, if all errors before `range` came before it.
  ///   - tick: How many ticks of the deal are over.
  ///   - next: How many of its own segments have been taken.
  private mutating func process(
    _ own: inout [Segment], _ segments: Span<Segment>, _ range: Range<Int>, _ deal: ShardDeal,
    _ moment: UInt64, _ tick: inout Int, _ next: inout Int
  ) {
    let places = places
    let clocks = deal.clocks.span
    let ticks = deal.ticks.span
    var end = next
    while end < places.count, places.positions[end] < range.upperBound { end += 1 }
    var all = own.mutableSpan
    let positions = places.positions.span
    let tags = places.tags.span
    var done = tick
    tracker.followEach(
      of: &all, in: next..<end, tag: { index, _ in tags[index] },
      begin: { tracker, index, _ in
        let position = positions[index]
        while done < ticks.count, ticks[done] <= position {
          tracker.tick(segments, clocks, at: ticks[done], moment)
          done += 1
        }
        tracker.counts.segments &+= 1
        tracker.shardLog.moment = moment &+ UInt64(position)
        tracker.advanceClock(to: clocks[position])
      })
    while done < ticks.count, ticks[done] < range.upperBound {
      tracker.tick(segments, clocks, at: ticks[done], moment)
      done += 1
    }
    // What is done next may ask what time it is.
    if let last = range.last { tracker.advanceClock(to: clocks[last]) }
    tick = done
    next = end
  }

  /// The shard that a tag belongs to. The first one gets half as many as any other: its thread has
  /// more to do.
  @inline(__always)
  fileprivate static func owner(of tag: UInt32, among count: UInt64) -> UInt64 {
    // By the high bits: the table goes by the low ones.
    ((UInt64(tag) &* (2 &* count &- 1)) &>> 32 &+ 1) &>> 1
  }

  /// Gives the connections that began at `openings` the ids that they have in the whole input.
  ///
  /// - Parameter numbers: Of the time when they began.
  public mutating func adopt(_ numbers: ShardNumbers) { tracker.adopt(numbers) }

  /// The moment at which the connection was settled that is handed out next: to be called before each.
  /// Of those of one moment the lower id is first. Greater than any other at the end of the input.
  public mutating func takeMoment() -> UInt64 { tracker.shardLog.takeSettling() }

  // What follows changes nothing; it is `mutating` only in order that the tracker not be copied.

  /// The moments at which the connections began that have no id of the whole input yet.
  public var openings: [UInt64] { mutating get { tracker.shardLog.openings } }

  /// How many connections wait to be handed out.
  public var settledCount: Int { mutating get { tracker.settled.count } }

  /// The moments at which connections were settled that were not handed out yet, and how many.
  public mutating func settlings(since moment: UInt64) -> [(moment: UInt64, count: Int)] {
    tracker.shardLog.settlings.filter { $0.moment >= moment }
  }
}

/// Which segments of a batch are those of one shard.
private struct OwnPlaces {
  /// Where they are in the batch.
  var positions: [Int] = []
  var tags: [UInt32] = []
  var count = 0

  mutating func gather(
    _ all: Span<Segment>, _ total: Int, _ allTags: Span<UInt32>, index: UInt64,
    of shardCount: UInt64, into segments: inout [Segment]
  ) {
    if segments.count < total {
      segments = [Segment](repeating: Segment(), count: total)
      positions = [Int](repeating: 0, count: total)
      tags = [UInt32](repeating: 0, count: total)
    }
    count = 0
    for position in 0..<total {
      let tag = allTags[position]
      guard TrackerShard.owner(of: tag, among: shardCount) == index else { continue }
      segments[count] = all[position]
      positions[count] = position
      tags[count] = tag
      count &+= 1
    }
  }
}

extension ConnectionTracker {
  /// A second begins.
  fileprivate mutating func tick(
    _ segments: Span<Segment>, _ clocks: Span<CaptureTime>, at position: Int, _ moment: UInt64
  ) {
    shardLog.moment = moment &+ UInt64(position)
    advanceClock(to: clocks[position])
    // One tracker for all begins with the first segment of all.
    wheel.begin(at: segments[position].time.advanced(byNanoseconds: shortestLife))
  }

  /// Lets the connections that began at the openings of the log have other ids.
  fileprivate mutating func adopt(_ numbers: ShardNumbers) {
    let openings = shardLog.openings
    // They were numbered one after the other.
    let first = counts.connections &+ 1 &- UInt64(openings.count)
    func adopted(_ id: UInt64) -> UInt64 {
      id < first ? id : numbers.id(openings[Int(id - first)])
    }
    for place in shardLog.places {
      if place & ConnectionTracker.quietMark != 0 {
        let index = place & ~ConnectionTracker.quietMark
        quiet[index].id = adopted(quiet[index].id)
        continue
      }
      guard connections[place].id >= first else { continue }
      connections[place].id = adopted(connections[place].id)
      connections[place].previous = adopted(connections[place].previous)
      if let met = previousIncarnations[place]?.connection {
        previousIncarnations[place]?.connection.id = adopted(met.id)
        previousIncarnations[place]?.connection.previous = adopted(met.previous)
      }
    }
    shardLog.openings.removeAll(keepingCapacity: true)
    shardLog.places.removeAll(keepingCapacity: true)
  }
}
