import PacketDecoding

/// What a segment is to the state machine. The order of RFC 9293 §3.10.7.4: RST is looked at before
/// SYN, SYN before ACK, ACK before FIN.
enum SegmentKind {
  case reset
  /// SYN without ACK.
  case syn
  case synAck
  /// Anything else: data, ACK, FIN.
  case ordinary

  @inline(__always)
  init(_ flags: TCPFlags) {
    if flags.isDisjoint(with: [.syn, .rst]) {
      self = .ordinary
    } else if flags.contains(.rst) {
      self = .reset
    } else {
      self = flags.contains(.ack) ? .synAck : .syn
    }
  }
}

extension Endpoint {
  /// Whether this endpoint, in a synchronized state, would take the segment (RFC 9293 §3.10.7.4,
  /// first check). Departs from its letter as Linux does: a segment whose end just meets RCV.NXT is
  /// taken, so that the ACK of a repeated FIN counts (appendix A.2); and the window is 65,535 bytes
  /// at least, for what was sent before it shrank counts (RFC 7323 §2.4), and any where its scale is
  /// not known.
  func accepts(_ sequence: SequenceNumber, _ end: SequenceNumber) -> Bool {
    guard marks.contains(.seen) || peerIsKnown else { return true }
    if end.precedes(receiveNext) { return false }
    let room = marks.contains(.windowScale) ? max(window, 65_535) : 1 << 30
    return sequence.precedesOrEquals(receiveNext + room)
  }

  /// Whether `receiveNext` means anything.
  var peerIsKnown: Bool { state.isSynchronized }

  /// Whether a SYN,ACK's acknowledgment is one that an endpoint in SYN-SENT takes: it covers the
  /// SYN and nothing that was not sent (RFC 9293 §3.10.7.3; RFC 7413 §4.2.2 for data in the SYN).
  func acceptsInSynSent(acknowledgment: SequenceNumber) -> Bool {
    initialSendSequence.precedes(acknowledgment) && acknowledgment.precedesOrEquals(sendNext)
  }

  /// Whether a SYN,ACK's TSecr is one that an endpoint in SYN-SENT takes: 0, or what its clock has shown
  /// from its first SYN until now, in milliseconds where only SYNs have been seen. Linux answers anything
  /// else by a RST; RFC 7323 §3.2 says that TSecr is the TSval of the SYN.
  func acceptsInSynSent(_ segment: Segment) -> Bool {
    guard segment.hasTimestamps, segment.timestampEchoReply != 0 else { return true }
    guard marks.contains(.timestamps) else { return false }
    let since = segment.time.nanoseconds(since: newestTimestampTime) / 1_000_000
    let now = newestTimestamp.rawValue &+ UInt32(clamping: min(since, 1 << 30))
    return TimestampValue(segment.timestampEchoReply)
      .isWithin(firstTimestamp, TimestampValue(now))
  }

  /// Whether a RST at `sequence` resets this endpoint in a synchronized state: exactly RCV.NXT
  /// (RFC 5961 §3.2), as far as the peer's data passed or as far as this endpoint acknowledged. Departs
  /// from it as Linux does: once the peer's FIN has come, one at the FIN counts too.
  func isReset(by sequence: SequenceNumber, acknowledged: SequenceNumber) -> Bool {
    if sequence == receiveNext || sequence == acknowledged { return true }
    switch state {
    case .closeWait, .lastAck, .closing: return sequence + 1 == receiveNext
    case .closed, .listen, .synSent, .synReceived, .established, .finWait1, .finWait2, .timeWait:
      return false
    }
  }
}
