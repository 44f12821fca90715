import PacketDecoding
public import TCPModel

/// One side has lost the connection without telling the other.
public struct HalfOpenConnection: ConnectionRule {
  static let id = "half-open-connection"
  public var id: String { HalfOpenConnection.id }
  public let title = "one side had lost the connection; the next segment met a RST, or silence"
  public let group = RuleGroup.teardown
  public let severity = Severity.error
  public let supersedes = ["retransmission-timeout", "rst-close", "forged-reset"]

  // Definition (RFC 9293 §3.5.1, §3.5.2):
  // 1. A connection was established, and neither end had closed or reset it.
  // 2. A segment of one end, after an idle time of a second or more, is answered by RST without ACK flag, SEQ =
  //    its ACK: there is no such connection; or
  // 3. after an idle time of two seconds or more its data is repeated four times without any answer.
  // What disproves it: a FIN or RST of the lost side passed before (rst-after-fin, rst-close), or the
  // silence began in the midst of an exchange (retransmission-timeout).

  public init() {}

  public var gate: ConnectionGate {
    ConnectionGate(any: [.clientRST, .serverRST, .retransmission])
  }

  public func mayApply(to connection: Connection) -> Bool {
    connection.client.rstCount > 0 || connection.server.rstCount > 0
      || connection.noticed.contains(.retransmission) && connection.noticed.contains(.afterIdle)
  }

  public func examine(_ tracked: TrackedConnection, _ facts: CaptureFacts) -> [Finding] {
    guard tracked.isTwoSided else { return [] }
    if let finding = answeredByReset(tracked) { return [finding] }
    return Side.allCases.lazy.compactMap { answeredBySilence(tracked, $0, facts) }.first.map {
      [$0]
    } ?? []
  }

  private func answeredByReset(_ tracked: TrackedConnection) -> Finding? {
    guard let reply = ResetReply.first(in: tracked), reply.isProvoked else { return nil }
    let connection = tracked.connection
    let lost = connection[reply.side]
    guard !lost.marks.contains(.finSent), !tracked.mayLackFIN(of: reply.side),
      !tracked.segments.contains(where: { $0.flags.contains(.rst) && $0.frame < reply.reset.frame }
      ),
      reply.trigger.frame > (tracked.segments.first?.frame ?? 0)
    else { return nil }
    // Without an idle time before, a host that was just talking has aborted rather than forgotten.
    guard reply.trigger.annotations.contains(.afterIdle) else { return nil }
    let idle = connection.longestIdle
    let (name, peer) = (connection.name(reply.side), connection.name(reply.side.peer))
    let before = "after \(ProofText.duration(idle)) of silence"
    let ttl =
      reply.reset.hopLimit == lost.hopLimit || lost.marks.contains(.varyingHopLimit)
      ? "" : ", with TTL \(reply.reset.hopLimit) instead of \(lost.hopLimit), so from a middlebox"
    let summary =
      "\(peer) sent on its connection to \(name) \(before) (frame \(reply.trigger.frame)) and was "
      + "answered by RST (frame \(reply.reset.frame)\(ttl)): no FIN or RST had ended it, "
      + "the other side had lost it (crash, reboot, or a firewall or NAT that forgot it)."
    return Finding(
      id: id, severity: .error, confidence: tracked.confidence(.certain),
      connections: [connection.id],
      frames: [
        FrameRole(reply.trigger.frame, "first segment of \(peer) after the silence"),
        FrameRole(reply.reset.frame, "RST, SEQ = its ACK: no such connection"),
      ],
      time: reply.reset.time, summary: summary, advice: advice(tracked, idle),
      values: [
        ("idle_seconds", .seconds(idle.seconds)), ("old_state", .text("ESTABLISHED")),
        ("answer", .text("RST")), ("rst_ttl", .integer(Int64(reply.reset.hopLimit))),
      ],
      causeKey: tracked.pathKey)
  }

