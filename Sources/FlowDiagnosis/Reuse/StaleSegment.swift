import PacketDecoding
public import TCPModel

/// A segment of an old incarnation of the 4-tuple arrives in, or after, the new one.
public struct StaleSegment: ConnectionRule {
  public let id = "stale-segment"
  public let title = "a late segment of an earlier connection arrives on the same ports"
  public let group = RuleGroup.reuse
  public let severity = Severity.warning

  // Definition (RFC 9293 §3.4.1, §3.5, figure 8; RFC 7323 §5.2, §5.8):
  // 1. A data segment or FIN with numbers of the old incarnation passes after the new one was
  //    accepted; or
  // 2. a SYN with the ISS, and the TSval, of an earlier attempt passes after that connection had been
  //    established and closed, or inside the next one.
  // Whether PAWS or the window check drops it shows in the receiver's bare ACK: a warning, for the
  // ports were used again sooner than segments die out. An old SYN raises a SYN,ACK, which the
  // supposed caller resets, or an ACK out of TIME-WAIT: a note, for no connection has to do with it.
  // What disproves it: it belongs to the same incarnation (an ordinary duplicate), it passed before
  // the new SYN was accepted (rst-on-reuse), or it is a copy that the capture made.

  public init() {}

  public var gate: ConnectionGate {
    ConnectionGate(any: [.ofPreviousIncarnation, .clientSYNRepeated])
  }

  public func mayApply(to connection: Connection) -> Bool {
    connection.noticed.contains(.previousIncarnation)
      || connection.client.synCount > 1 && connection.client.marks.contains(.establishedConfirmed)
  }

  public func examine(_ tracked: TrackedConnection, _ facts: CaptureFacts) -> [Finding] {
    [staleText(tracked), staleSYN(tracked)].compactMap { $0 }
  }

  // MARK: Data and FINs

  private func staleText(_ tracked: TrackedConnection) -> Finding? {
    guard let attempt = ReuseAttempt(tracked), let acceptance = attempt.acceptance else {
      return nil
    }
    let connection = tracked.connection
    let stale = tracked.segments.filter {
      $0.annotations.contains(.previousIncarnation) && !isCopyOfCapture($0, attempt)
        && $0.frame > acceptance.frame && !$0.flags.contains(.rst) && $0.end != $0.sequence
        && !$0.flags.contains([.syn, .ack])
    }
    guard let first = stale.first else { return nil }
    let (sender, receiver) = (connection.name(first.sender), connection.name(first.sender.peer))
    let reply = tracked.sent(by: first.sender.peer) {
      $0.frame > first.frame && $0.length == 0 && $0.flags.contains(.ack)
        && $0.flags.isDisjoint(with: [.syn, .fin, .rst])
        && $0.time.nanoseconds(since: first.time) < 500_000_000
    }.first
    let newest =
      tracked.sent(by: first.sender) { $0.frame < first.frame && $0.hasTimestamps }.last?
      .timestampValue
    let isOld =
      newest.map {
        first.hasTimestamps
          && TimestampValue(first.timestampValue).precedes(TimestampValue($0))
      } ?? false
    let why =
      isOld
      ? "its TSval \(first.timestampValue) is older than \(newest ?? 0), so PAWS drops it"
      : "its sequence number lies outside the window, so it is dropped"
    let what =
      first.flags.contains(.syn)
      ? "SYN" : first.length > 0 ? "data segment of \(first.length) bytes" : "FIN"
    let answer = reply.map { "; \(receiver) answered by a bare ACK (frame \($0.frame))" } ?? ""
    var frames = [
      FrameRole(acceptance.frame, "the new connection is accepted"),
      FrameRole(first.frame, "late \(what) of the old connection"),
    ]
    if let reply { frames.append(FrameRole(reply.frame, "ACK that answers it")) }
    return Finding(
      id: id, severity: .warning, confidence: tracked.confidence(.likely),
      connections: attempt.connectionIDs, frames: frames, time: (reply ?? first).time,
      summary:
        "A \(what) of an earlier connection between \(sender) and \(receiver) arrived \(after(first, attempt)) "
        + "after the next one had begun (frame \(first.frame)): \(why)\(answer).",
      advice:
        "Dropped, it does no harm; that it came at all shows that the port is reused sooner than "
        + "segments die out on this path. Keep timestamps on at both ends and let the port rest for "
        + "60 s.",
      values: [
        ("seq", .integer(Int64(first.sequence.rawValue))),
        ("tsval", .integer(Int64(first.timestampValue))),
        ("newest_tsval", .integer(Int64(newest ?? 0))),
        ("dropped_by", .text(isOld ? "PAWS" : "window check")),
        ("segments", .integer(Int64(stale.count))),
      ],
      causeKey: "\(connection.host(.client))>\(connection.host(.server))")
  }

