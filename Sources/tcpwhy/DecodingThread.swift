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
    var empty: [SegmentBatch]
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
  private static let depth = 16

  init(_ input: CaptureInput) {
    let batches = (0..<DecodingThread.depth).map { _ in
      SegmentBatch(capacity: ConnectionTracker.batchSize)
    }
    state = Mutex(State(empty: batches))
    DispatchQueue(label: "decoding").async { [self] in run(SegmentSource(input)) }
  }

  private func run(_ source: consuming SegmentSource) {
    while true {
      var batch = takeEmpty()
      guard source.read(into: &batch) else { break }
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
      let batch = state.withLock { state in
        state.isReaderWaiting = state.empty.isEmpty
        return state.empty.popLast()
      }
      if let batch { return batch }
      hasEmpty.wait()
    }
  }

  /// Lets the caller have a filled batch, and nobody else hold it: it would be copied.
  private func hand(over batch: inout SegmentBatch) {
    let isAwaited = state.withLock { state in
      let isAll = batch.isCaughtUp
      state.filled.append(batch)
      batch = SegmentBatch(capacity: 0)
      guard state.isCallerWaiting, isAll || state.filled.count >= DecodingThread.depth / 2 else {
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
        guard state.isReaderWaiting, state.empty.count >= DecodingThread.depth / 2 else {
          return (true, false, false)
        }
        state.isReaderWaiting = false
        return (true, false, true)
      }
      if isAwaited { hasEmpty.signal() }
      if isRead || isEnd { return isRead }
      hasFilled.wait()
    }
  }

  /// What is to be said of the input as a whole, once `read` has returned false.
  func finish() -> SourceSummary {
    state.withLock { $0.summary } ?? SourceSummary()
  }
}
