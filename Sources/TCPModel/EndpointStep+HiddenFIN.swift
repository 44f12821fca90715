import PacketDecoding

// A FIN that the capture does not contain, or contains later than its answer. What shows it: an
// acknowledgment, or a sequence number of its sender's, one past all that passed, and an end that
// goes on as after a FIN. Until more is known, that could be an octet of data as well; so what is
// assumed here is taken back when the sender goes on differently.

extension Endpoint {
  /// Whether an acknowledgment by the peer covers one octet that this endpoint has not been seen to
  /// send, and nothing has come after it.
  func seemsToHaveClosed(acknowledgment: SequenceNumber) -> Bool {
    guard marks.contains(.seen), !marks.contains(.finSent) else { return false }
    return acknowledgment == sendNext + 1 || suspectsFIN && acknowledgment == sendNext
  }

  /// Whether the last octet it has sent is suspected to be its FIN.
  var suspectsFIN: Bool {
    (hiddenFIN == .suspected || hiddenFIN == .suspectedCrossing) && sendNext == finSequence + 1
  }

  /// An octet of this endpoint is missing from the capture: `sendNext` is about to pass over it.
  ///
  /// - Parameter isCrossing: Whether what shows it was the first to acknowledge such an octet of the peer.
  mutating func suspectFIN(next: SequenceNumber, isCrossing: Bool = false) {
    guard next == sendNext + 1, marks.contains(.seen), !marks.contains(.finSent) else { return }
    hiddenFIN = isCrossing ? .suspectedCrossing : .suspected
    finSequence = sendNext
  }

  /// Whether this endpoint's FIN acknowledged the octet at `position`.
  func hasAnswered(_ position: SequenceNumber) -> Bool {
    guard marks.contains(.finSent), marks.contains(.establishedConfirmed) else { return false }
    switch state {
    case .finWait1, .finWait2, .lastAck:
      return position.precedes(finAcknowledgment)
    case .closed:
      return marks.contains([.closedSecond, .finAcknowledged])
        && marks.isDisjoint(with: [.reset, .wasReset, .timedOut, .released])
        && position.precedes(finAcknowledgment)
    case .listen, .synSent, .synReceived, .established, .closeWait, .closing, .timeWait:
      return false
    }
  }

  // MARK: - Assumed

  /// The peer's FIN, not seen, is what this endpoint's first FIN answers.
  mutating func assumeFirstFIN(
    peer: inout Endpoint, _ context: StepContext, _ effects: inout StepEffects
  ) {
    let side = context.sender
    peer.assumeFIN(at: finAcknowledgment - 1, acknowledging: finSequence)
    if context.isOpening, side == .client, marks.contains(.fastOpen),
      !peer.marks.contains(.establishedConfirmed)
    {
      // Sent before the handshake's ACK could have reached it (RFC 7413 §4.2.2).
      peer.takeBack(to: .synReceived, side: side.peer, context, &effects)
    }
    peer.move(to: .finWait1, .assumed, side: side.peer, context, &effects)
    marks.formUnion([.finArrived, .finArrivalConfirmed, .closedSecond])
    move(to: .closeWait, .assumed, side: side, context, &effects)
    move(to: .lastAck, .sent, side: side, context, &effects)
  }

  /// The same of a peer that has reset the connection since. What it went through is not known.
  mutating func assumeFINBeforeReset(
    _ context: StepContext, _ effects: inout StepEffects
  ) {
    marks.formUnion([.finArrived, .finArrivalConfirmed, .closedSecond])
    move(to: .closeWait, .assumed, side: context.sender, context, &effects)
    move(to: .lastAck, .sent, side: context.sender, context, &effects)
  }

  /// The peer's FIN, not seen, crossed one of this endpoint that was not seen before it came again: its
  /// last segment acknowledged that FIN from behind its own, which had it left later would have done so.
  mutating func assumeCrossedFINs(
    peer: inout Endpoint, _ context: StepContext, _ effects: inout StepEffects
  ) {
    let side = context.sender
    let answer = context.at(lastTime, frame: lastFrame)
    peer.assumeFIN(at: finAcknowledgment - 1, acknowledging: finSequence)
    peer.move(to: .finWait1, .assumed, side: side.peer, answer, &effects)
    move(to: .finWait1, .assumed, side: side, answer, &effects)
    receiveFIN(side: side, at: peer.finSequence, answer, &effects, .assumed)
    marks.insert(.finArrivalConfirmed)
    peer.receiveACKofFIN(side: side.peer, answer, &effects, nil)
  }

  /// This endpoint, which has closed, acknowledges the FIN of a peer that was in CLOSE-WAIT.
  mutating func assumeSecondFIN(
    peer: inout Endpoint, _ context: StepContext, _ effects: inout StepEffects
  ) {
    let side = context.sender
    peer.assumeFIN(at: receiveNext - 1, acknowledging: finSequence + 1)
    peer.marks.insert(.closedSecond)
    peer.move(to: .lastAck, .assumed, side: side.peer, context, &effects)
    marks.formUnion([.finArrived, .finArrivalConfirmed])
    // It bore the acknowledgment of this one.
    if state == .finWait1 { move(to: .finWait2, .assumed, side: side, context, &effects) }
    move(to: .timeWait, .assumed, side: side, context, &effects)
  }

