import PacketDecoding

// How an endpoint closes by sending: its FIN, the FIN again, and its acknowledgment of the peer's.

extension Endpoint {
  /// What this endpoint's acknowledgment number says it has received.
  mutating func acknowledge(
    _ acknowledgment: SequenceNumber, peer: inout Endpoint, _ segment: Segment,
    _ context: StepContext,
    _ effects: inout StepEffects
  ) {
    let isBehindHole = peer.marks.contains(.finSent) && receiveNext.precedes(peer.finSequence)
    if receiveNext.precedes(acknowledgment) {
      receiveNext = acknowledgment
      marks.insert(.acknowledgedSomething)
      forgetHoles()
      if peer.marks.contains(.finSent), !marks.contains(.finArrived), peer.finCount > 0,
        peer.finSequence.precedes(receiveNext), !peer.finSequence.precedes(acknowledgment)
      {
        // What a FIN had waited for is there.
        receiveFINAsPassed(of: peer, context, &effects)
      }
    }
    guard peer.marks.contains(.finSent), peer.finSequence.precedes(acknowledgment) else {
      if state != .established {
        goOnWithoutFIN(acknowledgment, peer: &peer, segment, context, &effects)
      }
      return
    }
    if !marks.contains(.finArrivalConfirmed) {
      acknowledgeFIN(peer: &peer, segment, isBehindHole: isBehindHole, context, &effects)
    }
    if state == .timeWait { timerStart = context.time }
  }

  /// It acknowledges the peer's FIN for the first time.
  ///
  /// - Parameter isBehindHole: Whether data before the FIN is missing from the capture, or was.
  private mutating func acknowledgeFIN(
    peer: inout Endpoint, _ segment: Segment, isBehindHole: Bool = false, _ context: StepContext,
    _ effects: inout StepEffects
  ) {
    let hasPassed = marks.contains(.finArrived)
    if hadSentHiddenFIN(peer, segment) {
      assumeCrossingFIN(peer: &peer, segment, context, &effects)
    } else if !hasPassed, receivedCrossingFIN(peer, segment, context) {
      receiveCrossingFIN(side: context.sender, context, &effects)
    } else if !hasPassed, isBehindHole, state == .finWait2, peer.finCount == 1 {
      receiveFINAsPassed(of: peer, context, &effects)
    } else if !hasPassed {
      receiveMissedFIN(of: peer, context, &effects)
    }
    effects.finAnswer = answer(toFINOf: peer, segment, hasPassed: hasPassed)
    marks.insert(.finArrivalConfirmed)
  }

  /// What its first acknowledgment of the peer's FIN tells about when that arrived; nil if there is no
  /// question.
  ///
  /// - Parameter hasPassed: Whether the FIN is held to have arrived.
  private func answer(toFINOf peer: Endpoint, _ segment: Segment, hasPassed: Bool) -> FINAnswer? {
    let isRepeated = peer.finCount > 1
    // Together with data before it: what lies below the acknowledgment then had waited there.
    let coversData = peer.sendUnacknowledged.precedes(peer.finSequence)
    if segment.reportsDuplicate, !coversData { return nil }
    let wouldReport = reportsDuplicates(of: peer) && !segment.reportsDuplicate
    guard segment.hasTimestamps else {
      return (isRepeated ? wouldReport || wasClosing : !hasPassed)
        ? FINAnswer(echo: nil, isToLast: true) : nil
    }
    let echo = TimestampValue(segment.timestampEchoReply)
    guard isRepeated || peer.retransmissions > 0 || !hasPassed || echo != peer.newestTimestamp
    else { return nil }
    return FINAnswer(echo: echo, isToLast: coversData && isRepeated && wouldReport)
  }

  /// A segment of an endpoint that is reset acknowledges the peer's FIN for the first time.
  mutating func confirmFIN(
    of peer: inout Endpoint, _ segment: Segment, _ context: StepContext,
    _ effects: inout StepEffects
  ) {
    guard marks.contains(.finArrived), !marks.contains(.finArrivalConfirmed),
      peer.marks.contains(.finSent),
      peer.finSequence.precedes(SequenceNumber(segment.acknowledgment))
    else { return }
    acknowledgeFIN(peer: &peer, segment, context, &effects)
  }

