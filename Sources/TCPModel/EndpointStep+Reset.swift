import PacketDecoding

// How an endpoint resets, and what it sends before a RST that has passed on its way to it arrives.

extension Endpoint {
  /// RFC 9293 §3.5.2, reset generation; §3.10.5, ABORT call.
  mutating func sendRST(
    _ segment: Segment, peer: inout Endpoint, _ context: StepContext, _ effects: inout StepEffects
  ) {
    let side = context.sender
    if looksForged(segment, to: peer, context) {
      effects.annotations.insert(.doubtfulReset)
      return
    }
    let isBare = !segment.flags.contains(.ack)
    if state == .timeWait, hiddenFIN == .assumed, !isBare, !marks.contains(.finArrivalConfirmed),
      peer.finSequence.precedes(SequenceNumber(segment.acknowledgment))
    {
      // Nobody answers a FIN out of TIME-WAIT like that: it had sent none.
      withdrawFIN(peer: &peer, segment, context, &effects)
    }
    let sequence = SequenceNumber(segment.sequence)
    switch state {
    case .closed:
      return
    case .listen:
      // RFC 9293 §3.10.7.1: there is no listener.
      state = .closed
      return
    case .synSent:
      // RFC 9293 §3.10.7.3, first check: it answers an unacceptable ACK and stays. A RST,ACK gives
      // up the attempt (ABORT, §3.10.5, would send nothing).
      if isBare { return }
    case .synReceived
    where isBare && !sequence.isWithin(initialSendSequence, sendNext + 1):
      // RFC 9293 §3.10.7.4, fifth check: it answers an unacceptable ACK and stays.
      return
    case .established
    where isBare && !marks.contains(.establishedConfirmed)
      && marks.contains(.establishedByArrival) && sequence == initialSendSequence + 1:
      // A RST that copies the ACK it answers comes from a host without a socket: the segment that
      // should have completed the handshake was not taken.
      takeBack(
        to: marks.contains(.synAckSent) ? .synReceived : .synSent, side: side, context, &effects)
      marks.remove(.establishedByArrival)
    case .closeWait
    where isBare && !marks.contains(.finArrivalConfirmed) && sequence == sendUnacknowledged:
      // RFC 9293 §3.10.7.1: it answers the FIN, which met nobody any more.
      takeBack(to: .established, side: side, context, &effects)
    case .synReceived, .established, .finWait1, .finWait2, .closeWait, .closing, .lastAck,
      .timeWait:
      // RFC 9293 §3.10.5, ABORT call; or the socket is gone and what arrives is answered by RST
      // (§3.10.7.1). Nobody stays in TIME-WAIT for it, as §3.5.2 would have it.
      break
    }
    if !isBare { confirmFIN(of: &peer, segment, context, &effects) }
    stateBeforeReset = state
    marks.insert(.reset)
    move(to: .closed, .sent, side: side, context, &effects)
  }

  /// Whether a RST does not look like this endpoint's own: another TTL than all its segments, or a
  /// sequence number that it would not use.
  private func looksForged(
    _ segment: Segment, to peer: Endpoint, _ context: StepContext
  ) -> Bool {
    guard marks.contains(.seen) else { return false }
    if !marks.contains(.varyingHopLimit), segment.hopLimit != hopLimit { return true }
    guard state.isSynchronized else { return false }
    let sequence = SequenceNumber(segment.sequence)
    if sequence.isWithin(sendUnacknowledged, sendNext + 1) { return false }
    if segment.flags.contains(.ack) {
      // Data before it may be missing: its clock tells whose it is.
      return !(sendNext.precedes(sequence) && bearsClock(segment))
    }
    // One without ACK answers an acknowledgment, however long that was on its way (RFC 9293 §3.10.7.1):
    // in TIME-WAIT only what was not known to be that.
    if state == .timeWait, isSettled(context) { return true }
    return !sequence.isWithin(sendUnacknowledged - max(peer.window, 65_535), sendNext + 1)
  }

  /// Whether a segment's TSval is one that this endpoint's clock shows by now, if that ticks in
  /// milliseconds at most.
  private func bearsClock(_ segment: Segment) -> Bool {
    guard segment.hasTimestamps, marks.contains(.timestamps) else { return false }
    let since = max(0, segment.time.nanoseconds(since: newestTimestampTime)) / 1_000_000
    let ticks = TimestampValue(segment.timestampValue).distance(from: newestTimestamp)
    return ticks >= 0 && Int64(ticks) <= since + Int64(Connection.reorderingTicks)
  }

  /// Whether the segment is a first FIN that left before the RST which had passed on its way here arrived.
  func crossesReset(_ segment: Segment, _ context: StepContext) -> Bool {
    segment.flags.contains(.fin) && !marks.contains(.finSent) && state == .closed
      && (stateBeforeReset == .established || stateBeforeReset == .closeWait)
      && !context.isUnanswered(since: timerStart)
  }

  /// The RST found it in the state that its FIN led to.
  mutating func sendBeforeReset(
    _ segment: Segment, peer: inout Endpoint, _ context: StepContext, _ effects: inout StepEffects
  ) {
    takeBack(to: stateBeforeReset, side: context.sender, context, &effects)
    marks.remove(.wasReset)
    sendOrdinary(segment, peer: &peer, context, &effects)
    stateBeforeReset = state
    marks.insert(.wasReset)
    move(
      to: .closed, .received, side: context.sender,
      context.at(context.time, frame: peer.lastFrame), &effects)
  }
}
