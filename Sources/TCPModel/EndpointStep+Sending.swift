import PacketDecoding

// What an endpoint proves by sending a segment. Its own segment is certain; that it received what
// passed before is not, so this is also where earlier beliefs are confirmed or taken back.
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
        takeBack(to: .synReceived, side: side, context, &effects)
        marks.remove([.establishedByArrival, .finArrived])
        marks.insert(.acknowledgmentIgnored)
        receiveNext = SequenceNumber(segment.acknowledgment)
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
      takeBack(to: .synReceived, side: side, context, &effects)
      marks.remove([.establishedByArrival, .finArrived, .wasReset])
      marks.insert(.acknowledgmentIgnored)
      receiveNext = acknowledgment
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

  /// Whether an endpoint that was held to have left SYN-RECEIVED says by its ACK that it has not: the
  /// ACK acknowledges the peer's SYN alone, and echoes it, though the peer has sent more since.
  private func answersInSynReceived(
    _ segment: Segment, of peer: Endpoint, _ context: StepContext
  ) -> Bool {
    guard segment.sequenceLength == 0, marks.contains([.synAckSent, .establishedByArrival]),
      !marks.contains(.establishedConfirmed), peer.marks.contains(.synSent),
      SequenceNumber(segment.acknowledgment) == peer.initialSendSequence + 1,
      SequenceNumber(segment.sequence) == initialSendSequence + 1,
      echoesOnlySYN(segment, of: peer)
    else { return false }
    return marks.contains(.wasReset) ? stateBeforeReset == .established : isSettled(context)
  }

  /// A segment of an endpoint held to be ESTABLISHED: does it prove it?
  private mutating func confirmEstablished(
    _ segment: Segment, peer: inout Endpoint, _ context: StepContext, _ effects: inout StepEffects
  ) {
    guard !marks.contains(.establishedConfirmed) else { return }
    if !marks.contains(.seen) { beginTimestamps(segment) }
    if echoesRepeatedSYN(segment, of: peer) {
      let arrival = context.at(peer.lastTime, frame: peer.lastFrame)
      takeBack(to: .synSent, side: context.sender, context, &effects)
      move(to: .established, .received, side: context.sender, arrival, &effects)
    }
    if peer.mayOpenFast, !marks.isDisjoint(with: [.synAckSent, .presumed]),
      !marks.contains(.synSent), echoesOnlySYN(segment, of: peer)
    {
      // Sent before the ACK that passed us could have reached it.
      takeBack(to: .synReceived, side: context.sender, context, &effects)
      marks.remove([.establishedByArrival, .finArrived])
      return
    }
    marks.insert(.establishedConfirmed)
  }

  /// Whether the first segment of a caller echoes not the first SYN,ACK but the one that came last: the
  /// others were lost.
  private func echoesRepeatedSYN(_ segment: Segment, of peer: Endpoint) -> Bool {
    guard segment.hasTimestamps, marks.contains(.synSent), peer.marks.contains(.synAckSent),
      !peer.marks.contains(.synSent), peer.synCount > 1, UInt64(peer.synCount) == peer.packets
    else { return false }
    let echo = TimestampValue(segment.timestampEchoReply)
    return peer.firstTimestamp.precedes(echo) && echo == peer.newestTimestamp
  }

  /// Takes the first timestamp of an endpoint whose SYN the capture lacks.
  private mutating func beginTimestamps(_ segment: Segment) {
    guard segment.hasTimestamps else { return }
    marks.insert(.timestamps)
    firstTimestamp = TimestampValue(segment.timestampValue)
    newestTimestamp = firstTimestamp
  }

  /// Whether the segment, of an endpoint whose SYN,ACK nothing is known to have acknowledged, can have
  /// left in SYN-RECEIVED: with Fast Open it may send before the handshake's ACK arrives (RFC 7413 §4.2.2).
  private func precedesHandshake(_ segment: Segment, of peer: Endpoint) -> Bool {
    guard peer.marks.contains(.fastOpen),
      SequenceNumber(segment.acknowledgment).precedesOrEquals(receiveNext)
    else { return false }
    return !segment.hasTimestamps || !peer.marks.contains(.timestamps)
      || TimestampValue(segment.timestampEchoReply) == peer.firstTimestamp
  }

  /// Whether its SYN asked for Fast Open, or may have, for the capture lacks it.
  private var mayOpenFast: Bool { marks.contains(.fastOpen) || !marks.contains(.synSent) }

  /// Whether the segment's TSecr says that nothing after the peer's SYN had arrived yet.
  private func echoesOnlySYN(_ segment: Segment, of peer: Endpoint) -> Bool {
    guard segment.hasTimestamps, peer.marks.contains(.timestamps) else { return false }
    let echo = TimestampValue(segment.timestampEchoReply)
    if peer.marks.contains(.synSent) {
      return echo == peer.firstTimestamp && peer.newestTimestamp != peer.firstTimestamp
    }
    return echo.precedes(peer.firstTimestamp)
  }

  /// A segment of an endpoint held to be CLOSED or LISTEN. Returns whether it goes on.
  private mutating func resume(
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
