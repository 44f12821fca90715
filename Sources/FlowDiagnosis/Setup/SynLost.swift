import PacketDecoding
public import TCPModel

/// A SYN that was lost and repeated.
public struct SynLost: ConnectionRule {
  static let id = "syn-lost"
  public var id: String { SynLost.id }
  public let title = "the SYN was lost; its repetition was answered"
  public let group = RuleGroup.setup
  public let severity = Severity.warning

  // Definition (RFC 9293 §3.8.1, RFC 7323 §3.2):
  // 1. The SYN passed at least twice before the first SYN,ACK the caller could take.
  // 2. Nothing of the server passed in between, and no ICMP error quoted the SYN.
  // 3. The SYN,ACK echoes the TSval of a repetition: the first SYN never reached the server. When it
  //    echoes the first one, the SYN,ACK was lost (syn-ack-lost).
  // 4. Without timestamps it is only possible: the lost one may have been a SYN,ACK before us.

  public init() {}

  public var gate: ConnectionGate {
    ConnectionGate(all: [.clientSYNRepeated, .answered], none: [.isSelf])
  }

  public func mayApply(to connection: Connection) -> Bool {
    connection.client.synCount > 1 && connection.answerTime != .epoch
      && !connection.traits.contains(.isSelf)
  }

  public func examine(_ tracked: TrackedConnection, _ facts: CaptureFacts) -> [Finding] {
    let attempt = Attempt(tracked)
    guard let answer = attempt.answers.first else { return [] }
    let asked = attempt.syns.filter { $0.frame < answer.frame }
    guard let first = asked.first, let last = asked.last, asked.count > 1,
      last.time.nanoseconds(since: first.time) > 100_000_000,
      !tracked.segments.contains(where: {
        $0.frame > first.frame && $0.frame < answer.frame
          && ($0.sender == .server || $0.flags.contains(.rst))
      }),
      !tracked.icmpErrors.contains(where: { $0.sequence == first.sequence.rawValue })
    else { return [] }
    let named = attempt.echoed(by: answer)
    if let named, named.frame == first.frame { return [] }
    if named == nil {
      guard answer.time.nanoseconds(since: last.time) < 500_000_000 else { return [] }
    }

    let arrived = named ?? last
    let lost = asked.filter { $0.frame < arrived.frame }
    let cost = arrived.time.nanoseconds(since: first.time)
    var frames = lost.prefix(8).map {
      FrameRole($0.frame, named == nil ? "SYN, unanswered" : "SYN that was lost")
    }
    frames.append(FrameRole(arrived.frame, "SYN that was answered"))
    frames.append(FrameRole(answer.frame, "SYN,ACK"))
    let server = tracked.server
    let which = ProofText.frames(lost.map(\.frame))
    let summary: String
    if let named {
      summary =
        "\(lost.count == 1 ? "A SYN" : "\(lost.count) SYNs") of \(tracked.client) (\(which)) did not reach "
        + "\(server), or \(lost.count == 1 ? "was" : "were") dropped there: the SYN,ACK (frame \(answer.frame)) echoes TSval "
        + "\(named.timestampValue) of the repetition in frame \(named.frame), "
        + "\(ProofText.duration(cost)) later."
    } else {
      summary =
        "\(server) answered \(tracked.client) only after the SYN had been sent \(ProofText.times(asked.count)) "
        + "(\(ProofText.frames(asked.map(\.frame)))), \(ProofText.duration(cost)) late; without "
        + "timestamps it cannot be told whether SYNs or SYN,ACKs were lost."
    }
    return [
      Finding(
        id: id, severity: .warning,
        confidence: named == nil ? .possible : tracked.confidence(.likely),
        connections: [tracked.connection.id], frames: frames, time: answer.time, summary: summary,
        advice:
          "If it happens again, compare nstat -az TcpExtListenDrops on "
          + "\(tracked.connection.host(.server)) before and after: growing means that it drops SYNs "
          + "(a full queue); standing still means loss on the way there."
          + tracked.connection.blame(.server),
        values: [
          ("syns", .integer(Int64(asked.count))), ("lost", .integer(Int64(lost.count))),
          ("tsecr", .integer(Int64(answer.timestampEchoReply))),
          ("delay_seconds", .seconds(cost.seconds)),
        ],
        costSeconds: cost.seconds, causeKey: attempt.path)
    ]
  }

  public var page: ExplanationPage {
    ExplanationPage(
      mechanism: [
        "A lost SYN is noticed by nothing but the caller's timer: one second at first (RFC 6298; three seconds in older systems). So a single lost packet costs a whole second before the first byte.",
        "With timestamps the SYN,ACK tells which SYN made the server's request: it echoes that SYN's TSval. An echo of the repetition means that the first SYN never made a request: it was lost on the way, or the server's kernel dropped it because a queue was full.",
      ],
      ladder: [
        "   0 s  SYN-SENT  ---- SYN TSval=100 ----X",
        "   1 s            ---- SYN TSval=1100 -------->  SYN-RECEIVED",
        "        ESTABL.   <--- SYN,ACK TSecr=1100 ------",
      ],
      proof: [
        "The SYN passes twice, nothing of the server between, and the SYN,ACK's TSecr is the TSval of the later one."
      ],
      lookAlikes: [
        "syn-ack-lost: the SYN,ACK echoes the first SYN.",
        "rst-on-reuse, synack-tsecr-mismatch, synack-wrong-ack: the SYN is repeated too, but something of the server and a RST of the caller passed between.",
        "nat-timestamp-drop: SYNs with older timestamps are dropped time after time.",
        "A server that is not Linux may echo the newest SYN although it had the first; so this is likely, not certain.",
      ],
      confirmation: [
        .init("nstat -az TcpExtTCPSynRetrans", "on the caller: grows with each repeated SYN"),
        .init(
          "nstat -az TcpExtListenDrops TcpExtTCPReqQFullDrop",
          "on the server: SYNs it dropped itself"),
        .init("mtr -T -P PORT ADDRESS", "loss along the way, with TCP SYNs"),
      ],
      remedies: [
        "Find the loss, or enlarge the queue that drops: net.core.somaxconn together with the program's listen() backlog, and net.ipv4.tcp_max_syn_backlog.",
        "Keep connections open and reuse them, so that fewer SYNs are at risk.",
      ],
      myths: [
        "tcp_syn_retries does not shorten the first second, nor does tcp_syn_linear_timeouts (Linux 6.5 and later)."
      ],
      references: ["RFC 6298 §2.1, §5.7", "RFC 7323 §3.2", "RFC 9293 §3.8.1"])
  }
}
