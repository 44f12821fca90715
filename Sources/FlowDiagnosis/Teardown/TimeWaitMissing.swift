import PacketDecoding
public import TCPModel

/// A repeated FIN finds no TIME-WAIT at the end that closed first.
public struct TimeWaitMissing: ConnectionRule {
  public let id = "time-wait-missing"
  public let title =
    "a repeated FIN is answered by RST: the end that closed first kept no TIME-WAIT"
  public let group = RuleGroup.teardown
  public let severity = Severity.warning
  public let supersedes = [
    "missing-final-ack", "rst-close", "rst-after-fin", "half-open-connection",
  ]

  // Definition (RFC 9293 §3.6.1, MUST-13; §3.10.7.1):
  // 1. Both FINs passed; the end that closed first acknowledged the second one, or should have.
  // 2. The end that closed second repeats its FIN within 2 MSL.
  // 3. The first closer answers RST with SEQ = that FIN's ACK instead of repeating its ACK.
  // What disproves it: the answer is an ACK (missing-final-ack), TIME-WAIT had run out, or a RST of
  // the other end had ended it (time-wait-assassination).

  public init() {}

  public var gate: ConnectionGate {
    ConnectionGate(all: [.finRepeated], any: [.clientRST, .serverRST])
  }

  public func mayApply(to connection: Connection) -> Bool {
    max(connection.client.finCount, connection.server.finCount) > 1
      && max(connection.client.rstCount, connection.server.rstCount) > 0
  }

  public func examine(_ tracked: TrackedConnection, _ facts: CaptureFacts) -> [Finding] {
    Side.allCases.compactMap { examine(tracked, $0) }
  }

  /// `side` closed first.
  private func examine(_ tracked: TrackedConnection, _ side: Side) -> Finding? {
    let connection = tracked.connection
    let repeats = tracked.fins(of: side.peer)
    guard let own = tracked.fins(of: side).first, let first = repeats.first, repeats.count > 1,
      own.frame < first.frame || connection[side.peer].marks.contains(.closedSecond),
      let reset = tracked.resets(of: side).first(where: { reset in
        !reset.flags.contains(.ack) && reset.frame > first.frame
          && repeats.contains { $0.frame < reset.frame && $0.acknowledgment == reset.sequence }
      }),
      let trigger = repeats.last(where: { $0.frame < reset.frame }), trigger.frame != first.frame
    else { return nil }
    let age = reset.time.nanoseconds(since: first.time)
    let isAssassinated = tracked.transitions.contains {
      $0.endpoint == side && $0.isAssassination && $0.frame < reset.frame
    }
    guard age < 60_000_000_000, !isAssassinated else { return nil }
    let final = tracked.firstAcknowledgment(by: side, of: first.end, after: first.frame)
    let (name, peer) = (connection.name(side), connection.name(side.peer))
    let lost =
      final.map { "the final ACK (frame \($0.frame)) was lost" } ?? "no final ACK had passed"
    let summary =
      "\(name) closed first but kept no TIME-WAIT: when \(peer) repeated its FIN "
      + "(frame \(trigger.frame)), because \(lost), it met no connection \(ProofText.duration(age)) "
      + "after the close and drew a RST (frame \(reset.frame)) instead of another ACK."
    var frames = [FrameRole(own.frame, "FIN of \(name), which closed first")]
    frames.append(FrameRole(first.frame, "FIN of \(peer)"))
    if let final { frames.append(FrameRole(final.frame, "final ACK, lost beyond the capture")) }
    frames.append(FrameRole(trigger.frame, "the same FIN again"))
    frames.append(FrameRole(reset.frame, "RST, SEQ = that FIN's ACK"))
    return Finding(
      id: id, severity: .warning, confidence: tracked.confidence(.certain),
      connections: [connection.id], frames: frames.sorted { $0.frame < $1.frame },
      time: reset.time, summary: summary,
      advice:
        "Check nstat -az TcpExtTCPTimeWaitOverflow on \(connection.host(side)) and raise "
        + "net.ipv4.tcp_max_tw_buckets; otherwise look for SO_LINGER 0, a reboot, or a NAT that "
        + "forgot the connection.",
      values: [
        ("old_state", .text("LAST-ACK")), ("fins", .integer(Int64(repeats.count))),
        ("held_seconds", .seconds(age.seconds)),
        ("rst_seq", .integer(Int64(reset.sequence.rawValue))),
      ],
      costSeconds: nil, causeKey: connection.host(side))
  }

  public var page: ExplanationPage {
    ExplanationPage(
      mechanism: [
        "TIME-WAIT has one duty that users notice: to repeat the final ACK when it was lost. If the end that closed first holds no TIME-WAIT, the repeated FIN meets no connection and is answered by RST. LAST-ACK dies of it, usually without harm; but the same host would also let its ports be reused at once, and old segments would meet new connections.",
        "Linux drops TIME-WAIT when the table is full (tcp_max_tw_buckets), after an abort, and of course after a reboot. A NAT or load balancer that forgot the connection may answer in the host's name.",
      ],
      ladder: [
        "  client                                        server",
        "  FIN-WAIT-2      <--- FIN,ACK -------------    LAST-ACK",
        "  (no TIME-WAIT)  ---- ACK ----X lost",
        "                  <--- FIN,ACK -------------    200 ms later, again",
        "  CLOSED          ---- RST seq=FIN's ACK -->    CLOSED",
      ],
      proof: [
        "Both FINs passed, the second is repeated within 60 s and answered by a RST without ACK flag whose SEQ is the FIN's ACK."
      ],
      lookAlikes: [
        "missing-final-ack: the repeated FIN is answered by the same ACK again.",
        "rst-after-fin: data, not a repeated FIN, draws the RST.",
        "fin-wait-2-orphan: the FIN comes for the first time, but a minute late.",
      ],
      confirmation: [
        .init(
          "nstat -az TcpExtTCPTimeWaitOverflow",
          "on the end that closed first: TIME-WAITs dropped because the table was full"),
        .init("sysctl net.ipv4.tcp_max_tw_buckets", "the size of the table"),
        .init("ss -s", "how many TIME-WAITs there are (timewait)"),
      ],
      remedies: [
        "Raise tcp_max_tw_buckets; an entry costs a few hundred bytes.",
        "Close fewer connections: keep-alive, pooling.",
      ],
      myths: [
        "Lowering tcp_max_tw_buckets to get rid of TIME-WAIT causes precisely this, and resets on reuse.",
        "tcp_fin_timeout does not shorten TIME-WAIT.",
      ],
      references: ["RFC 9293 §3.6.1", "RFC 9293 §3.10.7.1", "RFC 9293 §3.5.2"])
  }
}
