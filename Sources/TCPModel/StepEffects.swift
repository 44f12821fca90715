import PacketDecoding

/// What one segment does beyond the fields of the endpoints: transitions made, transitions taken
/// back, and what was noticed. One value is used again and again, so that a step allocates nothing.
struct StepEffects {
  var annotations: SegmentAnnotations = []
  /// What the sender's first acknowledgment of the peer's FIN tells about when that arrived.
  var finAnswer: FINAnswer?
  /// In the order in which they happened.
  var changes: [StateChange] = []

  mutating func reset() {
    annotations = []
    finAnswer = nil
    // Cheaper than removeAll(keepingCapacity:) for the few there are.
    while !changes.isEmpty { changes.removeLast() }
  }
}

/// A transition, or the taking back of transitions.
enum StateChange {
  case transition(Transition)
  /// The endpoint never left the state: its transitions since then did not happen.
  case takeBack(Side, to: TCPState)
}

/// What the step of one segment needs to know besides the endpoints.
struct StepContext {
  /// The end that sent the segment.
  var sender: Side
  var time: CaptureTime
  var frame: UInt64
  /// How long a segment that passes us on its way to the sender takes to be answered by one that
  /// passes us again. What the sender says sooner than that says nothing about what it received.
  var senderRoundTrip: Int64
  /// The furthest that a frame of the connection lay behind an earlier one in time.
  var disorder: Int64 = 0
  /// How much longer than need be the segment was on its way here, as its sender's clock tells.
  var lateness: Int64 = 0
  /// Whether another incarnation has taken the 4-tuple.
  var isReplaced = false
  /// Whether nothing that the server says can have been answered to the handshake's ACK yet.
  var isOpening = false

  /// The same with another segment's time and frame.
  func at(_ time: CaptureTime, frame: UInt64) -> StepContext {
    var copy = self
    copy.time = time
    copy.frame = frame
    return copy
  }

  /// Whether what passed then may have been answered by the sender.
  func isAnswerable(since earlier: CaptureTime) -> Bool {
    time.nanoseconds(since: earlier) &- lateness > senderRoundTrip
  }

  /// Whether what passed then has had more than enough time to be answered by the sender: twice the
  /// shortest round trip, and what jitter and a busy host add.
  func isUnanswered(since earlier: CaptureTime) -> Bool {
    time.nanoseconds(since: earlier) &- lateness
      > 2 &* senderRoundTrip &+ disorder &+ StepContext.patience
  }

  private static let patience: Int64 = 5_000_000
}

extension Endpoint {
  /// Moves to `next` because of the segment of the step.
  mutating func move(
    to next: TCPState, _ evidence: Evidence, side: Side, _ context: StepContext,
    _ effects: inout StepEffects, proof: TransitionProof? = nil
  ) {
    guard next != state else { return }
    var transition = Transition(
      endpoint: side, from: state, to: next, evidence: evidence, time: context.time,
      frame: context.frame)
    if let proof { transition.proof = proof }
    effects.changes.append(.transition(transition))
    effects.annotations.insert(.moves)
    state = next
    timerStart = context.time
    if next == .timeWait {
      timeWaitTime = context.time
      timeWaitFrame = context.frame
    }
  }

  /// Returns to `earlier`: what was believed since then did not happen.
  mutating func takeBack(
    to earlier: TCPState, side: Side, _ context: StepContext, _ effects: inout StepEffects
  ) {
    guard earlier != state else { return }
    effects.changes.append(.takeBack(side, to: earlier))
    effects.annotations.insert(.revokes)
    state = earlier
    timerStart = context.time
    timeWaitFrame = 0
    if earlier != .closing { wasClosing = false }
  }
}