  /// Whether the segment, the first that acknowledges the peer's FIN, says by its sequence number that
  /// this endpoint's own FIN had left before that arrived: had it left later, it would have borne that
  /// acknowledgment itself. Unless the segment reports that the peer's FIN has come before.
  func hadSentHiddenFIN(_ peer: Endpoint, _ segment: Segment) -> Bool {
    let sequence = SequenceNumber(segment.sequence)
    return (state == .closeWait || state == .established) && marks.contains(.seen)
      && !marks.contains(.finSent)
      && segment.sequenceLength == 0 && peer.finCount == 1 && !segment.reportsDuplicate
      && (sequence == sendNext + 1 || suspectsFIN && sequence == sendNext)
  }

  /// This endpoint's FIN, not seen, crossed the peer's.
  mutating func assumeCrossingFIN(
    peer: inout Endpoint, _ segment: Segment, _ context: StepContext, _ effects: inout StepEffects
  ) {
    let side = context.sender
    assumeFIN(at: SequenceNumber(segment.sequence) - 1, acknowledging: peer.finSequence)
    takeBack(to: .established, side: side, context, &effects)
    move(
      to: .finWait1, .assumed, side: side,
      context.at(peer.lastFINTime, frame: context.frame), &effects)
    receiveFIN(
      side: side, at: peer.finSequence,
      context.at(peer.lastFINTime, frame: peer.lastFINFrame), &effects)
    if finSequence.precedes(peer.receiveNext) {
      // Acknowledged before anybody could know what that was.
      let arrival = context.at(peer.lastTime, frame: peer.lastFrame)
      receiveACKofFIN(side: side, arrival, &effects, nil)
      peer.marks.insert(.finArrivalConfirmed)
      peer.receiveFIN(side: side.peer, at: finSequence, arrival, &effects, .assumed)
    }
  }

  /// Whether the peer's FIN, not seen, had left before the ACK of this endpoint's own, and arrived
  /// before that: so it has if its acknowledgment says that nothing newer had arrived, or comes as soon
  /// as one to a FIN that was not sent again.
  func receivedCrossingFIN(
    _ peer: Endpoint, _ segment: Segment, _ context: StepContext
  ) -> Bool {
    guard state == .finWait2, peer.hiddenFIN == .assumed, peer.finCount == 0 else { return false }
    if segment.hasTimestamps, peer.lastTime == finAcknowledgedTime,
      TimestampValue(segment.timestampEchoReply).precedes(peer.newestTimestamp)
    {
      return true
    }
    return !context.isUnanswered(since: finAcknowledgedTime)
  }

  /// The peer's FIN, not seen, had left before the ACK of this endpoint's own: so it arrived before
  /// that, and in FIN-WAIT-1.
  mutating func receiveCrossingFIN(
    side: Side, _ context: StepContext, _ effects: inout StepEffects
  ) {
    let arrival = context.at(finAcknowledgedTime, frame: context.frame)
    takeBack(to: .finWait1, side: side, context, &effects)
    marks.formUnion([.finArrived, .simultaneous])
    wasClosing = true
    move(to: .closing, .assumed, side: side, arrival, &effects)
    move(to: .timeWait, .assumed, side: side, arrival, &effects)
  }

  private mutating func assumeFIN(at position: SequenceNumber, acknowledging: SequenceNumber) {
    hiddenFIN = .assumed
    marks.insert(.finSent)
    finSequence = position
    finAcknowledgment = acknowledging
  }

  // MARK: - Shown

  /// This endpoint's FIN passes after the peer's, which had answered it: the capture is out of order,
  /// or has only the FIN's repetition.
  mutating func showFIN(
    peer: inout Endpoint, _ segment: Segment, _ context: StepContext, _ effects: inout StepEffects
  ) {
    let side = context.sender
    let answer = context.at(peer.lastFINTime, frame: peer.lastFINFrame)
    let hasArrived = marks.contains(.finArrived)
    takeBack(to: .established, side: side, context, &effects)
    marks.remove([.finArrived, .finAcknowledged])
    move(to: .finWait1, .sent, side: side, context, &effects)

    peer.takeBack(to: .established, side: side.peer, context, &effects)
    peer.marks.formUnion([.finArrived, .finArrivalConfirmed, .closedSecond])
    peer.marks.remove(.finAcknowledged)
    peer.receiveNext = SequenceNumber.latest(peer.receiveNext, finSequence + 1)
    peer.move(
      to: .closeWait, .received, side: side.peer,
      context.at(min(context.time, answer.time), frame: context.frame), &effects,
      proof: TransitionProof(fin: finSequence))
    peer.move(to: .lastAck, .sent, side: side.peer, answer, &effects)

    if hasArrived, marks.contains(.finArrivalConfirmed) || !context.isUnanswered(since: answer.time)
    {
      let arrival = context.at(max(context.time, answer.time), frame: answer.frame)
      receiveACKofFIN(side: side, arrival, &effects, TransitionProof(fin: peer.finSequence))
      receiveFIN(side: side, at: peer.finSequence, arrival, &effects)
    } else {
      receiveNext = SequenceNumber(segment.acknowledgment)
    }
    if peer.finSequence.precedes(peer.sendUnacknowledged) {
      peer.receiveACKofFIN(side: side.peer, context, &effects, nil)
    }
  }

