import PacketDecoding

// Header prediction (the idea of Van Jacobson's receive path, RFC 1144's author): most segments of
// an open connection are the very ones expected next. They are taken here in one go. Whatever is
// not expected goes the long way, which alone decides what it means; this is a short cut through
// the arms of `Endpoint.send` and `Endpoint.receive` for ESTABLISHED and gives what they give.

extension Connection {
  /// Takes a segment if it is in order, acknowledges nothing surprising, and both ends are open for
  /// sure; else changes nothing.
  ///
  /// - Parameters:
  ///   - meter: Lets the stall meters see the segment, before the ends change.
  /// - Returns: Whether it was taken.
  @inline(__always)
  mutating func takePredicted(
    _ segment: Segment, sender side: Side, meter: (borrowing Connection) -> Void
  ) -> Bool {
    let idle = segment.time.nanoseconds(since: lastTime)
    guard segment.flags.subtracting(.psh) == .ack, segment.window != 0,
      segment.options.isSubset(of: .timestamps), segment.checksum != .invalid,
      activeCloser == .none, completionTime != .epoch, older == 0, newer == 0,
      !traits.contains(.isSelf),
      idle >= 0, idle <= Connection.noteworthyIdle
    else { return false }
    if side == .client {
      guard client.predicts(segment, to: server) else { return false }
      meter(self)
      client.takePredicted(segment, to: &server, &clientRoundTrip)
    } else {
      guard server.predicts(segment, to: client) else { return false }
      meter(self)
      server.takePredicted(segment, to: &client, &serverRoundTrip)
    }
    if idle > longestIdle { longestIdle = idle }
    lastFrame = segment.frame
    lastTime = segment.time
    omitted &+= 1
    return true
  }

  /// Segments of the beginning that are kept in the history, whatever they are.
  static let recordedOpening: UInt32 = 5
}

extension Endpoint {
  // Not array literals: the compiler allocates those here.
  private static var openForSure: EndpointMarks { .seen.union(.establishedConfirmed) }
  private static var disturbed: EndpointMarks { .challenged.union(.zeroWindow).union(.finArrived) }

  /// Whether the segment is what this endpoint, open for sure, sends next, and in order for `peer`.
  @inline(__always)
  fileprivate func predicts(_ segment: Segment, to peer: Endpoint) -> Bool {
    let sequence = SequenceNumber(segment.sequence)
    let acknowledgment = SequenceNumber(segment.acknowledgment)
    guard state == .established, peer.state == .established,
      marks.contains(Endpoint.openForSure), peer.marks.contains(Endpoint.openForSure),
      marks.isDisjoint(with: Endpoint.disturbed),
      sequence == sendNext, sequence == peer.receiveNext, peer.beyondHole.isEmpty,
      peer.beyondSecondHole.isEmpty,
      // SND.UNA =< SEG.ACK =< SND.NXT, nothing beyond what passed.
      !acknowledgment.precedes(peer.sendUnacknowledged),
      !peer.sendNext.precedes(acknowledgment), !receiveNext.precedes(acknowledgment),
      hopLimit == segment.hopLimit || marks.contains(.varyingHopLimit)
    else { return false }
    if segment.payloadLength == 0, acknowledgment == peer.sendUnacknowledged,
      peer.sendNext != peer.sendUnacknowledged
    {
      return false
    }
    if segment.hasTimestamps {
      guard marks.contains(.timestamps), firstTimestampTime != .epoch,
        !TimestampValue(segment.timestampValue).precedes(newestTimestamp)
      else { return false }
    }
    let identity = Endpoint.identity(segment)
    return recentSegments[0] != identity && recentSegments[1] != identity
      && recentSegments[2] != identity && recentSegments[3] != identity
  }

  @inline(__always)
  fileprivate mutating func takePredicted(
    _ segment: Segment, to peer: inout Endpoint, _ roundTrip: inout Int64
  ) {
    packets &+= 1
    bytes &+= UInt64(segment.packetLength)
    payloadBytes &+= UInt64(segment.payloadLength)
    remember(Endpoint.identity(segment))
    if segment.checksum == .valid { marks.insert(.validChecksum) }

    let end = sendNext + segment.payloadLength
    sendNext = end
    window = UInt32(segment.window) << UInt32(windowShift)
    peer.receiveNext = end
    peer.sendUnacknowledged = SequenceNumber(segment.acknowledgment)
    peer.unanswered = 0
    if segment.hasTimestamps {
      let value = TimestampValue(segment.timestampValue)
      if value != newestTimestamp {
        newestTimestamp = value
        newestTimestampTime = segment.time
      }
      lastEcho = TimestampValue(segment.timestampEchoReply)
      measureRoundTrip(segment, peer: peer, &roundTrip)
    }
    lastTime = segment.time
    lastFrame = segment.frame
  }

  /// RFC 7323 §4.1: a segment that echoes the peer's newest TSval answers the segment that bore it.
  /// Only shortens what the handshake gave, for an echo may come late.
  @inline(__always)
  func measureRoundTrip(_ segment: Segment, peer: Endpoint, _ roundTrip: inout Int64) {
    guard peer.marks.contains(.timestamps), peer.newestTimestampTime != .epoch,
      TimestampValue(segment.timestampEchoReply) == peer.newestTimestamp
    else { return }
    let sample = segment.time.nanoseconds(since: peer.newestTimestampTime)
    if sample > 0, roundTrip == 0 || sample < roundTrip { roundTrip = sample }
  }
}
