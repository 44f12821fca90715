import PacketDecoding

// What the short ways have in common: whether a segment is in order, and what each one that is does
// to both ends.

extension Endpoint {
  private static var disturbed: EndpointMarks { .challenged.union(.zeroWindow) }

  /// The identity of the segment, which is neither SYN nor RST, if it follows in order what this
  /// endpoint has sent and what `peer` has received, and acknowledges nothing surprising; else 0.
  @inline(__always)
  func identityInOrder(of segment: Segment, to peer: Endpoint) -> UInt32 {
    isUndisturbed(to: peer) ? identityInSequence(of: segment, to: peer) : 0
  }

  /// Whether it depends on the segment alone whether it is in order.
  @inline(__always)
  func isUndisturbed(to peer: Endpoint) -> Bool {
    marks.contains(.seen) && marks.isDisjoint(with: Endpoint.disturbed)
      && (marks.contains(.establishedConfirmed) || !peer.marks.contains(.fastOpen))
      && peer.beyondHole.isEmpty && peer.beyondSecondHole.isEmpty
  }

  /// `identityInOrder` of an endpoint that is undisturbed.
  @inline(__always)
  func identityInSequence(of segment: Segment, to peer: Endpoint) -> UInt32 {
    let sequence = SequenceNumber(segment.sequence)
    let acknowledgment = SequenceNumber(segment.acknowledgment)
    guard segment.window != 0, segment.options.isSubset(of: .timestamps),
      sequence == sendNext, sequence == peer.receiveNext,
      // SND.UNA =< SEG.ACK =< SND.NXT, nothing beyond what passed.
      !acknowledgment.precedes(peer.sendUnacknowledged),
      !peer.sendNext.precedes(acknowledgment), !receiveNext.precedes(acknowledgment),
      expectsTimestamp(of: segment)
    else { return 0 }
    let identity = Endpoint.plainIdentity(segment)
    return hasNotSent(identity) ? identity : 0
  }

  /// Whether the segment may be a duplicate ACK (RFC 5681 §2).
  @inline(__always)
  func repeatsAcknowledgment(_ segment: Segment, to peer: Endpoint) -> Bool {
    segment.payloadLength == 0 && segment.acknowledgment == peer.sendUnacknowledged.rawValue
      && peer.sendNext != peer.sendUnacknowledged
  }

  /// Whether the TSval, if any, follows those before.
  @inline(__always)
  func expectsTimestamp(of segment: Segment) -> Bool {
    guard segment.hasTimestamps else { return true }
    return marks.contains(.timestamps) && firstTimestampTime != .epoch
      && !TimestampValue(segment.timestampValue).precedes(newestTimestamp)
  }

  /// Whether it sent nothing of that identity lately.
  @inline(__always)
  func hasNotSent(_ identity: UInt32) -> Bool {
    recentSegments[0] != identity && recentSegments[1] != identity
      && recentSegments[2] != identity && recentSegments[3] != identity
  }

  /// What a segment in order does to both ends, but for their states.
  @inline(__always)
  mutating func takeInOrder(
    _ segment: Segment, identity: UInt32, _ peer: inout Endpoint, _ roundTrip: inout Int64
  ) {
    packets &+= 1
    bytes &+= UInt64(segment.packetLength)
    payloadBytes &+= UInt64(segment.payloadLength)
    remember(identity)
    if segment.checksum == .valid { marks.insert(.validChecksum) }
    if hopLimit != segment.hopLimit { marks.insert(.varyingHopLimit) }

    sendNext = sendNext + segment.sequenceLength
    window = UInt32(segment.window) << UInt32(windowShift)
    peer.receiveNext = sendNext
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
