import PacketDecoding
public import TCPModel

/// The end that closed first, or aborted, calls again from the same port within 2 MSL.
public struct PortReusedTooSoon: ConnectionRule {
  public let id = "port-reused-too-soon"
  public let title = "a client reuses a port that should still rest in TIME-WAIT"
  public let group = RuleGroup.reuse
  public let severity = Severity.warning

  // Definition (RFC 9293 §3.6.1, MUST-13; RFC 6191):
  // 1. The caller had closed the old connection of the 4-tuple first (TIME-WAIT), or aborted it.
  // 2. Less than 2 MSL (Linux: 60 s) later it sends a SYN of the same 4-tuple.
  // Which way it came free: the SYN echoes a timestamp (taken over from TIME-WAIT on purpose), the old
  // connection was aborted, the clock or the TTL changed (another host), else TIME-WAIT was missing.
  // What disproves it: the other end closed first, so that the caller owed no TIME-WAIT.

  public init() {}

  public var gate: ConnectionGate { ConnectionGate(all: [.reuses, .clientSYN]) }

  public func mayApply(to connection: Connection) -> Bool {
    connection.traits.contains(.reuses) && connection.client.marks.contains(.synSent)
  }

  public func examine(_ tracked: TrackedConnection, _ facts: CaptureFacts) -> [Finding] {
    guard let attempt = ReuseAttempt(tracked), let old = attempt.old, let caller = attempt.oldCaller
    else { return [] }
    let side = attempt.holder.peer
    let aborted = caller.marks.contains(.reset)
    guard aborted || caller.state == .timeWait else { return [] }
    guard
      let end = attempt.oldSegments(
        by: side, where: { !$0.flags.isDisjoint(with: aborted ? .rst : .fin) }
      ).last
    else { return [] }
    let closing = old.connection.lastTime
    let age = attempt.firstSYN.time.nanoseconds(since: closing)
    guard (0..<60_000_000_000).contains(age) else { return [] }

    let way = Way(attempt, caller, aborted: aborted)
    let hurts = !attempt.answers.isEmpty || !attempt.holderResets.isEmpty
    let summary =
      "\(attempt.caller) called \(attempt.server) again from the same port \(ProofText.duration(age)) "
      + "after it had \(aborted ? "aborted" : "closed") their last connection (frame \(end.frame)): "
      + "\(way.reason)."
    return [
      Finding(
        id: id, severity: hurts ? .warning : .note,
        confidence: tracked.confidence(way.confidence),
        connections: attempt.connectionIDs,
        frames: [
          FrameRole(
            end.frame, aborted ? "RST of the client" : "FIN of the client, which closed first"),
          FrameRole(attempt.firstSYN.frame, "new SYN from the same port"),
        ],
        time: attempt.firstSYN.time, summary: summary, advice: way.advice,
        values: [
          ("old_state", .text("\(caller.state)")), ("way", .text(way.name)),
          ("reuse_seconds", .seconds(age.seconds)),
          ("syn_tsecr", .integer(Int64(attempt.firstSYN.timestampEchoReply))),
        ],
        causeKey: "\(attempt.connection.host(.client))>\(attempt.server) \(way.name)")
    ]
  }