  /// The peer's FIN, which had passed behind a hole that only the capture has, arrived in that order: in
  /// FIN-WAIT-1 if it passed before the acknowledgment of this endpoint's own, unless it is so late that
  /// the hole may have been everybody's.
  private mutating func receiveFINAsPassed(
    of peer: Endpoint, _ context: StepContext, _ effects: inout StepEffects
  ) {
    let side = context.sender
    let passing = context.at(peer.lastFINTime, frame: peer.lastFINFrame)
    guard state == .finWait2, !finSequence.precedes(peer.finAcknowledgment) else {
      receiveFIN(side: side, at: peer.finSequence, passing, &effects)
      return
    }
    guard passing.time <= finAcknowledgedTime, !context.isUnanswered(since: passing.time) else {
      receiveFIN(side: side, at: peer.finSequence, context, &effects)
      return
    }
    let answer = context.at(finAcknowledgedTime, frame: peer.lastFrame)
    let arrival = context.at(
      min(max(passing.time, lastFINTime), answer.time), frame: passing.frame)
    takeBack(to: .finWait1, side: side, context, &effects)
    receiveFIN(side: side, at: peer.finSequence, arrival, &effects)
    receiveACKofFIN(side: side, answer, &effects, nil)
  }

  /// The peer's FIN, held not to have arrived, has: with the acknowledgment that it bore.
  private mutating func receiveMissedFIN(
    of peer: Endpoint, _ context: StepContext, _ effects: inout StepEffects
  ) {
    let side = context.sender
    if state == .finWait1, peer.finCount > 0, finSequence.precedes(peer.finAcknowledgment) {
      let arrival = context.at(peer.lastFINTime, frame: peer.lastFINFrame)
      receiveACKofFIN(
        side: side, arrival, &effects, TransitionProof(fin: peer.finSequence))
      receiveFIN(side: side, at: peer.finSequence, arrival, &effects)
    } else {
      receiveFIN(side: side, at: peer.finSequence, context, &effects)
    }
  }

  /// A segment that does not acknowledge the peer's FIN, of an endpoint that is opening or closing.
  private mutating func goOnWithoutFIN(
    _ acknowledgment: SequenceNumber, peer: inout Endpoint, _ segment: Segment,
    _ context: StepContext, _ effects: inout StepEffects
  ) {
    if marks.contains(.finArrived) {
      missFIN(acknowledgment, peer: peer, segment, context, &effects)
    } else if state == .finWait1 || state == .finWait2,
      peer.seemsToHaveClosed(acknowledgment: acknowledgment), peer.state == .closeWait
    {
      assumeSecondFIN(peer: &peer, context, &effects)
    }
  }

  /// The peer's FIN passed, but this endpoint goes on without acknowledging it, longer than an answer
  /// takes: each segment carries RCV.NXT (RFC 9293 §3.8), so the FIN has not arrived.
  private mutating func missFIN(
    _ acknowledgment: SequenceNumber, peer: Endpoint, _ segment: Segment, _ context: StepContext,
    _ effects: inout StepEffects
  ) {
    let arrivedAt = state == .timeWait ? timeWaitTime : timerStart
    guard peer.marks.contains(.finSent), !marks.contains(.finArrivalConfirmed),
      context.isUnanswered(since: arrivedAt),
      // Not one that comes late itself.
      !acknowledgment.precedes(peer.sendUnacknowledged),
      // Nor one that a duplicate from before the FIN has drawn.
      !(segment.reportsDuplicate && arrivedAt == peer.lastFINTime),
      !(segment.hasTimestamps && TimestampValue(segment.timestampValue).precedes(newestTimestamp))
    else { return }
    let side = context.sender
    switch state {
    case .closeWait:
      // If the other FIN comes again, the answer to that tells which of the two arrived.
      if segment.flags.contains(.fin) { return }
      takeBack(to: .established, side: side, context, &effects)
    case .closing:
      takeBack(to: .finWait1, side: side, context, &effects)
    case .timeWait:
      // Its FIN again says more.
      if segment.flags.contains(.fin) { return }
      takeBackTimeWait(peer: peer, side: side, context, &effects)
    case .closed, .listen, .synSent, .synReceived, .established, .finWait1, .finWait2, .lastAck:
      return
    }
    marks.remove(.finArrived)
    receiveNext = acknowledgment
    if arrivedAt < peer.lastFINTime { receiveLastFIN(of: peer, context, &effects) }
  }

  /// Whether it would report a segment that it has already (RFC 2883).
  func reportsDuplicates(of peer: Endpoint) -> Bool {
    marks.contains(.sackPermitted) && peer.marks.contains(.sackPermitted)
  }

