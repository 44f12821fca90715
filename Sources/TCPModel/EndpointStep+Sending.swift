import PacketDecoding

// What an endpoint proves by sending a segment. Its own segment is certain; that it received what
// passed before is not, so this is also where earlier beliefs are confirmed or taken back.
//
// What a segment shows about the handshake is in EndpointStep+Handshake, about its sender's having been
// closed in EndpointStep+Resuming.
//
// A segment is the trace of what RFC 9293 §3.10 lets an endpoint do:
//
//   .1 OPEN, .2 SEND in LISTEN     sendSYN
//   .2 SEND                        sendOrdinary: data moves nobody
//   .3 RECEIVE, .6 STATUS          nowhere: they send nothing
//   .4 CLOSE                       sendFIN and sendFirstFIN (EndpointStep+Closing)
//   .5 ABORT                       sendRST
//   .7 SEGMENT ARRIVES, the answer sendSYNACK, sendRST, and acknowledge (EndpointStep+Closing)
//   .8 retransmission timeout      the arms about a SYN, SYN,ACK or FIN that is sent again

extension Endpoint {
  /// Advances this endpoint by a segment that it sent.
  ///
  /// - Parameters:
  ///   - peer: The other end, before the segment reaches it. Changed only where the segment shows
  ///     that something about it was not as it seemed.
  mutating func send(
    _ segment: Segment, peer: inout Endpoint, _ context: StepContext, _ effects: inout StepEffects
  ) {
    switch SegmentKind(segment.flags) {
    case .ordinary: sendOrdinary(segment, peer: &peer, context, &effects)
    case .syn: sendSYN(segment, peer: &peer, context, &effects)
    case .synAck: sendSYNACK(segment, peer: &peer, context, &effects)
    case .reset: sendRST(segment, peer: &peer, context, &effects)
    }
  }

  // MARK: - SYN

  private mutating func sendSYN(
    _ segment: Segment, peer: inout Endpoint, _ context: StepContext, _ effects: inout StepEffects
  ) {
    let side = context.sender
    let isRepeated = marks.contains(.synSent)
    switch state {
    case .closed, .listen:
      if isRepeated, marks.contains(.establishedConfirmed) {
        // A late copy of the one that opened what has been closed since.
        break
      } else if isRepeated {
        // The caller tries again after a refusal, as Windows does: it had not given up. Or the SYN of
        // another attempt in its name was not its own.
        if marks.contains(.released) { effects.annotations.insert(.resurrects) }
        takeBack(to: .synSent, side: side, context, &effects)
        marks.remove([.refused, .reset, .wasReset, .timedOut, .released])
      } else {
        // RFC 9293 §3.10.1, OPEN call, active, in CLOSED or LISTEN; §3.10.2, SEND call in LISTEN.
        state = .closed
        move(to: .synSent, .sent, side: side, context, &effects)
        if peer.marks.contains(.synSent), !peer.state.isSynchronized {
          // The peer's SYN has passed and is about to arrive: simultaneous open.
          var arrival = context
          arrival.frame = peer.lastFrame
          receiveNext = peer.initialSendSequence + 1
          marks.insert(.simultaneous)
          move(to: .synReceived, .received, side: side, arrival, &effects)
        }
      }
    case .synSent:
      // RFC 9293 §3.10.8, retransmission timeout.
      break
    case .synReceived:
      // RFC 9293 §3.5, figure 7: with the peer's SYN in hand it would send SYN,ACK.
      if isRepeated, marks.contains(.simultaneous), isSettled(context) {
        takeBack(to: .synSent, side: side, context, &effects)
        marks.remove(.simultaneous)
      }
    case .established, .finWait1, .finWait2, .closeWait, .closing, .lastAck, .timeWait:
      // RFC 9293 §3.10.8, retransmission timeout: a SYN sent again after the SYN,ACK passed, which
      // never arrived, or was refused.
      if isRepeated, !marks.contains(.establishedConfirmed), isSettled(context) {
        takeBack(to: .synSent, side: side, context, &effects)
        marks.remove([.establishedByArrival, .finArrived])
      }
    }
    if isRepeated {
      effects.annotations.insert(.repeated)
    } else {
      marks.insert([.synSent, .initialSequenceKnown])
      initialSendSequence = SequenceNumber(segment.sequence)
      sendUnacknowledged = initialSendSequence
      sendNext = initialSendSequence + segment.sequenceLength
      if segment.hasTimestamps, segment.timestampEchoReply != 0 { marks.insert(.timeWaitReuse) }
      noteOffer(segment)
    }
  }

