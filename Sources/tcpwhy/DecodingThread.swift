import Dispatch
import Synchronization

/// Reads and decodes an input on a thread of its own, while the caller tracks what was decoded
/// before. Batches come out in the order of the input, so nothing depends on who is faster.
final class DecodingThread: Sendable {
  private struct State {
    var filled: [SegmentBatch] = []
    var empty: [SegmentBatch] = []
    var summary: SourceSummary?
  }

  private let state: Mutex<State>
  /// Counts filled batches, and the end.
  private let isFilled = DispatchSemaphore(value: 0)
  /// Counts empty ones.
  private let isEmpty: DispatchSemaphore

  /// Batches on the way at once.
  private static let depth = 4
  /// Segments of a batch: enough to make the hand-over cheap, few enough to stay in the caches.
  private static let capacity = 512

  init(_ input: CaptureInput) {
    let batches = (0..<DecodingThread.depth).map { _ in
      SegmentBatch(capacity: DecodingThread.capacity)
    }
    state = Mutex(State(empty: batches))
    // Not made with that value: a semaphore may not go with less than it came with.
    isEmpty = DispatchSemaphore(value: 0)
    for _ in 0..<DecodingThread.depth { isEmpty.signal() }
    DispatchQueue(label: "decoding").async { [self] in run(SegmentSource(input)) }
  }

  private func run(_ source: consuming SegmentSource) {
    while true {
      isEmpty.wait()
      var batch = state.withLock { $0.empty.removeLast() }
      guard source.read(into: &batch) else { break }
      state.withLock { state in
        state.filled.append(batch)
        batch = SegmentBatch(capacity: 0)
      }
      isFilled.signal()
    }
    let summary = source.finish()
    state.withLock { $0.summary = summary }
    isFilled.signal()
  }

  /// Exchanges `batch`, which is done with, for the next one. False at the end.
  func read(into batch: inout SegmentBatch) -> Bool {
    isFilled.wait()
    // In one go: who held a batch still while the other one fills it would have it copied.
    let (isRead, isGiven) = state.withLock { state in
      guard !state.filled.isEmpty else { return (false, false) }
      var next = state.filled.removeFirst()
      swap(&batch, &next)
      guard next.segments.count == DecodingThread.capacity else { return (true, false) }
      state.empty.append(next)
      return (true, true)
    }
    if isGiven { isEmpty.signal() }
    return isRead
  }

  /// What is to be said of the input as a whole, once `read` has returned false.
  func finish() -> SourceSummary {
    state.withLock { $0.summary } ?? SourceSummary()
  }
}
