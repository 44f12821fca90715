import PacketDecoding
import TCPModel

/// What one end sent after the other had fallen silent.
struct UnansweredRun {
  let tracked: TrackedConnection
  /// The end that still sends.
  let side: Side
  /// Its recorded segments after the last one of the other end, RSTs left out.
  let segments: [SegmentRecord]
  /// The copies of the first data, or FIN, that is not answered; the first transmission may not have
  /// been recorded.
  let copies: [SegmentRecord]
  /// Keep-alive probes in the run.
  let probes: [SegmentRecord]
  /// The RST with which the end gave up, if it sent one.
  let reset: SegmentRecord?

  init?(_ tracked: TrackedConnection, _ side: Side) {
    let other = tracked.connection[side.peer]
    guard other.marks.contains(.seen), !other.marks.contains(.reset),
      tracked.connection[side].lastFrame > other.lastFrame
    else { return nil }
    let run = tracked.sent(by: side) { $0.frame > other.lastFrame }
    let segments = run.filter { !$0.flags.contains(.rst) && !$0.flags.contains(.syn) }
    guard !segments.isEmpty else { return nil }
    self.tracked = tracked
    self.side = side
    self.segments = segments
    reset = run.first { $0.flags.contains(.rst) }
    probes = tracked.withoutCopies(segments.filter { $0.annotations.contains(.keepAlive) })
    let data = segments.filter { $0.length > 0 && !$0.annotations.contains(.keepAlive) }
    if let repeated = data.first(where: { $0.annotations.contains(.retransmission) }) {
      copies = tracked.withoutCopies(data.filter { $0.sequence == repeated.sequence })
    } else {
      copies = Array(data.prefix(1))
    }
  }

  var other: Endpoint { tracked.connection[side.peer] }
  var name: String { tracked.connection.name(side) }
  var peer: String { tracked.connection.name(side.peer) }

  /// Silence of the connection before the run began, nanoseconds; 0 if it began at once.
  var idleBefore: Int64 {
    guard let first = copies.first ?? probes.first, first.annotations.contains(.afterIdle) else {
      return 0
    }
    return min(tracked.connection.longestIdle, first.time.nanoseconds(since: other.lastTime))
  }

  /// From the first recorded copy to the last, nanoseconds.
  var duration: Int64 {
    guard let first = copies.first, let last = copies.last else { return 0 }
    return last.time.nanoseconds(since: first.time)
  }
}