  public var page: ExplanationPage {
    ExplanationPage(
      mechanism: [
        "Whoever closes first owes the 4-tuple 2 MSL of rest in TIME-WAIT: 4 minutes by the standard, 60 s in Linux. A client that calls again from the same port earlier risks that late segments of the old connection reach the new one, and that the server still holds the old one (rst-on-reuse).",
        "It becomes possible in four ways. SO_LINGER with time 0 aborts by RST and skips TIME-WAIT. A full table (tcp_max_tw_buckets) makes Linux drop TIME-WAIT at once. tcp_tw_reuse (or binding the source port with SO_REUSEADDR) takes a TIME-WAIT over on purpose when both ends use timestamps; this is safe, and the SYN then begins 65537 beyond the old SND.NXT and echoes the old TSval. And a NAT may give a port to another host that knows nothing of the old connection.",
      ],
      ladder: [
        "  client                                        server",
        "  FIN-WAIT-2      <--- FIN,ACK -------------    LAST-ACK",
        "  TIME-WAIT       ---- ACK ---------------->    CLOSED",
        "  (60 s not over)",
        "  SYN-SENT        ---- SYN, same ports ---->    LISTEN",
      ],
      proof: [
        "The caller sent the first FIN, or a RST, of the old connection less than 60 s before its SYN.",
        "tcp_tw_reuse: the SYN has a TSecr that is not 0, the other end's last TSval.",
        "Another host behind a NAT: the TSval does not continue the old clock, or the TTL differs.",
      ],
      lookAlikes: [
        "reuse-in-time-wait: the other end closed first; the caller owed nothing.",
        "rst-on-reuse: the server still held the old connection; that is the harm this may do.",
      ],
      confirmation: [
        .init(
          "nstat -az TcpExtTCPTimeWaitOverflow TcpExtTWRecycled",
          "on the client: overflow counts TIME-WAITs dropped for lack of room, TWRecycled those taken over by tcp_tw_reuse"
        ),
        .init(
          "sysctl net.ipv4.tcp_tw_reuse net.ipv4.tcp_max_tw_buckets net.ipv4.ip_local_port_range",
          "tcp_tw_reuse 2 (loopback only) is the default since Linux 4.19"),
        .init("ss -s", "on the client: the number of TIME-WAITs (timewait)"),
      ],
      remedies: [
        "Raise tcp_max_tw_buckets; a TIME-WAIT costs a few hundred bytes.",
        "Remove SO_LINGER 0 from clients that use it to avoid TIME-WAIT.",
        "Keep connections open or pool them; widen ip_local_port_range; add client addresses.",
      ],
      myths: [
        "tcp_fin_timeout does not shorten TIME-WAIT: it is the time of orphans in FIN-WAIT-2.",
        "tcp_tw_recycle is gone since Linux 4.12.",
      ],
      references: ["RFC 9293 §3.6.1", "RFC 6191 §2", "Linux: tcp_twsk_unique()"])
  }
}

/// How a port came free before its time.
private struct Way {
  let name: String
  let reason: String
  let advice: String
  let confidence: Confidence

  init(_ attempt: ReuseAttempt, _ caller: Endpoint, aborted: Bool) {
    let syn = attempt.firstSYN
    let elapsed = syn.time.nanoseconds(since: caller.lastTime) / 1_000_000
    let step = -Int64(attempt.timestampLag ?? 0)
    // A millisecond clock continues; other clocks are slower, up to 1 s a tick (RFC 7323 §5.4).
    let isOtherClock =
      attempt.timestampLag != nil && (step < 0 || step > 2 * elapsed + 1000)
    if syn.hasTimestamps, syn.timestampEchoReply != 0 {
      name = "taken over from TIME-WAIT"
      reason =
        "the SYN echoes the old connection's timestamp, so tcp_tw_reuse, or a program that binds its "
        + "source port, took it out of TIME-WAIT, which is safe"
      advice =
        "Nothing to repair; that it was needed shows that ports are scarce: pool connections or widen "
        + "net.ipv4.ip_local_port_range."
      confidence = .certain
    } else if isOtherClock || syn.hopLimit != caller.hopLimit {
      name = "another host"
      reason =
        "its timestamp clock or TTL is another one, so a NAT has given the port to a second host, or "
        + "the host restarted"
      advice = "Make the NAT wait at least 60 s after a close before it gives a port out again."
      confidence = .likely
    } else if aborted {
      name = "abort"
      reason = "the RST (SO_LINGER 0, or a close with unread data) skipped TIME-WAIT"
      advice =
        "Remove SO_LINGER 0, or read to the end before closing; otherwise segments of the old "
        + "connection may reach the new one."
      confidence = .certain
    } else {
      name = "TIME-WAIT missing"
      reason =
        "it kept no TIME-WAIT; on Linux the table was full (tcp_max_tw_buckets), or a NAT gave the "
        + "port away"
      advice =
        "Check nstat -az TcpExtTCPTimeWaitOverflow on \(attempt.connection.host(.client)) and raise "
        + "net.ipv4.tcp_max_tw_buckets."
      confidence = .likely
    }
  }
}