  /// The FIN that led to TIME-WAIT has not arrived.
  private mutating func takeBackTimeWait(
    peer: Endpoint, side: Side, _ context: StepContext, _ effects: inout StepEffects
  ) {
    if wasClosing {
      // The acknowledgment of its own FIN found it in FIN-WAIT-1 still.
      let arrival = context.at(timeWaitTime, frame: timeWaitFrame)
      takeBack(to: .finWait1, side: side, context, &effects)
      receiveACKofFIN(side: side, arrival, &effects, nil)
    } else if peer.lastFrame == timeWaitFrame, finAcknowledgedTime == timeWaitTime {
      // That acknowledgment came with the FIN, and with nothing since.
      takeBack(to: .finWait1, side: side, context, &effects)
      marks.remove(.finAcknowledged)
    } else {
      takeBack(to: .finWait2, side: side, context, &effects)
    }
  }

  /// The peer's last FIN may still be on its way.
  private mutating func receiveLastFIN(
    of peer: Endpoint, _ context: StepContext, _ effects: inout StepEffects
  ) {
    guard !context.isUnanswered(since: peer.lastFINTime) else { return }
    receiveNext = SequenceNumber.latest(receiveNext, peer.finSequence + 1)
    receiveFIN(
      side: context.sender, at: peer.finSequence,
      context.at(peer.lastFINTime, frame: peer.lastFINFrame), &effects)
  }

  // MARK: - FIN

  /// RFC 9293 §3.10.4, CLOSE call, as its FIN shows it; or the FIN again (§3.10.8, retransmission
  /// timeout).
  mutating func sendFIN(
    _ segment: Segment, peer: inout Endpoint, _ context: StepContext, _ effects: inout StepEffects
  ) {
    let position = SequenceNumber(segment.sequence) + segment.payloadLength
    if !marks.contains(.finSent) {
      finAcknowledgment =
        segment.flags.contains(.ack)
        ? SequenceNumber(segment.acknowledgment) : peer.sendUnacknowledged
      let crosses = hiddenFIN == .suspectedCrossing && finSequence == position
      finSequence = position
      marks.insert(.finSent)
      hiddenFIN = .none
      sendFirstFIN(segment, peer: &peer, crosses: crosses, context, &effects)
    } else if position == finSequence {
      sendFINAgain(segment, peer: &peer, context, &effects)
    } else {
      return
    }
    lastFINTime = context.time
    lastFINFrame = context.frame
  }

  /// - Parameter crosses: Whether it has been sent before, and the peer's, not seen either, crossed it.
  private mutating func sendFirstFIN(
    _ segment: Segment, peer: inout Endpoint, crosses: Bool, _ context: StepContext,
    _ effects: inout StepEffects
  ) {
    let side = context.sender
    switch state {
    case .synReceived:
      move(to: .finWait1, .sent, side: side, context, &effects)
    case .established:
      if peer.hasAnswered(finSequence) {
        showFIN(peer: &peer, segment, context, &effects)
      } else if segment.flags.contains(.ack), peer.state == .established,
        peer.seemsToHaveClosed(acknowledgment: finAcknowledgment)
      {
        if crosses {
          assumeCrossedFINs(peer: &peer, context, &effects)
          return
        }
        assumeFirstFIN(peer: &peer, context, &effects)
      } else if peer.marks.contains(.reset),
        peer.seemsToHaveClosed(acknowledgment: finAcknowledgment)
      {
        assumeFINBeforeReset(context, &effects)
      } else {
        move(to: .finWait1, .sent, side: side, context, &effects)
      }
    case .closeWait:
      if peer.hasAnswered(finSequence) {
        showFIN(peer: &peer, segment, context, &effects)
      } else if marks.contains(.finArrivalConfirmed) {
        marks.insert(.closedSecond)
        move(to: .lastAck, .sent, side: side, context, &effects)
      } else {
        // The peer's FIN has passed us, but this one was sent before it arrived: they cross.
        takeBack(to: .established, side: side, context, &effects)
        move(to: .finWait1, .sent, side: side, context, &effects)
        marks.insert(.simultaneous)
        wasClosing = true
        move(
          to: .closing, .received, side: side, context.at(context.time, frame: peer.lastFINFrame),
          &effects, proof: TransitionProof(fin: peer.finSequence))
      }
    case .closed, .listen, .synSent, .finWait1, .finWait2, .closing, .lastAck, .timeWait:
      break
    }
  }

