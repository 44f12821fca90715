import PacketDecoding
import TCPModel

/// A RST without ACK flag that answers a segment of the other end: its SEQ is that segment's ACK
/// (RFC 9293 §3.5.2, group 1). Its sender has no such connection (any more).
struct ResetReply {
  /// Who sent the RST.
  let side: Side
  let reset: SegmentRecord
  /// The segment it answers: the last one before it that acknowledges its SEQ.
  let trigger: SegmentRecord

  /// The first one of a connection, of either side, whose sender had been established.
  static func first(in tracked: TrackedConnection) -> ResetReply? {
    for reset in tracked.segments
    where reset.flags.contains(.rst) && !reset.flags.contains(.ack)
      && reset.annotations.isDisjoint(with: [.captureDuplicate, .previousIncarnation])
    {
      let side = reset.sender
      guard tracked.connection[side].marks.contains(.establishedConfirmed) else { continue }
      let trigger = tracked.sent(by: side.peer) {
        $0.frame < reset.frame && $0.flags.contains(.ack) && !$0.flags.contains(.rst)
          && $0.acknowledgment == reset.sequence
          && reset.time.nanoseconds(since: $0.time) < 3_000_000_000
      }.last
      if let trigger { return ResetReply(side: side, reset: reset, trigger: trigger) }
    }
    return nil
  }

  /// Whether what it answers asks for an answer: data, FIN, or a keep-alive.
  var isProvoked: Bool {
    trigger.end != trigger.sequence || trigger.annotations.contains(.keepAlive)
  }
}
