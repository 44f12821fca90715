import PacketDecoding

// What a segment shows about its sender's handshake: whether what passed to end it had arrived. Most of it
// shows in what the segment echoes.

extension Endpoint {
  /// Whether an endpoint that was held to have left SYN-RECEIVED says by its ACK that it has not: the
  /// ACK acknowledges the peer's SYN alone, and echoes it, though the peer has sent more since.
  func answersInSynReceived(
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

  /// The ACK that had passed to end SYN-RECEIVED was not taken, nor anything since.
  mutating func returnToSynReceived(
    acknowledgment: UInt32, _ context: StepContext, _ effects: inout StepEffects
  ) {
    takeBack(to: .synReceived, side: context.sender, context, &effects)
    marks.remove([.establishedByArrival, .finArrived, .wasReset])
    marks.insert(.acknowledgmentIgnored)
    receiveNext = SequenceNumber(acknowledgment)
  }

  /// A segment of an endpoint held to be ESTABLISHED: does it prove it?
  mutating func confirmEstablished(
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
  mutating func beginTimestamps(_ segment: Segment) {
    guard segment.hasTimestamps else { return }
    marks.insert(.timestamps)
    firstTimestamp = TimestampValue(segment.timestampValue)
    newestTimestamp = firstTimestamp
  }

  /// Whether the segment, of an endpoint whose SYN,ACK nothing is known to have acknowledged, can have
  /// left in SYN-RECEIVED: with Fast Open it may send before the handshake's ACK arrives (RFC 7413 §4.2.2).
  func precedesHandshake(_ segment: Segment, of peer: Endpoint) -> Bool {
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
}