  private mutating func sendFINAgain(
    _ segment: Segment, peer: inout Endpoint, _ context: StepContext, _ effects: inout StepEffects
  ) {
    if hiddenFIN == .assumed {
      hiddenFIN = .none
      if finCount == 1, !context.isUnanswered(since: peer.lastTime) {
        // Not again: the capture has it later than its answer.
        if peer.marks.contains(.closedSecond) {
          if peer.hasAnswered(finSequence) { showFIN(peer: &peer, segment, context, &effects) }
        } else if marks.contains(.closedSecond),
          !peer.finSequence.precedes(SequenceNumber(segment.acknowledgment))
        {
          crossFIN(peer: &peer, .sent, side: context.sender, context, &effects)
        }
        return
      }
    }
    effects.annotations.insert(.repeated)
    switch state {
    case .timeWait where peer.hiddenFIN == .assumed && !marks.contains(.finAcknowledged):
      // One that left before the hidden FIN arrived says nothing about that.
      if SequenceNumber(segment.acknowledgment).precedes(receiveNext) { return }
      // The hidden FIN that led there did not acknowledge this one: they crossed.
      peer.crossFIN(peer: &self, .assumed, side: context.sender.peer, context, &effects)
    case .finWait2, .timeWait, .closed:
      // A FIN sent again after an ACK of it passed: that ACK never arrived.
      repeatAcknowledgedFIN(segment, peer: peer, context, &effects)
    case .listen, .synSent, .synReceived, .established, .finWait1, .closeWait, .closing, .lastAck:
      break
    }
    if state == .finWait1 || state == .closing || state == .lastAck { timerStart = context.time }
  }

  /// Data from before a FIN whose ACK passed: what has been acknowledged is not sent again, so that ACK
  /// never arrived. Without timestamps it may only have come late.
  mutating func sendDataAgain(
    _ segment: Segment, peer: Endpoint, _ context: StepContext, _ effects: inout StepEffects
  ) {
    guard segment.hasTimestamps,
      newestTimestamp.precedes(TimestampValue(segment.timestampValue)),
      (SequenceNumber(segment.sequence) + segment.payloadLength).precedesOrEquals(finSequence)
    else { return }
    repeatAcknowledgedFIN(segment, peer: peer, context, &effects)
  }

  private mutating func repeatAcknowledgedFIN(
    _ segment: Segment, peer: Endpoint, _ context: StepContext, _ effects: inout StepEffects
  ) {
    guard marks.contains(.finAcknowledged), marks.isDisjoint(with: [.reset, .wasReset]),
      context.isAnswerable(since: finAcknowledgedTime)
    else { return }
    let side = context.sender
    let acknowledgedAt = finAcknowledgedTime
    switch state {
    case .closed:
      guard marks.contains(.closedSecond) else { return }
      takeBack(to: .lastAck, side: side, context, &effects)
    case .finWait2:
      takeBack(to: .finWait1, side: side, context, &effects)
    case .timeWait:
      if marks.contains(.finArrivalConfirmed) {
        if !wasClosing {
          // The FIN that it acknowledges was not the one that came with the acknowledgment of its own.
          takeBack(to: .finWait1, side: side, context, &effects)
          receiveFIN(
            side: side, at: peer.finSequence,
            context.at(min(peer.lastFINTime, acknowledgedAt), frame: context.frame), &effects,
            .assumed)
        } else {
          takeBack(to: .closing, side: side, context, &effects)
        }
      } else {
        // Nor has the peer's FIN, which it does not acknowledge.
        takeBack(to: .finWait1, side: side, context, &effects)
        marks.remove(.finArrived)
        receiveNext = SequenceNumber(segment.acknowledgment)
      }
    case .listen, .synSent, .synReceived, .established, .finWait1, .closeWait, .closing, .lastAck:
      return
    }
    marks.remove(.finAcknowledged)
    // A later segment of the peer that acknowledged the FIN too may still be on its way.
    guard acknowledgedAt < peer.lastTime,
      !context.isAnswerable(since: peer.lastTime)
    else { return }
    receiveACKofFIN(
      side: side, context.at(peer.lastTime, frame: peer.lastFrame), &effects, nil)
    if !marks.contains(.finArrived), peer.marks.contains(.finSent),
      peer.lastFINFrame == peer.lastFrame
    {
      receiveLastFIN(of: peer, context, &effects)
    }
  }

  /// Whether what moved this endpoint passed us long enough ago to have been answered.
  func isSettled(_ context: StepContext) -> Bool {
    context.isAnswerable(since: timerStart)
  }
}
