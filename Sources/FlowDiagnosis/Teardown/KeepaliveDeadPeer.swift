import PacketDecoding
public import TCPModel

/// Keepalive probes go unanswered until the connection is given up.
public struct KeepaliveDeadPeer: ConnectionRule {
  public let id = "keepalive-dead-peer"
  public let title = "keepalive probes went unanswered: the other end, or the path, is dead"
  public let group = RuleGroup.teardown
  public let severity = Severity.error
  public let supersedes = ["rst-close", "half-open-connection", "retransmission-timeout"]

  // Definition (RFC 9293 §3.8.4):
  // 1. An end sends at least three keepalive probes (SEQ = SND.NXT − 1) in a row.
  // 2. Nothing of the other end passes from the first of them to the end of the connection.
  // What disproves it: any segment of the other end afterwards, or a direction not captured.

  public init() {}

  public var gate: ConnectionGate { ConnectionGate(all: [.keepAlive]) }

  public func mayApply(to connection: Connection) -> Bool {
    connection.client.keepAlives > 1 || connection.server.keepAlives > 1
  }

  public func examine(_ tracked: TrackedConnection, _ facts: CaptureFacts) -> [Finding] {
    guard tracked.isTwoSided else { return [] }
    return Side.allCases.compactMap { examine(tracked, $0, facts) }
  }

  private func examine(
    _ tracked: TrackedConnection, _ side: Side, _ facts: CaptureFacts
  ) -> Finding? {
    guard let run = UnansweredRun(tracked, side), let first = run.probes.first,
      let last = run.probes.last,
      run.probes.count > 2 || (run.probes.count > 1 && run.reset != nil),
      run.copies.isEmpty
    else { return nil }
    let connection = tracked.connection
    let silence = (run.reset ?? last).time.nanoseconds(since: run.other.lastTime)
    let end =
      run.reset.map { "and then reset the connection (frame \($0.frame))" }
      ?? "to the end of what was captured"
    let summary =
      "\(run.peer) was last heard in frame \(run.other.lastFrame); \(run.name) probed it "
      + "\(ProofText.times(run.probes.count)) by keepalive (frames \(first.frame) to \(last.frame)) without an "
      + "answer \(end): it or the path was dead for \(ProofText.duration(silence))."
    var frames = [FrameRole(run.other.lastFrame, "last segment of \(run.peer)")]
    frames += run.probes.map { FrameRole($0.frame, "keepalive probe, unanswered") }
    if let reset = run.reset { frames.append(FrameRole(reset.frame, "\(run.name) gives up")) }
    return Finding(
      id: id, severity: .error,
      confidence: tracked.confidence(
        run.reset == nil ? .likely : .certain, silentSince: run.reset == nil ? last.time : nil,
        for: Timers.second, facts),
      connections: [connection.id], frames: frames, time: (run.reset ?? last).time,
      summary: summary,
      advice:
        "Keepalive did its duty. Find out what happened to \(connection.host(side.peer)) or the path at "
        + "the time of frame \(run.other.lastFrame); a host that is up answers a probe by ACK or RST.",
      values: [
        ("probes", .integer(Int64(run.probes.count))),
        ("silence_seconds", .seconds(silence.seconds)),
        ("gave_up", .text(run.reset == nil ? "no" : "yes")),
      ],
      causeKey: tracked.pathKey)
  }

  public var page: ExplanationPage {
    ExplanationPage(
      mechanism: [
        "A keepalive probe repeats a sequence number that is acknowledged already (SND.NXT − 1), which the other end must answer by ACK, or by RST if it has lost the connection. Silence means that the host is down or the path is broken or filtered.",
        "Linux sends the first probe after TCP_KEEPIDLE (7200 s by default), then one each TCP_KEEPINTVL (75 s), and gives up after TCP_KEEPCNT (9) by RST and ETIMEDOUT.",
      ],
      ladder: [
        "  client                                        server",
        "  ESTABLISHED     ---- ACK seq=SND.NXT-1 --X    (dead)",
        "                  ---- ACK seq=SND.NXT-1 --X",
        "                  ---- ACK seq=SND.NXT-1 --X",
        "  CLOSED          ---- RST,ACK -----------X",
      ],
      proof: [
        "Probes in a row, no segment of the other end after the first, then RST,ACK or the end."
      ],
      lookAlikes: [
        "Probes that are answered in the end: the connection lives on.",
        "half-open-connection: the other side answers the first segment by RST.",
        "Zero-window probes: the receiver's window is closed, and it answers.",
      ],
      confirmation: [
        .init("ss -tno", "timer:(keepalive,TIME,PROBES) on the probing end"),
        .init(
          "nstat -az TcpExtTCPKeepAlive TcpExtTCPAbortOnTimeout",
          "probes sent; connections given up for want of an answer"),
      ],
      remedies: [
        "Look at the silent host and at firewalls on the way.",
        "To notice sooner, lower TCP_KEEPIDLE, TCP_KEEPINTVL and TCP_KEEPCNT of the socket.",
      ],
      myths: [
        "The sysctls tcp_keepalive_* only affect programs that set SO_KEEPALIVE."
      ],
      references: ["RFC 9293 §3.8.4", "RFC 1122 §4.2.3.6"])
  }
}
