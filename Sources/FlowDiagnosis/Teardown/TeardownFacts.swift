import PacketDecoding
import TCPModel

// What the rules of this group ask of a connection.

extension TrackedConnection {
  /// How long a segment that passes us on its way to `side` takes to be answered past us again,
  /// nanoseconds; half a typical wide-area round trip where none was measured.
  func roundTrip(to side: Side) -> Int64 {
    let measured = side == .client ? connection.clientRoundTrip : connection.serverRoundTrip
    return measured == 0 ? 150_000_000 : measured
  }

  /// The FINs of a side that belong to this incarnation, capture duplicates left out.
  func fins(of side: Side) -> [SegmentRecord] {
    let end = connection[side]
    guard end.marks.contains(.finSent) else { return [] }
    return withoutCopies(
      sent(by: side) { $0.flags.contains(.fin) && $0.end == end.finSequence + 1 })
  }

  /// Whether the capture may lack a FIN of a side: the other end acknowledged more of it than was
  /// ever captured, and nothing captured goes on from there, as it would had it been data.
  func mayLackFIN(of side: Side) -> Bool {
    guard connection.noticed.contains(.acknowledgesUnseen) else { return false }
    return segments.contains {
      $0.sender == side.peer && $0.annotations.contains(.acknowledgesUnseen)
        && $0.annotations.isDisjoint(with: [.captureDuplicate, .previousIncarnation])
        && !$0.acknowledgment.precedes(connection[side].sendNext)
    }
  }

  /// Leaves out frames that are an earlier one of the list seen again, copied by the network or seen
  /// on another VLAN or interface. Hosts number their packets, so what they send again bears another
  /// IP identification; where they do not, as in IPv6, it bears a newer timestamp.
  func withoutCopies(_ list: [SegmentRecord]) -> [SegmentRecord] {
    var kept: [SegmentRecord] = []
    for segment in list.prefix(256) {
      let isCopy = kept.contains {
        $0.identification == segment.identification
          && (segment.identification != 0 || segment.hasTimestamps)
          && $0.timestampValue == segment.timestampValue && $0.sequence == segment.sequence
          && $0.length == segment.length && $0.acknowledgment == segment.acknowledgment
      }
      if !isCopy { kept.append(segment) }
    }
    return kept
  }

  /// Whether both FINs were sent before the other one was heard: both ends in CLOSING.
  var finsCross: Bool {
    guard let one = fins(of: .client).first, let two = fins(of: .server).first else { return false }
    return one.flags.contains(.ack) && two.flags.contains(.ack)
      && one.acknowledgment.precedes(two.end) && two.acknowledgment.precedes(one.end)
  }

  /// The RSTs of a side, capture duplicates left out.
  func resets(of side: Side) -> [SegmentRecord] {
    sent(by: side) { $0.flags.contains(.rst) }
  }

  /// "10.0.0.5>10.0.0.9:443": the path and the listener.
  var pathKey: String { "\(connection.host(.client))>\(connection.name(.server))" }

  /// The state of a side in the record of a segment.
  func state(of side: Side, at segment: SegmentRecord) -> TCPState {
    side == .client ? segment.clientState : segment.serverState
  }

  /// The state of a side before a frame, as last recorded; nil if nothing was.
  func state(of side: Side, before frame: UInt64) -> TCPState? {
    segments.last { $0.frame < frame }.map { state(of: side, at: $0) }
  }
}
