import PacketDecoding
import TCPModel

/// A SYN that met an older incarnation of its 4-tuple, and what came of it: the packets that the
/// rules of this group have in common. The caller is the client of the new connection; the holder is
/// the other end, which may still hold the old one.
struct ReuseAttempt {
  let tracked: TrackedConnection
  /// The SYNs of the attempt, at least one.
  let syns: [SegmentRecord]
  /// What the holder sent out of the old connection before it answered the SYN: ACKs or FINs whose
  /// acknowledgment does not cover the SYN.
  let answers: [SegmentRecord]
  /// The caller's RSTs with SEQ = ACK of an answer (RFC 9293 §3.10.7.3, first check).
  let resets: [SegmentRecord]
  /// RSTs of the holder that do not acknowledge the SYN.
  let holderResets: [SegmentRecord]
  /// The SYN,ACK that took the SYN.
  let acceptance: SegmentRecord?
  /// The older incarnation when the first SYN passed, if the capture knows one.
  let old: PreviousIncarnation?
  /// The side of `old` that is the holder.
  let holder: Side

  init?(_ tracked: TrackedConnection) {
    let connection = tracked.connection
    guard connection.traits.contains(.clientKnown), connection.client.marks.contains(.synSent),
      !connection.traits.contains(.isSelf)
    else { return nil }
    let initial = connection.client.initialSendSequence
    let end = connection.client.sendNext + 1
    let once = tracked.segments.filter { !$0.annotations.contains(.captureDuplicate) }
    let syns = once.filter {
      $0.sender == .client && $0.flags.contains(.syn) && !$0.flags.contains(.ack)
        && $0.sequence == initial
    }
    guard let first = syns.first else { return nil }
    func covers(_ segment: SegmentRecord) -> Bool {
      segment.flags.contains(.ack) && segment.acknowledgment.isWithin(initial + 1, end)
    }
    let acceptance = once.first {
      $0.sender == .server && $0.flags.contains([.syn, .ack]) && covers($0)
    }
    let until = acceptance?.frame ?? .max
    let foreign = once.filter { $0.frame > first.frame && $0.frame < until && !covers($0) }
    let answers = foreign.filter {
      $0.sender == .server && $0.flags.contains(.ack)
        && $0.flags.isDisjoint(with: [.syn, .rst])
    }
    self.tracked = tracked
    self.syns = syns
    self.acceptance = acceptance
    self.answers = answers
    resets = foreign.filter { reset in
      reset.sender == .client && reset.flags.contains(.rst)
        && answers.contains { $0.frame < reset.frame && $0.acknowledgment == reset.sequence }
    }
    holderResets = foreign.filter { $0.sender == .server && $0.flags.contains(.rst) }
    old = tracked.previous
    holder =
      tracked.previous.map { $0.connection.socket(.client) == connection.socket(.server) } ?? false
      ? .client : .server
  }

  var connection: Connection { tracked.connection }
  var firstSYN: SegmentRecord { syns[0] }

  /// The holder's end of the old connection.
  var oldHolder: Endpoint? { old.map { $0.connection[holder] } }
  /// The caller's end of it.
  var oldCaller: Endpoint? { old.map { $0.connection[holder.peer] } }

  /// Segments of the old connection by one of its sides, capture duplicates left out.
  func oldSegments(by side: Side, where holds: (SegmentRecord) -> Bool) -> [SegmentRecord] {
    old?.segments.filter {
      $0.sender == side && !$0.annotations.contains(.captureDuplicate) && holds($0)
    } ?? []
  }

  /// The state in which the holder still kept the old connection, told by the numbers of its answer
  /// where there is one, else by what had passed; nil if the capture knows nothing of it.
  var heldState: TCPState? {
    guard let old, let held = oldHolder, let caller = oldCaller else { return nil }
    if old.connection.opening == .none, held.marks.contains(.synAckSent),
      held.marks.isDisjoint(with: [.establishedByArrival, .establishedConfirmed, .finSent])
    {
      return .synReceived
    }
    let hasCallersFIN =
      caller.marks.contains(.finSent)
      && (answers.first.map { caller.finSequence.precedes($0.acknowledgment) }
        ?? held.marks.contains(.finArrived))
    let hasSentFIN =
      held.marks.contains(.finSent)
      || answers.contains { $0.flags.contains(.fin) }
    switch (hasSentFIN, hasCallersFIN) {
    case (false, false): return .established
    case (false, true): return .closeWait
    case (true, true):
      if held.marks.contains(.closedSecond) { return .lastAck }
      let wasAcknowledged = held.marks.contains(.finAcknowledged)
      return held.marks.contains(.simultaneous) && !wasAcknowledged ? .closing : .timeWait
    case (true, false):
      return held.marks.contains(.finAcknowledged) ? .finWait2 : .finWait1
    }
  }

  /// Whether the SYN's TSval lies behind the newest one of the old connection's caller: PAWS.
  var isBehind: Bool { timestampLag.map { $0 > 0 } ?? false }

  /// Ticks by which the first SYN's TSval lies behind the old connection's newest; negative when it
  /// lies ahead, nil unless both used timestamps.
  var timestampLag: Int32? {
    guard let caller = oldCaller, caller.marks.contains(.timestamps), firstSYN.hasTimestamps else {
      return nil
    }
    return caller.newestTimestamp.distance(from: TimestampValue(firstSYN.timestampValue))
  }

  /// Whether the new ISS lies behind what the holder had received of the old connection.
  var isInitialSequenceBehind: Bool {
    oldHolder.map { firstSYN.sequence.precedesOrEquals($0.receiveNext) } ?? false
  }

  /// First SYN to the connection's completion, or to its SYN,ACK, nanoseconds.
  var delay: Int64? {
    acceptance.map {
      (connection.completionTime == .epoch ? $0.time : connection.completionTime)
        .nanoseconds(since: firstSYN.time)
    }
  }

  /// Last frame of the attempt as far as it matters here.
  var last: SegmentRecord {
    (syns + answers + resets + holderResets + (acceptance.map { [$0] } ?? []))
      .max { $0.frame < $1.frame } ?? firstSYN
  }

  /// Whether the attempt had failed, rather than been under way, when the capture ended.
  var hasFailed: Bool {
    acceptance == nil
      && (answers.count > 1 || !connection.traits.contains(.openAtEnd)
        || connection.client.marks.contains(.timedOut))
  }
}
