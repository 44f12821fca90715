public import PacketDecoding

/// What every shard has to know of a batch of segments, of which it takes its own: to whom each
/// belongs, and what time it is, which the segments of others tell as well.
public struct ShardDeal: Sendable {
  /// How many segments and ICMP errors of the input were before the batch.
  public fileprivate(set) var moment: UInt64 = 0
  /// By segment, the hash of its 4-tuple; there may be more after those of the batch.
  fileprivate(set) var tags: [UInt32] = []
  /// By segment, the latest time seen, its own included.
  fileprivate(set) var clocks: [CaptureTime] = []
  /// The segments with which a second of that time begins, and the first one of all.
  fileprivate(set) var ticks: [Int] = []

  public init() {}
}

/// Prepares the batches of an input for the shards, one after the other.
public struct ShardDealer: Sendable {
  private let seed: HashSeed
  private var moment: UInt64 = 0
  private var clock = CaptureTime(nanoseconds: .min)
  /// When the second begins after that of the last tick. An ICMP error may have moved the clock on: it
  /// moves those of the shards as well.
  private var nextSecond = CaptureTime(nanoseconds: .min)

  /// - Parameter options: Those of the trackers.
  public init(options: TrackerOptions) {
    seed = options.hashSeed
  }

  /// Prepares the next batch.
  ///
  /// - Parameters:
  ///   - segments: Those of the batch are the first `count`. Passed by address, not changed.
  ///   - errors: The ICMP errors between them, each with how many segments came before it.
  ///   - deal: Written over.
  public mutating func deal(
    _ segments: inout [Segment], count: Int, errors: [(position: Int, error: ICMPError)],
    into deal: inout ShardDeal
  ) {
    deal.moment = moment
    moment &+= UInt64(count + errors.count)
    if deal.tags.count < count {
      deal.tags = [UInt32](repeating: 0, count: segments.count)
      deal.clocks = [CaptureTime](repeating: .epoch, count: segments.count)
    }
    deal.ticks.removeAll(keepingCapacity: true)
    var all = segments.mutableSpan
    var first = 0
    for (position, error) in errors {
      look(at: &all, in: first..<position, into: &deal)
      first = position
      clock = max(clock, error.time)
    }
    look(at: &all, in: first..<count, into: &deal)
  }

  @inline(__always)
  private mutating func look(
    at all: inout MutableSpan<Segment>, in range: Range<Int>, into deal: inout ShardDeal
  ) {
    var clock = clock
    var tags = deal.tags.mutableSpan
    for index in range { tags[index] = FlowKey.tag(of: &all[index], seed: seed) }
    var ticks = deal.ticks
    deal.ticks = []
    var clocks = deal.clocks.mutableSpan
    for index in range {
      clock = max(clock, all[index].time)
      clocks[index] = clock
      if clock >= nextSecond {
        ticks.append(index)
        nextSecond = ShardDealer.secondAfter(clock)
      }
    }
    deal.ticks = ticks
    self.clock = clock
  }

  /// When the second after that of a time begins; the time itself in the last second that there is.
  private static func secondAfter(_ time: CaptureTime) -> CaptureTime {
    let remainder = time.nanoseconds % Timers.second
    let next = CaptureTime(nanoseconds: time.nanoseconds - remainder)
      .advanced(byNanoseconds: remainder < 0 ? 0 : Timers.second)
    return next.nanoseconds == .max ? time : next
  }
}
