import PacketDecoding

// What a segment does to the endpoint that it reaches: the arms of RFC 9293 §3.10.7, SEGMENT ARRIVES.
// Everything here is provisional: the segment may be lost beyond the capture.
//
// The standard asks for the state first and then checks RST, SYN, ACK, text and FIN in turn; here the
// segment's kind comes first, in that order, and the state second. Its paragraphs are
//
//   .1 CLOSED, .2 LISTEN, .3 SYN-SENT  the first arms of receiveSYN, receiveSYNACK and receiveRST, and
//                                      receiveOrdinary, where it says so
//   .4 first check, sequence number    receiveOrdinary and `accepts`; PAWS goes before (RFC 7323 §5.3)
//      second, RST                     receiveRST
//      third, security                 nowhere: no header tells of it
//      fourth, SYN                     receiveSYN, receiveSYNACK
//      fifth, ACK                      receiveOrdinary, receiveACK, receiveACKofFIN
//      sixth, URG                      nowhere: it moves nobody
//      seventh, text                   receiveText (EndpointStep+Text)
//      eighth, FIN                     receiveFIN, repeatedFIN
//
// Of §3.10, EndpointStep+Sending has the calls (.1 to .6) as far as segments tell of them and the
// retransmission timeout of .8; Connection+Time has the other timeouts.

extension Endpoint {
  /// Advances this endpoint by a segment that passed on its way to it.
  ///
  /// - Parameters:
  ///   - peer: The other end, which has sent the segment. `inout` only in order that it be passed by
  ///     address: it is not changed.
  mutating func receive(
    _ segment: Segment, from peer: inout Endpoint, _ context: StepContext,
    _ effects: inout StepEffects
  ) {
    let side = context.sender.peer
    switch SegmentKind(segment.flags) {
    case .ordinary: receiveOrdinary(segment, from: &peer, side: side, context, &effects)
    case .syn: receiveSYN(segment, from: &peer, side: side, context, &effects)
    case .synAck: receiveSYNACK(segment, from: &peer, side: side, context, &effects)
    case .reset: receiveRST(segment, from: &peer, side: side, context, &effects)
    }
  }

  // MARK: - SYN

  private mutating func receiveSYN(
    _ segment: Segment, from peer: inout Endpoint, side: Side, _ context: StepContext,
    _ effects: inout StepEffects
  ) {
    switch state {
    case .closed, .listen:
      // RFC 9293 §3.10.7.1; §3.10.7.2, third check: it is answered by RST or SYN,ACK, and that one
      // shows which.
      break
    case .synSent:
      // RFC 9293 §3.10.7.3, fourth check: simultaneous open. What else the SYN bears waits.
      receiveNext = SequenceNumber(segment.sequence) + 1
      marks.insert(.simultaneous)
      move(
        to: .synReceived, .received, side: side, context, &effects, proof: TransitionProof(segment))
    case .synReceived:
      // RFC 9293 §3.10.7.4, first check: the SYN again lies before RCV.NXT and is answered by an ACK;
      // Linux answers by the SYN,ACK again. Another in the window would lead a passive open back to
      // LISTEN (fourth check): for the tracker, another incarnation begins.
      marks.insert(.challenged)
    case .established, .finWait1, .finWait2, .closeWait, .closing, .lastAck, .timeWait:
      // RFC 9293 §3.10.7.4, fourth check; RFC 5961 §4.2: answered by a challenge ACK, wherever its
      // number lies. That TIME-WAIT accepts one (RFC 6191 §2) is for the tracker to see, for another
      // incarnation begins.
      marks.insert(.challenged)
    }
  }

