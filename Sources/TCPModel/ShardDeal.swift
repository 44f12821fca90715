public import PacketDecoding

/// What every shard has to know of a batch of segments, of which it takes its own: to whom each
/// belongs, and what time it is, which the segments of others tell as well.
public struct ShardDeal: Sendable {
  /// How many segments and ICMP errors of the input were before the batch.
  public fileprivate(set) var moment: UInt64 = 0
  /// By segment, the hash of its 4-tuple; there may be more after those of the batch.
  fileprivate(set) var tags: [UInt32] = []
  /// By segment, the latest time of segments, its own included. Every shard takes every ICMP error, and
  /// learns from it what time it is.
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
  /// When the second after that of the last tick begins.
  private var nextSecond = CaptureTime(nanoseconds: .min)

  /// - Parameter options: Those of the trackers.
  public init(options: TrackerOptions) {
    seed = options.hashSeed
  }

  /// Prepares the next batch.
  ///
  /// - Parameters:
  ///   - segments: Those of the batch are the first `count`. Passed by address, not changed.
  ///   - errors: How many ICMP errors are between them.
  ///   - deal: Written over.
  public mutating func deal(
    _ segments: inout [Segment], count: Int, errors: Int, into deal: inout ShardDeal
  ) {
    deal.moment = moment
    moment &+= UInt64(count + errors)
    if deal.tags.count < count {
      deal.tags = [UInt32](repeating: 0, count: segments.count)
      deal.clocks = [CaptureTime](repeating: .epoch, count: segments.count)
    }
    var all = segments.mutableSpan
    var tags = deal.tags.mutableSpan
    for index in 0..<count { tags[index] = FlowKey.tag(of: &all[index], seed: seed) }
    var ticks = deal.ticks
    deal.ticks = []
    ticks.removeAll(keepingCapacity: true)
    var clocks = deal.clocks.mutableSpan
    for index in 0..<count {
      clock = max(clock, all[index].time)
      clocks[index] = clock
      if clock >= nextSecond {
        ticks.append(index)
        nextSecond = ShardDealer.secondAfter(clock)
      }
    }
    deal.ticks = ticks
  }

  /// When the second after that of a time begins; the time itself in the last second that there is.
  private static func secondAfter(_ time: CaptureTime) -> CaptureTime {
    let remainder = time.nanoseconds % Timers.second
    let next = CaptureTime(nanoseconds: time.nanoseconds - remainder)
      .advanced(byNanoseconds: remainder < 0 ? 0 : Timers.second)
    return next.nanoseconds == .max ? time : next
  }
}
