import PacketDecoding
public import TCPModel

/// A SYN,ACK that acknowledges something else than the SYN.
public struct SynAckWrongAck: ConnectionRule {
  public let id = "synack-wrong-ack"
  public let title = "the SYN,ACK acknowledges something that the caller never sent"
  public let group = RuleGroup.setup
  public let severity = Severity.error
  public let supersedes = [
    "syn-lost", "syn-ack-lost", "handshake-never-completed", "slow-handshake",
  ]

  // Definition (RFC 9293 §3.10.7.3, first check):
  // 1. While the caller is in SYN-SENT a SYN,ACK passes with SEG.ACK ≤ ISS or > SND.NXT.
  // 2. It does not belong to an earlier connection of these ports (its answers to old SYNs are
  //    stale-segment or rst-on-reuse).
  // 3. The caller answers RST with SEQ = that ACK (proof), or repeats its SYN.
  // Innocent: with data in the SYN (Fast Open) an ACK up to the end of the data.

  public init() {}

  public var gate: ConnectionGate { ConnectionGate(all: [.unacceptableAcknowledgment]) }

  public func mayApply(to connection: Connection) -> Bool {
    connection.noticed.contains(.unacceptableAcknowledgment)
  }

  public func examine(_ tracked: TrackedConnection, _ facts: CaptureFacts) -> [Finding] {
    let attempt = Attempt(tracked)
    guard let first = attempt.syns.first else { return [] }
    let good = attempt.synAcks.first { attempt.coversSYN($0) }
    let wrong = attempt.synAcks.filter {
      $0.annotations.contains(.unacceptableAcknowledgment) && !attempt.coversSYN($0)
        && $0.frame > first.frame && $0.frame < (good?.frame ?? .max)
    }
    guard let answer = wrong.first else { return [] }
    if let old = tracked.previous?.connection.client.initialSendSequence,
      answer.acknowledgment == old + 1
    {
      return []
    }
    let resets = attempt.clientResets.filter { reset in
      wrong.contains { $0.frame < reset.frame && $0.acknowledgment == reset.sequence }
    }
    let retry = attempt.syns.first { $0.frame > answer.frame }
    guard !resets.isEmpty || retry != nil else { return [] }
    let connection = tracked.connection
    let connected = good.flatMap { good in attempt.completion(after: good.frame) }
    let expected = first.sequence + 1
    let asked = attempt.syns.last { $0.frame < answer.frame } ?? first

    var frames = [FrameRole(asked.frame, "SYN: ISS+1 = \(expected.rawValue)")]
    frames += wrong.prefix(4).map {
      FrameRole($0.frame, "SYN,ACK acknowledging \($0.acknowledgment.rawValue)")
    }
    frames += resets.prefix(4).map { FrameRole($0.frame, "the caller's RST: SEQ = that ACK") }
    if let retry { frames.append(FrameRole(retry.frame, "the SYN again")) }
    if let good { frames.append(FrameRole(good.frame, "SYN,ACK the caller can take")) }
    if let connected { frames.append(FrameRole(connected.frame, "handshake completed")) }
    frames.sort { $0.frame < $1.frame }

    var summary =
      "The SYN,ACK of \(tracked.server) (frame \(answer.frame)) acknowledges "
      + "\(answer.acknowledgment.rawValue), which \(tracked.client) never sent (its SYN, frame "
      + "\(asked.frame), asks for \(expected.rawValue))"
    if let reset = resets.first { summary += "; so it answered RST (frame \(reset.frame))" }
    if wrong.count > 1 {
      summary += ", and again \(ProofText.times(wrong.count - 1))"
    }
    if let connected {
      let cost = connected.time.nanoseconds(since: answer.time)
      summary += ", and connected \(ProofText.duration(cost)) later by repeating its SYN"
    } else {
      summary += ", and did not connect"
    }
    return [
      Finding(
        id: id, severity: connected == nil ? .error : .warning,
        confidence: tracked.confidence(resets.isEmpty ? .likely : .certain),
        connections: [connection.id], frames: frames,
        time: (connected ?? resets.last ?? wrong.last ?? answer).time, summary: summary + ".",
        advice:
          "Something between \(connection.host(.client)) and \(connection.host(.server)) answers "
          + "with another connection's numbers, or forgot to translate them: capture on both sides "
          + "of each NAT, load balancer, SYN proxy and firewall that randomises sequence numbers, "
          + "and find the one behind which the ACK of frame \(answer.frame) changes.",
        values: [
          ("expected_ack", .integer(Int64(expected.rawValue))),
          ("ack", .integer(Int64(answer.acknowledgment.rawValue))),
          ("off_by", .integer(Int64(answer.acknowledgment.distance(from: expected)))),
          ("wrong_answers", .integer(Int64(wrong.count))),
          ("resets", .integer(Int64(resets.count))),
        ],
        costSeconds: connected.map { $0.time.nanoseconds(since: answer.time).seconds },
        causeKey: attempt.listener)
    ]
  }

  public var page: ExplanationPage {
    ExplanationPage(
      mechanism: [
        "A SYN,ACK must acknowledge the caller's SYN: its acknowledgment number is the SYN's sequence number plus one (more only where the SYN carried data). A caller in SYN-SENT that receives anything else answers RST, with that very number as its sequence number, stays in SYN-SENT and tries again. The RST removes the half-open connection at whoever sent the SYN,ACK.",
        "A server's kernel does not err here. The answer belongs to another SYN: one of a second host behind the same NAT address and port, one that a SYN proxy or load balancer still remembers, or a box that changes sequence numbers one way and not the other.",
      ],
      ladder: [
        "  SYN-SENT     ---- SYN seq=x --------------------->  SYN-RECEIVED",
        "               <--- SYN,ACK ack=y (y is not x+1) ----",
        "  SYN-SENT     ---- RST seq=y --------------------->  LISTEN",
        "               ---- SYN seq=x --------------------->  again",
      ],
      proof: [
        "The SYN,ACK's acknowledgment number lies outside ISS+1 … SND.NXT of the attempt.",
        "The caller's RST has that acknowledgment number as its sequence number, and no ACK flag.",
      ],
      lookAlikes: [
        "Fast Open: the SYN carries data, and the SYN,ACK acknowledges the data too.",
        "rst-on-reuse: not a SYN,ACK but a plain ACK of the old connection draws the same RST.",
        "stale-segment: the SYN,ACK answers a SYN of the previous connection of these ports that was late.",
        "synack-tsecr-mismatch: the acknowledgment is right, the echoed timestamp is not.",
      ],
      confirmation: [
        .init(
          "nstat -az TcpOutRsts TcpExtTCPSynRetrans",
          "on the caller: one RST and one repeated SYN for each"),
        .init(
          "tcpdump -nSi IFACE 'tcp[tcpflags] & (tcp-syn|tcp-rst) != 0 and port PORT'",
          "-S prints absolute numbers: compare both sides of each box on the way (for IPv6 ip6[53] & 6 != 0)"
        ),
      ],
      remedies: [
        "Repair or update the box whose two sides differ; switch off its sequence number randomisation or SYN proxy to prove it.",
        "Give the NAT enough outside ports and hold each for a minute after a connection's end.",
      ],
      myths: [
        "It is not an attack on the caller, and dropping its outgoing RSTs makes it worse: the stale half-open entry then survives."
      ],
      references: [
        "RFC 9293 §3.10.7.3, first check", "RFC 9293 §3.5.2, group 2", "RFC 7413 §4.2.2",
      ])
  }
}