  private mutating func receiveSYNACK(
    _ segment: Segment, from peer: inout Endpoint, side: Side, _ context: StepContext,
    _ effects: inout StepEffects
  ) {
    let acknowledgment = SequenceNumber(segment.acknowledgment)
    switch state {
    case .closed:
      if marks.isDisjoint(with: [.seen, .presumed]) {
        // The SYN itself is missing from the capture.
        marks.insert(.presumed)
        state = .synSent
        timerStart = context.time
        marks.insert(.initialSequenceKnown)
        initialSendSequence = acknowledgment - 1
        sendNext = acknowledgment
        establish(by: segment, side: side, context, &effects)
      }
    case .listen:
      // RFC 9293 §3.10.7.2, second check: any ACK is answered by RST.
      break
    case .synSent:
      // RFC 9293 §3.10.7.3: first check the ACK bit, then (Linux) the echoed timestamp. Fourth check:
      // the SYN bit, and as the ACK covers its own SYN, ESTABLISHED. Text in the SYN,ACK counts once it
      // is acknowledged: Linux does not take it.
      if !acceptsInSynSent(acknowledgment: acknowledgment) {
        effects.annotations.insert(.unacceptableAcknowledgment)
      } else if !acceptsInSynSent(segment) {
        effects.annotations.insert(.unacceptableEcho)
      } else {
        establish(by: segment, side: side, context, &effects)
      }
    case .synReceived:
      // RFC 9293 §3.5, figure 7: after a simultaneous open the SYN comes again with the ACK that the
      // fifth check of §3.10.7.4 waits for, before RCV.NXT though it lies. A passive open would go back
      // to LISTEN (fourth check); but nobody answers SYN,ACK so unless he called too.
      if acceptsInSynSent(acknowledgment: acknowledgment) {
        establish(by: segment, side: side, context, &effects)
      }
    case .established, .finWait1, .finWait2, .closeWait, .closing, .lastAck, .timeWait:
      // RFC 9293 §3.10.7.4, first check: it lies before RCV.NXT and is answered by an ACK; so it is by
      // the fourth (RFC 5961 §4.2).
      break
    }
    if SequenceNumber(sendUnacknowledged.rawValue).precedes(acknowledgment),
      acknowledgment.precedesOrEquals(sendNext)
    {
      sendUnacknowledged = acknowledgment
    }
  }

  private mutating func establish(
    by segment: Segment, side: Side, _ context: StepContext, _ effects: inout StepEffects
  ) {
    if segment.flags.contains(.syn) { receiveNext = SequenceNumber(segment.sequence) + 1 }
    marks.insert(.establishedByArrival)
    move(
      to: .established, .received, side: side, context, &effects, proof: TransitionProof(segment))
  }

  // MARK: - RST

  private mutating func receiveRST(
    _ segment: Segment, from peer: inout Endpoint, side: Side, _ context: StepContext,
    _ effects: inout StepEffects
  ) {
    let sequence = SequenceNumber(segment.sequence)
    switch state {
    case .closed, .listen:
      // RFC 9293 §3.10.7.1; §3.10.7.2, first check: a RST is ignored.
      break
    case .synSent:
      // RFC 9293 §3.10.7.3, first and second check: only a RST that acknowledges the SYN counts.
      if segment.flags.contains(.ack),
        acceptsInSynSent(acknowledgment: SequenceNumber(segment.acknowledgment))
      {
        marks.insert(.refused)
        move(to: .closed, .received, side: side, context, &effects, proof: TransitionProof(segment))
      } else {
        effects.annotations.insert(.ignoredReset)
      }
    case .synReceived:
      // RFC 9293 §3.10.7.4, second check; RFC 5961 §3.2: exactly RCV.NXT leads back to LISTEN, or to
      // CLOSED after an active open.
      if sequence == receiveNext {
        move(
          to: marks.contains(.simultaneous) ? .closed : .listen, .received, side: side, context,
          &effects, proof: TransitionProof(segment))
      } else {
        effects.annotations.insert(.ignoredReset)
      }
    case .established, .finWait1, .finWait2, .closeWait, .closing, .lastAck, .timeWait:
      // RFC 9293 §3.10.7.4, second check; RFC 5961 §3.2: exactly RCV.NXT, else a challenge ACK. What
      // a sender says as it gives up on a peer that answers nothing is lost like all before it.
      if peer.getsNoAnswer, marks.contains(.seen) {
        effects.annotations.insert(.ignoredReset)
      } else if isReset(by: sequence, acknowledged: peer.sendUnacknowledged) {
        stateBeforeReset = state
        marks.insert(.wasReset)
        move(to: .closed, .received, side: side, context, &effects, proof: TransitionProof(segment))
      } else {
        effects.annotations.insert(.ignoredReset)
        if accepts(sequence, sequence) {
          marks.insert(.challenged)
        } else {
          effects.annotations.insert(.unacceptable)
        }
      }
    }
  }

