import PacketDecoding
import TCPModel

/// Tracks the connections of an input in shards, each on a thread of its own but for the first, which is
/// the caller's. The input is taken in rounds: while the shards work on one, the caller is handed what
/// was settled before the last one, in the order in which one tracker would have settled it.
struct ShardedTracking: ~Copyable {
  private let options: TrackerOptions
  private let workers: [ShardWorker]
  private var numbering = ShardNumbering()
  /// What is being processed, and whether anything is being done.
  private var round: [SegmentBatch] = []
  private var isAtWork = false
  /// The ids of the connections begun in the round before.
  private var numbers: ShardNumbers?
  // By shard: what the last round came to, and connections to be handed out.
  private var reports: [ShardWorker.Report]
  private var settled: [SettledBatch]
  /// How many connections of each cannot be handed out yet.
  private var rests: [Int]
  /// Where the connections are that come next, in their order, and how many have been handed out.
  private var order: [(shard: Int, index: Int)] = []
  private var position = 0
  /// TCP segments taken.
  private(set) var segments: UInt64 = 0

  /// Packets of a round, about; at most twice as many. To wait for each other costs as much as a few
  /// dozen.
  static var roundSize: UInt64 { 4096 }

  /// Connections that a shard hands out at once, about: as many as can begin in a round.
  private static var mostSettled: Int { 8192 }

  init(_ options: TrackerOptions, _ interest: ConnectionInterest, shards: Int) {
    self.options = options
    workers = (0..<shards).map { ShardWorker(options, interest, index: $0, of: shards) }
    reports = [ShardWorker.Report](repeating: ShardWorker.Report(), count: shards)
    settled = [SettledBatch](repeating: SettledBatch(), count: shards)
    rests = [Int](repeating: 0, count: shards)
  }

  deinit {
    for worker in workers { worker.end() }
  }

  /// Ends the round that is being done, if there is one.
  ///
  /// - Parameter done: Given its batches, which are done with.
  mutating func finishRound(_ done: inout [SegmentBatch]) {
    guard isAtWork else { return }
    isAtWork = false
    for worker in workers { worker.finish() }
    for shard in workers.indices { reports[shard] = workers[shard].exchange(&settled[shard]) }
    if let first = round.first, let last = round.last {
      let end = last.deal.moment + UInt64(last.count + last.errors.count)
      numbers = numbering.number(
        first.deal.moment..<end, reports.map(\.openings), reports.flatMap(\.settlings))
    } else {
      numbers = nil
    }
    arrange()
    done += round
    round = []
  }

  /// Whether batches can be processed without making room for new connections, which shards cannot.
  /// To be asked between rounds.
  func hasRoom(for batches: [SegmentBatch]) -> Bool {
    ShardLoad.leavesRoom(
      for: batches.reduce(0) { $0 + $1.count + $1.errors.count }, beside: reports.map(\.load),
      options)
  }

  /// Begins a round, between rounds.
  ///
  /// - Parameters:
  ///   - batches: The next ones of the input.
  ///   - isLast: Whether the input ends with them.
  mutating func begin(_ batches: [SegmentBatch], isLast: Bool = false) {
    for (shard, worker) in workers.enumerated() {
      worker.begin(
        ShardWorker.Round(
          numbers: numbers, most: rests[shard] == 0 ? ShardedTracking.mostSettled : 0,
          batches: batches, isLast: isLast))
    }
    for batch in batches { segments += UInt64(batch.count) }
    round = batches
    isAtWork = true
  }

  /// The latest time seen.
  var now: CaptureTime { reports[0].now }

  // MARK: - Handing out

  /// Whether nothing is being done, and all that was settled has been handed out.
  var isIdle: Bool {
    !isAtWork && numbers == nil
      && workers.indices.allSatisfy { settled[$0].isEmpty && reports[$0].hasHandedOutAll }
  }

  /// Whether so many connections wait that they should be handed out before more are begun.
  var isBehind: Bool { reports.contains { $0.waiting > ShardedTracking.mostSettled } }

  /// Finds out in which order connections are to be handed out, as far as they are there.
  private mutating func arrange() {
    order.removeAll(keepingCapacity: true)
    position = 0
    var next = settled.map(\.next)
    // Where a shard has more than are here, nobody knows which of others come before those.
    let ends = reports.map { $0.hasHandedOutAll ? SettledPlace.last : SettledPlace.first }
    var places = settled.indices.map { settled[$0].place(next[$0]) ?? ends[$0] }
    while true {
      var first = 0
      for shard in 1..<places.count where places[shard] < places[first] { first = shard }
      guard next[first] < settled[first].count else { break }
      order.append((first, next[first]))
      next[first] += 1
      places[first] = settled[first].place(next[first]) ?? ends[first]
    }
    rests = settled.indices.map { settled[$0].count - next[$0] }
  }

  /// Whose connection will be handed out after `distance` others, or nil if nobody knows yet.
  func upcoming(after distance: Int) -> UpcomingConnection? {
    guard position + distance < order.count else { return nil }
    let place = order[position + distance]
    return settled[place.shard].upcoming(place.index)
  }

  /// Whether there is a connection to be handed out.
  var hasSettled: Bool { position < order.count }

  /// Calls `brief` or `history` with the next connection that is done.
  ///
  /// - Parameter brief: Takes the brief and, if every connection is wanted, the line of one that is
  ///   uneventful. Both are passed by address, to be left as they are.
  mutating func handOut(
    brief: (inout ConnectionBrief, inout ConnectionLine) -> Void,
    history: (TrackedConnection) -> Void
  ) {
    let shard = order[position].shard
    position += 1
    settled[shard].handOut(brief, history)
  }

  // MARK: - The end

  /// One tracker that goes on where the shards are; nothing may be being done, nor wait to be handed
  /// out.
  mutating func merge() -> ConnectionTracker? {
    precondition(isIdle)
    guard var all = workers[0].takeShard() else { return nil }
    for worker in workers.dropFirst() {
      if let other = worker.takeShard() { all.takeOver(other) }
    }
    return all.merged(segments: segments, numbering)
  }
}
