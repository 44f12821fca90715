import PacketDecoding

// How an endpoint closes by sending: its FIN, the FIN again, and its acknowledgment of the peer's.

extension Endpoint {
  /// What this endpoint's acknowledgment number says it has received.
  mutating func acknowledge(
    _ acknowledgment: SequenceNumber, peer: inout Endpoint, _ segment: Segment,
    _ context: StepContext,
    _ effects: inout StepEffects
  ) {
    if receiveNext.precedes(acknowledgment) {
      receiveNext = acknowledgment
      marks.insert(.acknowledgedSomething)
      forgetHoles()
    }
    guard peer.marks.contains(.finSent), peer.finSequence.precedes(acknowledgment) else { return }
    if !marks.contains(.finArrived) {
      receiveFIN(side: context.sender, segment, context, &effects)
    } else if !marks.contains(.finArrivalConfirmed), peer.finCount > 1, segment.hasTimestamps,
      TimestampValue(segment.timestampEchoReply) == peer.newestTimestamp,
      !segment.reportsDuplicate
    {
      // It echoes the repeated FIN (RFC 7323 §4.3) without a D-SACK: the first was lost.
      redateFIN(peer: &peer, segment, context, &effects)
    }
    marks.insert(.finArrivalConfirmed)
    if state == .timeWait { timerStart = context.time }
  }

  /// The peer's FIN arrived with its last repetition only.
  private mutating func redateFIN(
    peer: inout Endpoint, _ segment: Segment, _ context: StepContext, _ effects: inout StepEffects
  ) {
    let before: TCPState
    switch state {
    case .closeWait: before = .established
    case .closing: before = .finWait1
    case .timeWait: before = .finWait2
    case .closed, .listen, .synSent, .synReceived, .established, .finWait1, .finWait2, .lastAck:
      return
    }
    takeBack(to: before, side: context.sender, context, &effects)
    var arrival = context
    arrival.time = peer.lastTime
    arrival.frame = peer.lastFrame
    receiveFIN(side: context.sender, segment, arrival, &effects)
  }

  /// RFC 9293 §3.10.4, CLOSE call.
  mutating func sendFIN(
    _ segment: Segment, peer: inout Endpoint, _ context: StepContext, _ effects: inout StepEffects
  ) {
    let side = context.sender
    let position = SequenceNumber(segment.sequence) + segment.payloadLength
    guard marks.contains(.finSent) else {
      marks.insert(.finSent)
      finSequence = position
      switch state {
      case .synReceived, .established:
        move(to: .finWait1, .sent, side: side, context, &effects)
      case .closeWait:
        if marks.contains(.finArrivalConfirmed) {
          marks.insert(.closedSecond)
          move(to: .lastAck, .sent, side: side, context, &effects)
        } else {
          // The peer's FIN has passed us, but this one was sent before it arrived: they cross.
          takeBack(to: .established, side: side, context, &effects)
          marks.insert(.simultaneous)
          move(to: .finWait1, .sent, side: side, context, &effects)
          var arrival = context
          arrival.frame = peer.lastFrame
          move(to: .closing, .received, side: side, arrival, &effects)
        }
      case .closed, .listen, .synSent, .finWait1, .finWait2, .closing, .lastAck, .timeWait:
        break
      }
      return
    }
    guard position == finSequence else { return }
    effects.annotations.insert(.repeated)
    switch state {
    case .finWait2, .timeWait, .closed:
      // A FIN sent again after an ACK of it passed: that ACK never arrived.
      repeatAcknowledgedFIN(peer: &peer, context, &effects)
    case .listen, .synSent, .synReceived, .established, .finWait1, .closeWait, .closing, .lastAck:
      break
    }
    if state == .finWait1 || state == .closing || state == .lastAck { timerStart = context.time }
  }

  private mutating func repeatAcknowledgedFIN(
    peer: inout Endpoint, _ context: StepContext, _ effects: inout StepEffects
  ) {
    guard marks.contains(.finAcknowledged), marks.isDisjoint(with: [.reset, .wasReset]),
      context.time.nanoseconds(since: finAcknowledgedTime) > context.senderRoundTrip
    else { return }
    let side = context.sender
    let acknowledgedAt = finAcknowledgedTime
    switch state {
    case .closed:
      takeBack(to: .lastAck, side: side, context, &effects)
    case .finWait2:
      takeBack(to: .finWait1, side: side, context, &effects)
    case .timeWait:
      guard marks.contains(.simultaneous) else { return }
      takeBack(to: .closing, side: side, context, &effects)
    case .listen, .synSent, .synReceived, .established, .finWait1, .closeWait, .closing, .lastAck:
      return
    }
    marks.remove(.finAcknowledged)
    // A later segment of the peer that acknowledged the FIN too may still be on its way.
    if acknowledgedAt < peer.lastTime,
      context.time.nanoseconds(since: peer.lastTime) <= context.senderRoundTrip
    {
      var arrival = context
      arrival.time = peer.lastTime
      arrival.frame = peer.lastFrame
      receiveACKofFIN(side: side, arrival, &effects, nil)
    }
  }

  /// Whether what moved this endpoint passed us long enough ago to have been answered.
  func isSettled(_ context: StepContext) -> Bool {
    context.time.nanoseconds(since: timerStart) > context.senderRoundTrip
  }
}