  private func answeredBySilence(
    _ tracked: TrackedConnection, _ side: Side, _ facts: CaptureFacts
  ) -> Finding? {
    guard let run = UnansweredRun(tracked, side), run.copies.count >= 5,
      run.idleBefore >= 2_000_000_000, let first = run.copies.first, let last = run.copies.last,
      !run.other.marks.contains(.finSent)
    else { return nil }
    let connection = tracked.connection
    let idle = run.idleBefore
    let summary =
      "After \(ProofText.duration(idle)) of silence \(run.name) sent \(first.length) bytes to "
      + "\(run.peer) (frame \(first.frame)), repeated them \(ProofText.times(run.copies.count - 1)) in "
      + "\(ProofText.duration(run.duration)) and heard nothing any more: \(run.peer), or a firewall or "
      + "NAT on the way, had lost the connection meanwhile."
    return Finding(
      id: id, severity: .error,
      confidence: tracked.confidence(
        .likely, silentSince: run.reset == nil ? last.time : nil, for: Timers.second, facts),
      connections: [connection.id],
      frames: [FrameRole(run.other.lastFrame, "last segment of \(run.peer)")]
        + run.copies.map {
          FrameRole(
            $0.frame,
            $0.frame == first.frame ? "first segment after the silence" : "the same, again")
        },
      time: last.time, summary: summary, advice: advice(tracked, idle),
      values: [
        ("idle_seconds", .seconds(idle.seconds)), ("old_state", .text("ESTABLISHED")),
        ("answer", .text("none")), ("repetitions", .integer(Int64(run.copies.count - 1))),
      ],
      causeKey: tracked.pathKey)
  }

  private func advice(_ tracked: TrackedConnection, _ idle: Int64) -> String {
    let seconds = max(1, idle / 2_000_000_000)
    return
      "Send keepalives more often than the shortest fatal silence: SO_KEEPALIVE with TCP_KEEPIDLE "
      + "\(seconds) s or less here (Linux waits 7200 s by default), or raise the idle time-out of the "
      + "firewall or NAT; reconnect on failure."
  }

  public var page: ExplanationPage {
    ExplanationPage(
      mechanism: [
        "An idle connection sends nothing, so neither end notices when the other vanishes: a host that crashed, a firewall, NAT or load balancer whose entry for the idle connection timed out. The connection is half-open: one end believes in it.",
        "The next segment shows it. A host without the connection answers RST with SEQ = the segment's ACK. A firewall that drops what it does not know answers nothing, and the data is repeated until the sender gives up (Linux: tcp_retries2, 15 repetitions, about 15 min).",
      ],
      ladder: [
        "  client                                        server",
        "  ESTABLISHED                                   ESTABLISHED",
        "                       (idle)                   (crash, state expired)",
        "  ESTABLISHED     ---- data --------------->    no connection",
        "  CLOSED          <--- RST seq=data's ACK --",
      ],
      proof: [
        "No FIN and no RST of the lost side before; its RST has no ACK flag and SEQ = the ACK of the segment that it answers.",
        "Or, after the idle time, nothing but repetitions to the end.",
        "Of several on one path the shortest fatal silence is told, and the longest that was survived: an idle limit lies between the two.",
      ],
      lookAlikes: [
        "rst-after-fin: the side that answers RST had sent its FIN.",
        "rst-close: RST,ACK at SND.NXT: that side still knew the connection.",
        "retransmission-timeout: the silence began in the midst of an exchange.",
        "rst-on-reuse: a SYN, not data, met the half-open end.",
        "capture-gaps: the FIN of the side that answers RST was not captured; the other end had acknowledged it.",
      ],
      confirmation: [
        .init("ss -tno", "on the end that still believes: no keepalive timer shown"),
        .init("nstat -az TcpOutRsts", "on the other host: grows if the RST is its own"),
        .init(
          "conntrack -S; sysctl net.netfilter.nf_conntrack_tcp_timeout_established",
          "on a Linux firewall: invalid packets, and the idle time it allows"),
      ],
      remedies: [
        "TCP keepalive below the shortest idle time-out of the path: TCP_KEEPIDLE, TCP_KEEPINTVL, TCP_KEEPCNT; or heartbeats in the protocol.",
        "TCP_USER_TIMEOUT, so that a dead connection is noticed in seconds rather than 15 minutes.",
        "Firewalls should answer unknown connections by RST rather than drop them.",
      ],
      myths: [
        "net.ipv4.tcp_keepalive_time alone changes nothing: keepalive is off unless the program sets SO_KEEPALIVE."
      ],
      references: ["RFC 9293 §3.5.1", "RFC 9293 §3.5.2", "RFC 9293 §3.8.4", "RFC 5482"])
  }
}