  /// Whether the capture made it: copies of a frame follow at once, not once the ports were used
  /// again.
  private func isCopyOfCapture(_ segment: SegmentRecord, _ attempt: ReuseAttempt) -> Bool {
    guard segment.annotations.contains(.captureDuplicate), let old = attempt.old else {
      return false
    }
    return segment.time.nanoseconds(since: old.connection.lastTime) < 5_000_000
  }

  private func after(_ segment: SegmentRecord, _ attempt: ReuseAttempt) -> String {
    ProofText.duration(segment.time.nanoseconds(since: attempt.firstSYN.time))
  }

  // MARK: SYNs

  private func staleSYN(_ tracked: TrackedConnection) -> Finding? {
    let connection = tracked.connection
    let syns = tracked.sent(by: .client) { $0.flags.contains(.syn) && !$0.flags.contains(.ack) }
    let closed = tracked.segments.first {
      !$0.flags.isDisjoint(with: [.fin, .rst]) && !$0.annotations.contains(.captureDuplicate)
    }
    guard let original = syns.first, let closed,
      let late = syns.first(where: {
        $0.frame > closed.frame && $0.sequence == original.sequence
          && $0.timestampValue == original.timestampValue
      }),
      tracked.sent(by: .client, where: { $0.flags.contains(.fin) && $0.frame < late.frame }).first
        != nil
    else { return nil }
    let reply = tracked.sent(by: .server) { $0.frame > late.frame && $0.flags.contains(.ack) }.first
    let reset = tracked.sent(by: .client) { $0.frame > late.frame && $0.flags.contains(.rst) }.first
    let age = ProofText.duration(late.time.nanoseconds(since: original.time))
    let reaction =
      reply.map {
        $0.flags.contains(.syn)
          ? "\(tracked.server) took it for a new call and answered SYN,ACK (frame \($0.frame))"
          : "\(tracked.server) answered by an ACK (frame \($0.frame))"
      } ?? "it drew no answer"
    let end = reset.map { ", which \(tracked.client) reset (frame \($0.frame))" } ?? ""
    let isHalfOpen = reply.map { $0.flags.contains(.syn) } ?? false
    var frames = [
      FrameRole(original.frame, "the SYN, when it was new"),
      FrameRole(late.frame, "the same SYN again, after the connection had closed"),
    ]
    if let reply { frames.append(FrameRole(reply.frame, "the server's answer")) }
    if let reset { frames.append(FrameRole(reset.frame, "RST of the client")) }
    return Finding(
      id: id, severity: .note, confidence: tracked.confidence(.likely),
      connections: [connection.id], frames: frames, time: (reset ?? reply ?? late).time,
      summary:
        "The SYN of \(tracked.client) from frame \(original.frame) arrived once more \(age) later "
        + "(frame \(late.frame)), when the connection had been closed: \(reaction)\(end).",
      advice:
        "Look for what holds or repeats segments on the path: a looping route, a tunnel or a mirror "
        + "that feeds copies back."
        + (isHalfOpen ? " The half-open entry at the listener ends with the RST." : ""),
      values: [
        ("syn_seq", .integer(Int64(late.sequence.rawValue))),
        ("syn_tsval", .integer(Int64(late.timestampValue))),
        ("age_seconds", .seconds(late.time.nanoseconds(since: original.time).seconds)),
      ],
      causeKey: "\(connection.host(.client))>\(connection.host(.server))")
  }
}
