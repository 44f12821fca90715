import DequeModule
import Dispatch
import Synchronization
import TCPModel

/// Reads and decodes an input on a thread of its own, while the caller tracks what was decoded
/// before. Batches come out in the order of the input, so nothing depends on who is faster.
///
/// To put a thread to sleep and wake it costs as much as to decode a hundred segments. So who waits is
/// woken when there is work for a while: half of the batches, or all that can be had for now.
final class DecodingThread: Sendable {
  private struct State {
    var filled = Deque<SegmentBatch>()
    var empty: [SegmentBatch] = []
    /// Batches that may still be made.
    var unmade: Int
    /// Whether batches are prepared for shards.
    var isDealing: Bool
    var summary: SourceSummary?
    var isReaderWaiting = false
    var isCallerWaiting = false
  }

  private let state: Mutex<State>
  /// Signalled to the thread when it waits for empty batches.
  private let hasEmpty = DispatchSemaphore(value: 0)
  /// Signalled to the caller when it waits for filled ones, or for the end.
  private let hasFilled = DispatchSemaphore(value: 0)

  /// Batches on the way at once.
  private let depth: Int

  /// - Parameter dealer: Prepares the batches for shards, if there are any. They are read in rounds then.
  init(_ input: CaptureInput, dealer: ShardDealer? = nil) {
    depth = dealer == nil ? 16 : 64
    state = Mutex(State(unmade: depth, isDealing: dealer != nil))
    DispatchQueue(label: "decoding").async { [self] in run(SegmentSource(input), dealer) }
  }

  private func run(_ source: consuming SegmentSource, _ dealer: ShardDealer?) {
    var dealer = dealer
    while true {
      var batch = takeEmpty()
      guard source.read(into: &batch) else { break }
      if dealer != nil, !state.withLock({ $0.isDealing }) { dealer = nil }
      dealer?.deal(
        &batch.segments, count: batch.count, errors: batch.errors.count, into: &batch.deal)
      hand(over: &batch)
    }
    let summary = source.finish()
    let isAwaited = state.withLock { state in
      state.summary = summary
      return state.isCallerWaiting
    }
    if isAwaited { hasFilled.signal() }
  }

  /// Takes an empty batch, once there is one.
  private func takeEmpty() -> SegmentBatch {
    while true {
      let (batch, isNew) = state.withLock { state in
        let batch = state.empty.popLast()
        let isNew = batch == nil && state.unmade > 0
        if isNew { state.unmade -= 1 }
        state.isReaderWaiting = batch == nil && !isNew
        return (batch, isNew)
      }
      if let batch { return batch }
      if isNew { return SegmentBatch(capacity: ConnectionTracker.batchSize) }
      hasEmpty.wait()
    }
  }

  /// Lets the caller have a filled batch, and nobody else hold it: it would be copied.
  private func hand(over batch: inout SegmentBatch) {
    let isAwaited = state.withLock { state in
      let isAll = batch.isCaughtUp
      state.filled.append(batch)
      batch = SegmentBatch(capacity: 0)
      guard state.isCallerWaiting, isAll || state.filled.count >= depth / 2 else {
        return false
      }
      state.isCallerWaiting = false
      return true
    }
    if isAwaited { hasFilled.signal() }
  }

  /// Exchanges `batch`, which is done with, for the next one. False at the end.
  func read(into batch: inout SegmentBatch) -> Bool {
    while true {
      let (isRead, isEnd, isAwaited) = state.withLock { state in
        guard var next = state.filled.popFirst() else {
          state.isCallerWaiting = state.summary == nil
          return (false, !state.isCallerWaiting, false)
        }
        swap(&batch, &next)
        state.empty.append(next)
        return (true, false, wakesReader(&state))
      }
      if isAwaited { hasEmpty.signal() }
      if isRead || isEnd { return isRead }
      hasFilled.wait()
    }
  }

  /// Whether the thread waits for batches and is to go on.
  private func wakesReader(_ state: inout State) -> Bool {
    guard state.isReaderWaiting, !state.empty.isEmpty,
      state.filled.isEmpty || state.empty.count >= depth / 2
    else { return false }
    state.isReaderWaiting = false
    return true
  }

  /// Takes the next batches, to where all is decoded that was read at one go.
  ///
  /// - Parameters:
  ///   - packets: Enough, if there are more.
  ///   - round: Empty; and still so at the end, or when there is nothing yet and nobody is to wait.
  ///   - waits: Whether to wait if there is nothing.
  /// - Returns: False at the end.
  func read(_ packets: UInt64, into round: inout [SegmentBatch], waits: Bool) -> Bool {
    var count: UInt64 = 0
    while true {
      let (isRead, isEnd, isAwaited) = state.withLock { state in
        var isEnough = false
        while !isEnough, let next = state.filled.popFirst() {
          count += next.packets
          isEnough =
            next.isCaughtUp && (count >= packets || round.count >= DecodingThread.mostBatches)
          round.append(next)
        }
        let isWhole = round.last?.isCaughtUp ?? !waits
        let isEnd = state.filled.isEmpty && state.summary != nil
        state.isCallerWaiting = !isWhole && !isEnd
        return (isWhole, isEnd, wakesReader(&state))
      }
      if isAwaited { hasEmpty.signal() }
      if isEnd { return !round.isEmpty }
      if isRead { return true }
      hasFilled.wait()
    }
  }

  /// Batches of a round after which it ends when it can: with all that is read at one go still less
  /// than half of what there is, as one round is prepared while another is tracked.
  private static let mostBatches = 12

  /// No batch needs to be prepared for shards any more.
  func endDealing() { state.withLock { $0.isDealing = false } }

  /// Gives batches back that are done with, so that nobody else holds them.
  func giveBack(_ batches: inout [SegmentBatch]) {
    guard !batches.isEmpty else { return }
    let isAwaited = state.withLock { state in
      state.empty.append(contentsOf: batches)
      batches = []
      return wakesReader(&state)
    }
    if isAwaited { hasEmpty.signal() }
  }

  /// What is to be said of the input as a whole, once `read` has returned false.
  func finish() -> SourceSummary {
    state.withLock { $0.summary } ?? SourceSummary()
  }
}