  // MARK: - Data, ACK and FIN

  private mutating func receiveOrdinary(
    _ segment: Segment, from peer: inout Endpoint, side: Side, _ context: StepContext,
    _ effects: inout StepEffects
  ) {
    let sequence = SequenceNumber(segment.sequence)
    let end = sequence + segment.sequenceLength
    let acknowledgment = SequenceNumber(segment.acknowledgment)

    if state.isIdle, marks.isDisjoint(with: [.seen, .presumed]) || isCalledAgain(by: peer) {
      assumeOpen(segment, from: &peer, side: side, context, &effects)
    }

    // RFC 9293 §3.10.7.1; §3.10.7.2, second and fourth check; §3.10.7.3, first and fifth check: what is
    // neither SYN nor RST is answered by RST at most.
    if state == .synSent { return }
    if state.isIdle {
      // The RST will begin where this acknowledges.
      if marks.contains(.reset), segment.flags.contains(.ack),
        sendUnacknowledged.precedes(acknowledgment), acknowledgment.precedesOrEquals(sendNext)
      {
        sendUnacknowledged = acknowledgment
      }
      return
    }

    // RFC 9293 §3.10.7.4, first check: the sequence number. What is not acceptable is answered by an
    // ACK, in TIME-WAIT too, where a FIN again restarts the timer all the same (fifth and eighth
    // check). What PAWS drops has not come as far as here (`Connection.admit`).
    if !accepts(sequence, end) {
      effects.annotations.insert(.unacceptable)
      if segment.flags.contains(.fin) { repeatedFIN(context) }
      return
    }

    // Second and fourth: RST and SYN have arms of their own. Third: no header tells of security.
    // Fifth: the ACK field; without it the segment is dropped. The lower bound that RFC 5961 §5.2 may
    // set is not checked: an old ACK moves nobody, and its text and FIN count.
    guard segment.flags.contains(.ack) else { return }
    receiveACK(acknowledgment, segment, side: side, context, &effects)

    // Sixth, the URG bit, moves nobody. An acceptable ACK has led out of SYN-RECEIVED by now.
    guard state.isSynchronized else { return }

    // Seventh: the segment text, which nobody awaits behind a FIN; eighth: the FIN bit, once everything
    // before it is there.
    if segment.sequenceLength > 0, !marks.contains(.finArrived) { receiveText(sequence, end) }
    if peer.marks.contains(.finSent) {
      if !marks.contains(.finArrived) {
        if peer.finSequence.precedes(receiveNext) {
          receiveFIN(side: side, at: peer.finSequence, context, &effects)
        }
      } else if segment.flags.contains(.fin) {
        repeatedFIN(context)
      }
    }
  }

  /// Whether a call, refused before, has been answered since by a SYN,ACK that the capture lacks.
  private func isCalledAgain(by peer: Endpoint) -> Bool {
    state == .listen && peer.state == .established
      && peer.marks.contains(.synSent.union(.establishedByArrival)) && timerStart < peer.timerStart
  }

  /// The first segment towards an endpoint that the capture has not heard yet.
  private mutating func assumeOpen(
    _ segment: Segment, from peer: inout Endpoint, side: Side, _ context: StepContext,
    _ effects: inout StepEffects
  ) {
    guard segment.flags.contains(.ack) else { return }
    let acknowledgment = SequenceNumber(segment.acknowledgment)
    sendNext = acknowledgment
    sendUnacknowledged = acknowledgment
    receiveNext = SequenceNumber(segment.sequence)
    if peer.marks.contains(.synSent) {
      // The SYN,ACK is missing from the capture; the caller acknowledges it.
      marks.insert(.initialSequenceKnown)
      initialSendSequence = acknowledgment - 1
      state = .listen
      move(to: .synReceived, .assumed, side: side, context, &effects)
      receiveNext = peer.initialSendSequence + 1
    } else {
      state = .established
      timerStart = context.time
    }
    marks.insert(.presumed)
  }

