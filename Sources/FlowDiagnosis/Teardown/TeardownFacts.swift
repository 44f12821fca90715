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
    return sent(by: side) {
      $0.flags.contains(.fin) && $0.end == end.finSequence + 1
    }
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
