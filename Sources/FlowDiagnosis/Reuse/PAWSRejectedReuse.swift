import PacketDecoding
public import TCPModel

/// A SYN over TIME-WAIT is refused because its timestamp lies behind the old connection's last.
public struct PAWSRejectedReuse: ConnectionRule {
  public let id = "paws-rejected-reuse"
  public let title = "a SYN over TIME-WAIT is refused: its TSval is behind the old connection's"
  public let group = RuleGroup.reuse
  public let severity = Severity.error
  public let supersedes = RSTOnReuse().supersedes + ["rst-on-reuse", "time-wait-assassination"]

  // Definition (RFC 6191 §2; RFC 7323 §5.3, R1; RFC 1337 §3, F1):
  // 1. The old connection of the 4-tuple was closed first by the end that is now called: it is in
  //    TIME-WAIT and remembers the newest TSval of the caller.
  // 2. A SYN with another ISS passes, its TSval older than that one.
  // 3. It is answered by the old connection's ACK, which the caller resets. The RST ends TIME-WAIT,
  //    unless tcp_rfc1337 is set, and the repeated SYN connects.
  // RFC 6191 would drop the SYN in silence; it is answered as PAWS answers, which Linux does.
  // What disproves it: the TSval is newer, or one of the connections had no timestamps
  // (reuse-refused-in-time-wait).

  public init() {}

  public var gate: ConnectionGate {
    ConnectionGate(
      all: [.reuses, .clientTimestamps], any: [.ofPreviousIncarnation, .clientRST, .serverRST])
  }

  public func mayApply(to connection: Connection) -> Bool {
    connection.traits.contains(.reuses) && connection.client.marks.contains(.timestamps)
      && (connection.noticed.contains(.previousIncarnation) || connection.client.rstCount > 0
        || connection.server.rstCount > 0)
  }

  public func examine(_ tracked: TrackedConnection, _ facts: CaptureFacts) -> [Finding] {
    guard let attempt = ReuseAttempt(tracked), attempt.meetsOld, attempt.heldState == .timeWait,
      let lag = attempt.timestampLag, lag > 0
    else { return [] }
    let (held, isIgnored) = (attempt.timeWaitAge, attempt.isResetIgnored)
    let newTimestamp = attempt.firstSYN.timestampValue
    let oldTimestamp = attempt.oldCaller?.newestTimestamp.rawValue ?? 0
    let summary =
      "\(attempt.caller) called with TSval \(newTimestamp) while \(attempt.server) had held their "
      + "last connection in TIME-WAIT for \(held), newest TSval \(oldTimestamp): a clock "
      + "\(lag) ticks behind makes the SYN an old duplicate (PAWS). \(attempt.course)"
    let advice =
      isIgnored
      ? "\(attempt.connection.host(.server)) ignores the RST: set net.ipv4.tcp_rfc1337=0 there, or "
        + "wait out its 60 s. Then find out why the clock went back: two hosts behind one NAT "
        + "address, or a client that restarted."
      : "Two hosts behind one NAT address have shared this port, or the client restarted and its "
        + "timestamp clock began anew. A larger NAT port pool, or the client closing first, avoids it."
    return [
      Finding(
        id: id, severity: attempt.severity, confidence: tracked.confidence(.certain),
        connections: attempt.connectionIDs,
        frames: attempt.roles(held: "in TIME-WAIT", before: attempt.timeWaitRoles),
        time: attempt.last.time, summary: summary, advice: advice,
        values: attempt.values(state: .timeWait, why: "TIME-WAIT, TSval behind")
          + [("tsval_behind", .integer(Int64(lag)))],
        costSeconds: attempt.delay.map(\.seconds),
        causeKey: "\(attempt.connection.host(.client))>\(attempt.server)")
    ]
  }

  public var page: ExplanationPage {
    ExplanationPage(
      mechanism: [
        "The end that closes first keeps the 4-tuple in TIME-WAIT (60 s in Linux) so that old duplicates do not disturb the next connection. A SYN of the same 4-tuple is let through all the same when it is surely new: its TSval is newer than the last one of the old connection, or, without timestamps, its ISS lies beyond the old RCV.NXT.",
        "A SYN whose TSval is older looks like a duplicate of the past. PAWS refuses it: TIME-WAIT answers with its last ACK, the caller, in SYN-SENT, answers RST, the RST ends TIME-WAIT, and the repeated SYN connects. With tcp_rfc1337=1 TIME-WAIT ignores the RST, and SYN, ACK and RST go round until the caller gives up or TIME-WAIT ends.",
        "One host's clock does not go back for a 4-tuple, so there are two clocks: two hosts behind one NAT address and port, a host that rebooted, a container or load balancer that was moved, or timestamps that were reconfigured. Linux offsets TSvals by 4-tuple, so mere reuse by the same running kernel is always newer.",
      ],
      ladder: [
        "  client                                        server",
        "                                                TIME-WAIT, TSval 900",
        "  SYN-SENT        ---- SYN TSval 200 ------>    PAWS: old",
        "                  <--- ACK seq=old ack=old --   TIME-WAIT",
        "                  ---- RST seq=old -------->    CLOSED, LISTEN",
        "  SYN-SENT        ---- SYN TSval 210 ------>    SYN-RECEIVED",
        "                  <--- SYN,ACK --------------",
      ],
      proof: [
        "The end that is called sent the first FIN of the old connection and had both FINs: TIME-WAIT.",
        "The new SYN's TSval is behind the newest one that the old connection's caller sent (compared modulo 2^32).",
        "The answer is an ACK with the old numbers, its TSecr the old TSval; the RST has SEQ = its ACK.",
      ],
      lookAlikes: [
        "rst-on-reuse: the same packets over LAST-ACK, ESTABLISHED or CLOSE-WAIT; timestamps play no part.",
        "reuse-refused-in-time-wait: no timestamps; the sequence number is behind.",
        "nat-timestamp-drop: SYNs of *other* ports of one address stay unanswered; no ACK comes at all.",
      ],
      confirmation: [
        .init(
          "nstat -az TcpExtPAWSTimewait TcpExtPAWSEstab",
          "on the server: PAWSTimewait counts segments refused by TIME-WAIT (Linux 6.16 and later; no counter before)"
        ),
        .init(
          "ss -tan state time-wait sport = :PORT",
          "on the server: the old 4-tuple and the time left, timer:(timewait,…)"),
        .init("sysctl net.ipv4.tcp_rfc1337 net.ipv4.tcp_timestamps", "0 and 1 are the defaults"),
      ],
      remedies: [
        "Give the NAT a larger pool of ports or addresses, or a longer time before it reuses one, at least 60 s after the close.",
        "Let the clients close first: TIME-WAIT then sits with them, not with the server.",
        "Leave tcp_rfc1337 at 0 on servers behind NAT: it turns a delay of milliseconds into a failed connect.",
      ],
      myths: [
        "Switching tcp_timestamps off removes PAWS but also its protection and round-trip measurement; the SYN is then judged by its ISS, and refused as well when that is behind.",
        "tcp_tw_recycle (gone since Linux 4.12) applied PAWS per host and made this far worse.",
        "tcp_fin_timeout does not shorten TIME-WAIT; it is a constant of 60 s in Linux.",
      ],
      references: [
        "RFC 6191 §2", "RFC 7323 §5.3, R1", "RFC 9293 §3.6.1", "RFC 9293 §3.10.7.4",
        "RFC 1337 §3, F1",
        "Linux: tcp_timewait_state_process()",
      ])
  }
}
