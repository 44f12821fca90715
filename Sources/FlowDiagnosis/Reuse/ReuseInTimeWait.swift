import PacketDecoding
public import TCPModel

/// A SYN is accepted over TIME-WAIT because it is surely new.
public struct ReuseInTimeWait: ConnectionRule {
  public let id = "reuse-in-time-wait"
  public let title = "a new connection is accepted over TIME-WAIT, as the standard allows"
  public let group = RuleGroup.reuse
  public let severity = Severity.note

  // Definition (RFC 9293 §3.6.1, MAY-2; RFC 6191 §2):
  // 1. The end that is called closed the old connection first and is in TIME-WAIT.
  // 2. A SYN of the same 4-tuple passes and is answered by a SYN,ACK that covers it, with no answer
  //    out of the old connection before.
  // What disproves it: the old connection ended by RST, or its TIME-WAIT had run out.

  public init() {}

  public var gate: ConnectionGate { ConnectionGate(all: [.reuses]) }

  public func mayApply(to connection: Connection) -> Bool {
    connection.traits.contains(.reuses)
      && connection.server.marks.contains(.synAckSent)
  }

  public func examine(_ tracked: TrackedConnection, _ facts: CaptureFacts) -> [Finding] {
    guard let attempt = ReuseAttempt(tracked), let acceptance = attempt.acceptance,
      attempt.answers.isEmpty, attempt.oldHolder?.state == .timeWait,
      attempt.oldHolder?.marks.isDisjoint(with: [.reset, .wasReset]) == true
    else { return [] }
    let reason: String
    if let lag = attempt.timestampLag, lag < 0 {
      reason = "its TSval is \(-lag) ticks newer than the old connection's last"
    } else if !attempt.isInitialSequenceBehind {
      reason = "its ISS lies beyond the old connection's last byte"
    } else if attempt.firstSYN.hasTimestamps,
      attempt.oldCaller?.marks.contains(.timestamps) == false
    {
      reason = "it has timestamps, and the old connection had none"
    } else {
      reason = "though neither its TSval nor its ISS is seen to be newer here"
    }
    let summary =
      "\(attempt.server) accepted a new connection from \(attempt.caller) (frame "
      + "\(acceptance.frame)) over its TIME-WAIT of the last one, \(attempt.timeWaitAge) old: "
      + "\(reason). This is legal (RFC 6191)."
    return [
      Finding(
        id: id, severity: .note, confidence: tracked.confidence(.certain),
        connections: attempt.connectionIDs,
        frames: attempt.roles(held: "in TIME-WAIT", before: attempt.timeWaitRoles),
        time: acceptance.time, summary: summary,
        advice:
          "Nothing to repair. If one client comes back to the same port within a minute, its ports "
          + "run short: keep connections open, or let the client close first.",
        values: attempt.values(state: .timeWait, why: "TIME-WAIT, the SYN is newer"),
        costSeconds: 0,
        causeKey: "\(attempt.connection.host(.client))>\(attempt.server)")
    ]
  }

  public var page: ExplanationPage {
    ExplanationPage(
      mechanism: [
        "TIME-WAIT protects the next connection of a 4-tuple against late duplicates of the last one. A SYN that is surely newer needs no protection: the standard allows to accept it at once, and every current system does.",
        "Newer means: its TSval is ahead of the last one that the old connection carried, or its ISS lies beyond the old RCV.NXT, or, but not for Linux, it has timestamps and the old connection had none (RFC 6191). Linux begins the new connection at the old SND.NXT + 65537, so that the sequence spaces stay apart.",
      ],
      ladder: [
        "  client                                        server",
        "                                                TIME-WAIT, TSval 900",
        "  SYN-SENT        ---- SYN TSval 950 ------>    CLOSED, LISTEN",
        "                  <--- SYN,ACK --------------   SYN-RECEIVED",
        "  ESTABLISHED     ---- ACK ---------------->    ESTABLISHED",
      ],
      proof: [
        "The called end sent the first FIN of the old connection and had both FINs less than 60 s before.",
        "The SYN is answered by a SYN,ACK at once, with no ACK of the old connection in between.",
      ],
      lookAlikes: [
        "paws-rejected-reuse, reuse-refused-in-time-wait: the SYN looks old and is refused.",
        "port-reused-too-soon: the caller itself had closed first and gave up its own TIME-WAIT.",
      ],
      confirmation: [
        .init(
          "nstat -az TcpExtTW",
          "on the server: TW counts TIME-WAITs that ran to their end by timer"),
        .init("ss -tan state time-wait sport = :PORT", "on the server: what it holds"),
      ],
      remedies: ["None needed."],
      myths: [
        "tcp_tw_reuse is not needed for it: it concerns the end that connects, not the one that accepts."
      ],
      references: ["RFC 9293 §3.6.1", "RFC 6191 §2", "Linux: tcp_timewait_state_process()"])
  }
}