  private mutating func sendSYNACK(
    _ segment: Segment, peer: inout Endpoint, _ context: StepContext, _ effects: inout StepEffects
  ) {
    let side = context.sender
    let sequence = SequenceNumber(segment.sequence)
    let isRepeated = marks.contains(.synAckSent) && sequence == initialSendSequence
    if isRepeated { effects.annotations.insert(.repeated) }
    switch state {
    case .closed, .listen:
      // A late copy of the one that opened what has been closed since.
      if isRepeated, marks.contains(.establishedConfirmed) { return }
      // RFC 9293 §3.10.7.2, third check: the SYN is answered and the state becomes SYN-RECEIVED.
      state = .listen
      move(to: .synReceived, .sent, side: side, context, &effects)
      begin(segment)
    case .synSent:
      // RFC 9293 §3.10.7.3, fourth check: a SYN without ACK had arrived, and SYN-RECEIVED answers.
      move(to: .synReceived, .sent, side: side, context, &effects)
      marks.insert(.simultaneous)
    case .synReceived:
      if marks.contains(.synAckSent), !isRepeated {
        // Another ISS for the same SYN: the first request had expired in the listener.
        move(to: .listen, .timer, side: side, context, &effects)
        move(to: .synReceived, .sent, side: side, context, &effects)
        begin(segment)
      }
    case .established, .finWait1, .finWait2, .closeWait, .closing, .lastAck, .timeWait:
      // RFC 9293 §3.10.8, retransmission timeout: a SYN,ACK sent again after its ACK passed, which
      // never arrived, or was not taken.
      if isRepeated, marks.contains(.establishedByArrival),
        !marks.contains(.establishedConfirmed), isSettled(context)
      {
        returnToSynReceived(acknowledgment: segment.acknowledgment, context, &effects)
      }
    }
    marks.insert([.synAckSent, .initialSequenceKnown])
    noteOffer(segment)
  }

  /// Takes the initial numbers from a SYN,ACK.
  private mutating func begin(_ segment: Segment) {
    initialSendSequence = SequenceNumber(segment.sequence)
    sendUnacknowledged = initialSendSequence
    sendNext = initialSendSequence + segment.sequenceLength
    receiveNext = SequenceNumber(segment.acknowledgment)
    beyondHole = SequencePair()
    beyondSecondHole = SequencePair()
  }

  /// Keeps what a SYN offers.
  mutating func noteOffer(_ segment: Segment) {
    if segment.options.contains(.maximumSegmentSize) {
      maximumSegmentSize = segment.maximumSegmentSize
    }
    if segment.options.contains(.windowScale) {
      marks.insert(.windowScale)
      // RFC 7323 §2.3: a shift over 14 is used as 14.
      windowShift = min(segment.windowShift, 14)
    }
    if segment.options.contains(.sackPermitted) { marks.insert(.sackPermitted) }
    if segment.hasTimestamps {
      if !marks.contains(.timestamps) {
        firstTimestamp = TimestampValue(segment.timestampValue)
        newestTimestamp = firstTimestamp
      }
      marks.insert(.timestamps)
    }
    if segment.options.contains(.fastOpen) || segment.payloadLength > 0 { marks.insert(.fastOpen) }
    if segment.options.contains(.multipath) { marks.insert(.multipath) }
    if segment.flags.contains(.ece) { marks.insert(.explicitCongestion) }
  }

  // MARK: - Data, ACK and FIN

  mutating func sendOrdinary(
    _ segment: Segment, peer: inout Endpoint, _ context: StepContext, _ effects: inout StepEffects
  ) {
    let side = context.sender
    let acknowledgment = SequenceNumber(segment.acknowledgment)
    let hasAck = segment.flags.contains(.ack)

    if hiddenFIN == .assumed { reconsiderFIN(peer: &peer, segment, context, &effects) }
    if answersInSynReceived(segment, of: peer, context) {
      // RFC 9293 §3.10.7.4, first and second check: so the ACK that passed was not taken, nor a RST.
      returnToSynReceived(acknowledgment: segment.acknowledgment, context, &effects)
      return
    }
    if marks.contains(.wasReset), crossesReset(segment, context) {
      sendBeforeReset(segment, peer: &peer, context, &effects)
      return
    }
    switch state {
    case .established:
      confirmEstablished(segment, peer: &peer, context, &effects)
    case .finWait1, .finWait2, .closeWait, .closing, .lastAck, .timeWait:
      marks.insert(.establishedConfirmed)
    case .closed, .listen:
      guard resume(segment, peer: &peer, context, &effects) else { return }
    case .synSent:
      // It acknowledges the peer's SYN, so it took it, whether we saw that or not.
      let took =
        hasAck && peer.marks.contains(.initialSequenceKnown)
        ? peer.initialSendSequence.precedes(acknowledgment) : hasAck
      guard took else { return }
      marks.insert([.establishedByArrival, .establishedConfirmed])
      receiveNext = acknowledgment
      move(to: .established, .assumed, side: side, context, &effects)
    case .synReceived:
      // One of an earlier attempt, or of a connection before.
      if SequenceNumber(segment.sequence).precedes(initialSendSequence) { return }
      // RFC 9293 §3.10.7.4, first check: what is not acceptable is answered by an ACK, and the state
      // stays.
      if segment.sequenceLength == 0, peer.marks.contains(.initialSequenceKnown),
        acknowledgment == peer.initialSendSequence + 1
      {
        return
      }
      if !precedesHandshake(segment, of: peer) {
        move(to: .established, .assumed, side: side, context, &effects)
        marks.insert([.establishedByArrival, .establishedConfirmed])
      }
    }

    if hasAck { acknowledge(acknowledgment, peer: &peer, segment, context, &effects) }
    if segment.flags.contains(.fin) {
      sendFIN(segment, peer: &peer, context, &effects)
    } else if marks.contains(.finAcknowledged), segment.payloadLength > 0 {
      sendDataAgain(segment, peer: peer, context, &effects)
    }
    if state == .finWait2 { timerStart = context.time }
  }
}
