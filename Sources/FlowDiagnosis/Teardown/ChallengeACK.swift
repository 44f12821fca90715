import PacketDecoding
public import TCPModel

/// A RST or SYN that does not fit exactly is answered by an ACK, and the connection goes on.
public struct ChallengeACK: ConnectionRule {
  public let id = "challenge-ack"
  public let title = "an inexact RST, or a SYN, drew a challenge ACK; the connection goes on"
  public let group = RuleGroup.teardown
  public let severity = Severity.note
  public let supersedes = ["syn-unanswered", "simultaneous-open", "half-open-connection"]

  // Definition (RFC 5961 §3.2, §4.2):
  // 1. In a synchronized state a RST passes whose SEQ lies in the window but is not RCV.NXT; or a SYN.
  // 2. Its receiver answers with a bare ACK of its present numbers.
  // 3. The connection goes on afterwards.
  // What disproves it: the SYN begins a new connection (rst-on-reuse), or the RST is exact.

  public init() {}

  public var gate: ConnectionGate { ConnectionGate(any: [.ignoredReset, .ofPreviousIncarnation]) }

  public func mayApply(to connection: Connection) -> Bool {
    connection.noticed.contains(.ignoredReset)
      || connection.traits.contains(.reuses) && connection.noticed.contains(.previousIncarnation)
  }

  public func examine(_ tracked: TrackedConnection, _ facts: CaptureFacts) -> [Finding] {
    if let finding = synChallenge(tracked) { return [finding] }
    return resetChallenge(tracked).map { [$0] } ?? []
  }

  private func resetChallenge(_ tracked: TrackedConnection) -> Finding? {
    let connection = tracked.connection
    for reset in tracked.segments
    where reset.flags.contains(.rst) && reset.annotations.contains(.ignoredReset)
      && reset.annotations.isDisjoint(with: [
        .captureDuplicate, .previousIncarnation, .unacceptable,
      ])
    {
      let side = reset.sender
      guard tracked.state(of: side.peer, at: reset).isSynchronized else { continue }
      let after = tracked.segments.filter {
        $0.frame > reset.frame && !$0.flags.contains(.rst)
          && !$0.annotations.contains(.captureDuplicate)
      }
      // An undisturbed bare ACK need not be in the history; that it was counted is.
      let answer = after.first.flatMap {
        $0.sender == side.peer && $0.length == 0 && $0.flags.isDisjoint(with: [.syn, .fin])
          && $0.omittedBefore == 0 && $0.time.nanoseconds(since: reset.time) < 1_000_000_000
          ? $0 : nil
      }
      guard let next = after.first(where: { $0.frame > (answer?.frame ?? reset.frame) }),
        answer != nil || next.omittedBefore > 0,
        tracked.state(of: side.peer, at: next).isSynchronized
      else { continue }
      let expected = answer?.acknowledgment ?? connection[side].sendUnacknowledged
      let off = reset.sequence.distance(from: expected)
      let (name, peer) = (connection.name(side), connection.name(side.peer))
      let miss = answer.map { _ in "missed the number that \(peer) expected by \(off)" }
      let summary =
        "A RST in the name of \(name) (frame \(reset.frame)) "
        + (miss ?? "lay in the window, but not at the number that \(peer) expected")
        + (answer.map { "; \(peer) answered with a challenge ACK (frame \($0.frame))" }
          ?? "; such a RST draws a challenge ACK")
        + ", and the connection went on (frame \(next.frame))."
      var frames = [FrameRole(reset.frame, "RST, SEQ not RCV.NXT")]
      if let answer { frames.append(FrameRole(answer.frame, "challenge ACK")) }
      frames.append(FrameRole(next.frame, "the connection goes on"))
      return Finding(
        id: id, severity: .note,
        confidence: tracked.confidence(answer == nil ? .likely : .certain),
        connections: [connection.id], frames: frames, time: next.time, summary: summary,
        advice:
          "It did no harm. A host resets its own connection with the exact number, so find out who "
          + "sent it: compare its TTL with the host's (see forged-reset).",
        values: [("rst_seq", .integer(Int64(reset.sequence.rawValue)))],
        causeKey: tracked.pathKey)
    }
    return nil
  }