  /// RFC 9293 §3.10.7.4, fifth check: the ACK field.
  private mutating func receiveACK(
    _ acknowledgment: SequenceNumber, _ segment: Segment, side: Side, _ context: StepContext,
    _ effects: inout StepEffects
  ) {
    if sendNext.precedes(acknowledgment), state.isSynchronized {
      // An endpoint that had not sent this would answer by an ACK and drop it; so it had, and the
      // capture lacks segments of it.
      effects.annotations.insert(.acknowledgesUnseen)
      suspectFIN(next: acknowledgment)
      sendNext = acknowledgment
    }
    if sendUnacknowledged.precedes(acknowledgment), acknowledgment.precedesOrEquals(sendNext) {
      sendUnacknowledged = acknowledgment
    }
    switch state {
    case .synReceived:
      // SND.UNA < SEG.ACK =< SND.NXT; another ACK is answered by RST.
      guard initialSendSequence.precedes(acknowledgment),
        acknowledgment.precedesOrEquals(sendNext)
      else { break }
      // After one ACK that was not taken, data sent in vain proves nothing.
      if marks.contains(.acknowledgmentIgnored), segment.payloadLength > 0 { break }
      establish(by: segment, side: side, context, &effects)
    case .finWait1, .closing, .lastAck:
      // "If our FIN is now acknowledged"; then CLOSING and LAST-ACK are through, and FIN-WAIT-1 goes on
      // as FIN-WAIT-2, to TIME-WAIT if the segment bears a FIN.
      if marks.contains(.finSent), finSequence.precedes(acknowledgment) {
        receiveACKofFIN(side: side, context, &effects, TransitionProof(segment))
      }
    case .closed, .listen, .synSent, .established, .finWait2, .closeWait, .timeWait:
      // It moves SND.UNA only; in TIME-WAIT it is the FIN bit that restarts the timer.
      break
    }
  }

  /// An acknowledgment of this endpoint's FIN passed (RFC 9293 §3.10.7.4, fifth check).
  mutating func receiveACKofFIN(
    side: Side, _ context: StepContext, _ effects: inout StepEffects, _ proof: TransitionProof?
  ) {
    marks.insert(.finAcknowledged)
    finAcknowledgedTime = context.time
    switch state {
    case .finWait1:
      move(to: .finWait2, .received, side: side, context, &effects, proof: proof)
    case .closing:
      move(to: .timeWait, .received, side: side, context, &effects, proof: proof)
    case .lastAck:
      move(to: .closed, .received, side: side, context, &effects, proof: proof)
    case .closed, .listen, .synSent, .synReceived, .established, .finWait2, .closeWait, .timeWait:
      break
    }
  }

  /// RFC 9293 §3.10.7.4, eighth check: the FIN bit.
  mutating func receiveFIN(
    side: Side, at position: SequenceNumber, _ context: StepContext, _ effects: inout StepEffects,
    _ evidence: Evidence = .received
  ) {
    marks.insert(.finArrived)
    let proof = TransitionProof(fin: position)
    switch state {
    case .synReceived, .established:
      move(to: .closeWait, evidence, side: side, context, &effects, proof: proof)
    case .finWait1:
      marks.insert(.simultaneous)
      wasClosing = true
      move(to: .closing, evidence, side: side, context, &effects, proof: proof)
    case .finWait2:
      move(to: .timeWait, evidence, side: side, context, &effects, proof: proof)
    case .closed, .listen, .synSent, .closeWait, .closing, .lastAck, .timeWait:
      // The first three cannot judge its SEG.SEQ; the others remain as they are.
      break
    }
  }

  /// The peer's FIN again: in TIME-WAIT it restarts the 2 MSL timer (RFC 9293 §3.10.7.4, eighth check).
  private mutating func repeatedFIN(_ context: StepContext) {
    if state == .timeWait { timerStart = context.time }
  }
}
