import PacketDecoding

// An endpoint held to be CLOSED or LISTEN sends: the capture began in the middle, or what had closed it was
// not its own, or did not arrive.

extension Endpoint {
  /// A segment of an endpoint held to be CLOSED or LISTEN. Returns whether it goes on.
  mutating func resume(
    _ segment: Segment, peer: inout Endpoint, _ context: StepContext, _ effects: inout StepEffects
  ) -> Bool {
    let side = context.sender
    if marks.isDisjoint(with: [.seen, .presumed]) {
      if peer.marks.contains(.synSent), !peer.marks.contains(.establishedConfirmed) {
        // The answer to a SYN without its SYN,ACK: missed by the capture if it acknowledges the
        // SYN; else a challenge from another connection (RFC 5961 §4.2).
        guard segment.flags.contains(.ack),
          peer.acceptsInSynSent(acknowledgment: SequenceNumber(segment.acknowledgment))
        else { return false }
        state = .listen
        move(to: .synReceived, .assumed, side: side, context, &effects)
        receiveNext = SequenceNumber(segment.acknowledgment)
        if precedesHandshake(segment, of: peer) { return true }
        move(to: .established, .assumed, side: side, context, &effects)
        marks.insert([.establishedByArrival, .establishedConfirmed])
        return true
      }
      // The capture began in mid-connection.
      marks.insert(.presumed)
      state = .established
      timerStart = context.time
      marks.insert(.establishedConfirmed)
      sendUnacknowledged = SequenceNumber(segment.sequence)
      sendNext = sendUnacknowledged
      if segment.flags.contains(.ack) {
        receiveNext = SequenceNumber(segment.acknowledgment)
      }
      beginTimestamps(segment)
      return true
    }
    // What was acknowledged long ago is a late copy, and no sign of life; a keep-alive begins there.
    let sequence = SequenceNumber(segment.sequence)
    if sequence.precedes(sendUnacknowledged), sequence + 1 != sendNext,
      !marks.isDisjoint(with: [.reset, .wasReset, .released])
    {
      return false
    }
    if marks.contains(.reset), stateBeforeReset.isSynchronized || stateBeforeReset == .synReceived {
      // It goes on talking: the RST that bore its name was not its own.
      takeBack(to: stateBeforeReset, side: side, context, &effects)
      marks.remove(.reset)
      if state == .synReceived {
        move(to: .established, .assumed, side: side, context, &effects)
        marks.insert([.establishedByArrival, .establishedConfirmed])
      }
      effects.annotations.insert(.resurrects)
      return true
    }
    if marks.contains(.wasReset), stateBeforeReset.isSynchronized,
      context.isUnanswered(since: timerStart)
    {
      // It did not take the RST (RFC 5961 §3.2, RFC 1337).
      takeBack(to: stateBeforeReset, side: side, context, &effects)
      marks.remove(.wasReset)
      effects.annotations.insert(.resurrects)
      return true
    }
    if marks.contains(.released), stateBeforeReset.isSynchronized {
      // It goes on talking: the SYN that bore its name was not its own.
      takeBack(to: stateBeforeReset, side: side, context, &effects)
      marks.remove(.released)
      effects.annotations.insert(.resurrects)
      return true
    }
    if marks.contains(.timedOut) {
      // It lived longer than the timer we assumed.
      let earlier: TCPState =
        marks.contains(.finArrived)
        ? (marks.contains(.closedSecond) ? .lastAck : .timeWait)
        : (marks.contains(.finAcknowledged) ? .finWait2 : .finWait1)
      guard marks.contains(.finSent) else { return false }
      takeBack(to: earlier, side: side, context, &effects)
      marks.remove(.timedOut)
      return true
    }
    // What left before the RST arrived tells when the FIN before that did.
    if marks.contains(.wasReset) { confirmFIN(of: &peer, segment, context, &effects) }
    // LAST-ACK ended by an acknowledgment that passed: a repeated FIN may yet show that it was lost.
    guard marks.contains(.finSent.union(.finAcknowledged)) else { return false }
    if marks.contains(.closedSecond), marks.isDisjoint(with: [.reset, .wasReset, .released]),
      segment.sequenceLength == 0, sequence == finSequence + 1,
      context.isUnanswered(since: finAcknowledgedTime),
      !(answersDuplicate(segment, of: peer) && peer.lastTime <= finAcknowledgedTime)
    {
      // So does an ACK from behind the FIN: who is gone answers by RST.
      takeBack(to: .lastAck, side: side, context, &effects)
      marks.remove(.finAcknowledged)
    }
    return true
  }

  /// Whether a pure ACK answers a segment of the peer that had come before: a duplicate is answered as soon
  /// as it arrives, so however late the answer passes, it left before anything that passed later could
  /// be answered.
  private func answersDuplicate(_ segment: Segment, of peer: Endpoint) -> Bool {
    if segment.reportsDuplicate { return true }
    return peer.finCount > 1 && !reportsDuplicates(of: peer)
  }
}