  private func synChallenge(_ tracked: TrackedConnection) -> Finding? {
    guard let attempt = ReuseAttempt(tracked), let old = attempt.old, attempt.acceptance == nil,
      attempt.resets.isEmpty, let answer = attempt.answers.first,
      answer.annotations.contains(.previousIncarnation),
      attempt.oldHolder?.state.isSynchronized == true,
      // An ACK of what came meanwhile challenges nobody.
      !tracked.segments.contains(where: {
        $0.sender == .client && $0.frame > attempt.firstSYN.frame && $0.frame < answer.frame
          && $0.annotations.contains(.previousIncarnation) && $0.length > 0
          && $0.end == answer.acknowledgment
      })
    else { return nil }
    let next = tracked.segments.first {
      $0.frame > answer.frame && $0.sender == .client
        && $0.annotations.contains(.previousIncarnation)
        && !$0.annotations.contains(.captureDuplicate) && $0.flags.isDisjoint(with: [.syn, .rst])
    }
    guard let next else { return nil }
    let summary =
      "A SYN in the name of \(attempt.caller) (frame \(attempt.firstSYN.frame)) reached the living "
      + "connection with \(attempt.server), which answered with a challenge ACK (frame "
      + "\(answer.frame)); the connection went on (frame \(next.frame))."
    return Finding(
      id: id, severity: .note, confidence: tracked.confidence(.certain),
      connections: [old.connection.id, tracked.connection.id].sorted(),
      frames: [
        FrameRole(attempt.firstSYN.frame, "SYN with another sequence number"),
        FrameRole(answer.frame, "challenge ACK: the numbers of the living connection"),
        FrameRole(next.frame, "the connection goes on"),
      ],
      time: next.time, summary: summary,
      advice:
        "It did no harm. The host itself would not call on ports it is using: look for a spoofed or "
        + "replayed SYN, or two hosts behind one NAT address.",
      values: [("syn_seq", .integer(Int64(attempt.firstSYN.sequence.rawValue)))],
      causeKey: tracked.pathKey)
  }

  public var page: ExplanationPage {
    ExplanationPage(
      mechanism: [
        "To end a connection from outside, one once needed only to guess a number anywhere in the window. Since RFC 5961 a RST counts only with SEQ = RCV.NXT exactly. If it lies elsewhere in the window, the receiver answers with an ACK of its present numbers: the true end, if it really has lost the connection, answers that ACK by a RST of the right number; a forger never sees it.",
        "A SYN in a synchronized state is treated the same way, whatever its number. Linux limits these answers, per connection (tcp_invalid_ratelimit, 500 ms) and for the whole host (tcp_challenge_ack_limit; no limit by default since Linux 6.0).",
      ],
      ladder: [
        "  client                                        server",
        "  ESTABLISHED     <--- RST seq=x+1000 -----?    (not the server)",
        "                  ---- ACK ack=x ---------->    ESTABLISHED",
        "  ESTABLISHED     <--- data, seq=x ---------    goes on",
      ],
      proof: ["A bare ACK right after the RST or SYN, and data of the connection afterwards."],
      lookAlikes: [
        "rst-on-reuse: the SYN is a real new call; the ACK draws a RST.",
        "Bare ACKs that answer keepalive probes or zero-window probes.",
        "forged-reset: tells who sent the RST.",
      ],
      confirmation: [
        .init(
          "nstat -az TcpExtTCPChallengeACK TcpExtTCPSYNChallenge",
          "on the receiver: challenge ACKs sent, and those drawn by a SYN"),
        .init(
          "nstat -az TcpExtTCPACKSkippedChallenge", "challenge ACKs left out for the rate limit"),
      ],
      remedies: ["None needed on the hosts; find the sender of the RST or SYN."],
      references: ["RFC 5961 §3.2", "RFC 5961 §4.2", "RFC 5961 §7"])
  }
}
