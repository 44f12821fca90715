import Dispatch
import PacketDecoding
import Synchronization
import TCPModel

/// A shard and its work, on a thread of its own but for the first one.
final class ShardWorker: Sendable {
  /// What a shard is asked to do.
  struct Round: Sendable {
    /// The ids of the connections begun in the round before; nil if it was none.
    var numbers: ShardNumbers?
    /// How many connections are to be handed out then, about.
    var most = 0
    /// What is to be processed then.
    var batches: [SegmentBatch] = []
    /// Whether the input has ended before this round.
    var isLast = false
  }

  /// What came of it.
  struct Report: Sendable {
    /// The moments at which connections began.
    var openings: [UInt64] = []
    /// The moments at which connections were settled, and how many.
    var settlings: [(moment: UInt64, count: Int)] = []
    /// What the shard holds now.
    var load = ShardLoad()
    /// The latest time it knows, the same for all.
    var now = CaptureTime(nanoseconds: .min)
    /// Whether all connections were handed out that were settled before the round, or at the end of the
    /// input.
    var hasHandedOutAll = true
    /// How many have been settled and not handed out.
    var waiting = 0
  }

  private struct State: ~Copyable {
    /// Nil once it has been given away.
    var shard: TrackerShard?
    var round: Round?
    var settled = SettledBatch()
    var report = Report()
  }

  private let state: Mutex<State>
  private let interest: ConnectionInterest
  private let hasThread: Bool
  /// Signalled when there is a round to do, and when it has been done.
  private let hasRound = DispatchSemaphore(value: 0)
  private let isDone = DispatchSemaphore(value: 0)

  init(_ options: TrackerOptions, _ interest: ConnectionInterest, index: Int, of count: Int) {
    self.interest = interest
    hasThread = index > 0
    state = Mutex(State(shard: TrackerShard(options: options, index: index, of: count)))
    if hasThread { DispatchQueue(label: "tracking").async { [self] in run() } }
  }

  private func run() {
    while true {
      hasRound.wait()
      guard work() else { return }
      isDone.signal()
    }
  }

  /// Begins a round, once that before is done.
  func begin(_ round: Round) {
    state.withLock { $0.round = round }
    if hasThread { hasRound.signal() }
  }

  /// Ends the thread, once its round is done.
  func end() {
    if hasThread { hasRound.signal() }
  }

  /// Waits until the round is done, or does it.
  func finish() {
    if hasThread { isDone.wait() } else { _ = work() }
  }

  /// Does a round. False if there is none.
  private func work() -> Bool {
    state.withLock { state in
      guard var round = state.round.take(), var shard = state.shard.take() else { return false }
      if let numbers = round.numbers { shard.adopt(numbers) }
      if round.most > 0 { state.settled.fill(from: &shard, interest, most: round.most) }
      var hasMore = shard.settledCount > 0
      let moment = round.batches.first?.deal.moment ?? .max
      for batch in round.batches {
        shard.process(batch.segments, count: batch.count, errors: batch.errors, batch.deal)
      }
      // Nobody but the one who gave them holds them then.
      round.batches = []
      if round.isLast {
        shard.tracker.finish()
        hasMore = shard.settledCount > 0
      }
      state.report.hasHandedOutAll = !hasMore
      state.report.waiting = shard.settledCount
      state.report.openings = shard.openings
      state.report.settlings = shard.settlings(since: moment)
      state.report.load = shard.load
      state.report.now = shard.tracker.now
      state.shard = consume shard
      return true
    }
  }

  /// Between rounds: exchanges connections that were done with for those that were handed out.
  func exchange(_ settled: inout SettledBatch) -> Report {
    state.withLock { state in
      if settled.isEmpty { swap(&settled, &state.settled) }
      return state.report
    }
  }

  /// Between rounds, for the last time: the shard.
  func takeShard() -> TrackerShard? { state.withLock { $0.shard.take() } }
}