  // MARK: - Contradicted

  /// This endpoint, whose FIN was assumed, sends on. Called before the segment is looked at otherwise.
  mutating func reconsiderFIN(
    peer: inout Endpoint, _ segment: Segment, _ context: StepContext, _ effects: inout StepEffects
  ) {
    let sequence = SequenceNumber(segment.sequence)
    let end = sequence + segment.payloadLength
    if segment.flags.contains(.fin) ? end != finSequence : finSequence.precedes(end) {
      if !segment.flags.contains(.fin), segment.payloadLength == 0, end == finSequence + 1 {
        if hasCrossed(peer, segment, context) {
          crossFIN(peer: &peer, .assumed, side: context.sender, context, &effects)
        }
        return
      }
      withdrawFIN(peer: &peer, segment, context, &effects)
    }
  }

  /// Whether a pure ACK of the peer's FIN shows that the FIN before it, held to have borne that ACK,
  /// had not. It may be drawn by the SYN of another call as well.
  private func hasCrossed(
    _ peer: Endpoint, _ segment: Segment, _ context: StepContext
  ) -> Bool {
    marks.contains(.closedSecond) && !marks.contains(.finArrivalConfirmed)
      && !(context.isReplaced && context.isUnanswered(since: peer.lastFINTime))
      && (peer.finCount == 1 || reportsDuplicates(of: peer) && !segment.reportsDuplicate)
      && peer.finSequence.precedes(SequenceNumber(segment.acknowledgment))
  }

  /// The FIN, held to have answered the peer's, was sent before that arrived.
  mutating func crossFIN(
    peer: inout Endpoint, _ evidence: Evidence, side: Side, _ context: StepContext,
    _ effects: inout StepEffects
  ) {
    let passing = context.at(peer.lastFINTime, frame: peer.lastFINFrame)
    guard state == .closed, marks.contains(.finAcknowledged) else { return }
    let acknowledgment = context.at(finAcknowledgedTime, frame: peer.lastFrame)
    marks.remove(.closedSecond)
    takeBack(to: .established, side: side, context, &effects)
    move(
      to: .finWait1, evidence, side: side, context.at(passing.time, frame: context.frame), &effects)
    receiveFIN(side: side, at: peer.finSequence, passing, &effects)
    receiveACKofFIN(side: side, acknowledgment, &effects, nil)
    if peer.state == .timeWait, !peer.marks.contains(.finAcknowledged) {
      // Nor can it have acknowledged the peer's then.
      let arrival = context.at(peer.timeWaitTime, frame: peer.timeWaitFrame)
      peer.takeBack(to: .finWait1, side: side.peer, context, &effects)
      peer.receiveFIN(side: side.peer, at: finSequence, arrival, &effects, .assumed)
    }
  }

  /// What was taken for its FIN was an octet of data.
  mutating func withdrawFIN(
    peer: inout Endpoint, _ segment: Segment, _ context: StepContext, _ effects: inout StepEffects
  ) {
    hiddenFIN = .none
    guard marks.isDisjoint(with: [.reset, .wasReset, .timedOut, .released]),
      peer.marks.isDisjoint(with: [.reset, .wasReset, .timedOut, .released]),
      !state.isIdle
        || marks.contains(.closedSecond)
    else { return }
    let side = context.sender
    let closedSecond = marks.contains(.closedSecond)
    let wasAnswered = peer.marks.contains(.finArrived)
    marks.remove([.finSent, .finAcknowledged, .closedSecond])
    peer.marks.remove([.finArrived, .finArrivalConfirmed])
    if closedSecond {
      takeBack(to: .closeWait, side: side, context, &effects)
      peer.takeBack(
        to: peer.marks.contains(.finAcknowledged) ? .finWait2 : .finWait1, side: side.peer, context,
        &effects)
      return
    }
    let passing = context.at(peer.lastFINTime, frame: peer.lastFINFrame)
    takeBack(to: .established, side: side, context, &effects)
    if marks.contains(.finArrived) {
      receiveFIN(side: side, at: peer.finSequence, passing, &effects)
    }
    guard wasAnswered else { return }
    peer.marks.remove([.closedSecond, .finAcknowledged])
    peer.takeBack(to: .established, side: side.peer, context, &effects)
    peer.move(to: .finWait1, .sent, side: side.peer, passing, &effects)
    if peer.finSequence.precedes(peer.sendUnacknowledged) {
      peer.receiveACKofFIN(
        side: side.peer, context.at(lastTime, frame: lastFrame), &effects, nil)
    }
  }
}

extension TransitionProof {
  /// That the FIN at a sequence number arrived.
  init(fin position: SequenceNumber) {
    self.init()
    end = position + 1
    hasLength = true
  }
}
