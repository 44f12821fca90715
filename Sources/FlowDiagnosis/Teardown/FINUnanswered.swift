import PacketDecoding
public import TCPModel

/// The active closer's FIN is never acknowledged.
public struct FINUnanswered: ConnectionRule {
  public let id = "fin-unanswered"
  public let title = "a FIN is repeated to the end and never acknowledged"
  public let group = RuleGroup.teardown
  public let severity = Severity.error
  public let supersedes = ["retransmission-timeout", "half-open-connection"]

  // Definition (RFC 9293 §3.8.1, §3.8.3):
  // 1. The end that closes first sends its FIN at least three times, over half a second at least.
  // 2. Nothing of the other end passes after the first one: it is dead, or the path is.
  // What disproves it: any later segment of the other end, a RST above all, or a direction that was
  // not captured.

  /// Linux repeats a FIN after 200 and 400 ms at the soonest, not counting a loss probe.
  private static let leastTime = Timers.second / 2

  public init() {}

  public var gate: ConnectionGate { ConnectionGate(all: [.finRepeated]) }

  public func mayApply(to connection: Connection) -> Bool {
    Side.allCases.contains {
      connection[$0].finCount > 2 && !connection[$0].marks.contains(.finAcknowledged)
    }
  }

  public func examine(_ tracked: TrackedConnection, _ facts: CaptureFacts) -> [Finding] {
    guard tracked.isTwoSided else { return [] }
    return Side.allCases.compactMap { examine(tracked, $0, facts) }
  }

  private func examine(
    _ tracked: TrackedConnection, _ side: Side, _ facts: CaptureFacts
  ) -> Finding? {
    let connection = tracked.connection
    let fins = tracked.fins(of: side)
    let (end, other) = (connection[side], connection[side.peer])
    guard let first = fins.first, let last = fins.last, fins.count > 2,
      !end.marks.contains(.closedSecond), !end.marks.contains(.finAcknowledged),
      !other.marks.contains(.finSent),
      other.lastTime.nanoseconds(since: first.time) < tracked.roundTrip(to: side.peer),
      last.time.nanoseconds(since: first.time) >= FINUnanswered.leastTime,
      !tracked.resets(of: side.peer).contains(where: { $0.frame > first.frame })
    else { return nil }
    let (name, peer) = (connection.name(side), connection.name(side.peer))
    let lasted = last.time.nanoseconds(since: first.time)
    let silence = first.time.nanoseconds(since: other.lastTime)
    let isOver = end.marks.contains(.timedOut) || end.marks.contains(.reset)
    let summary =
      "\(name) sent its FIN \(ProofText.times(fins.count)) in \(ProofText.duration(lasted)) "
      + "(\(ProofText.frames(fins.map(\.frame)))) and no ACK of \(peer) came; \(peer) had last been "
      + "heard \(ProofText.duration(silence)) before (frame \(other.lastFrame)), so it or the "
      + "path is dead\(isOver ? ", and FIN-WAIT-1 was given up" : "")."
    return Finding(
      id: id, severity: .error,
      confidence: tracked.confidence(
        fins.count > 3 ? .certain : .likely, silentSince: isOver ? nil : last.time,
        for: Timers.second, facts),
      connections: [connection.id],
      frames: [FrameRole(other.lastFrame, "last segment of \(peer)")]
        + fins.map {
          FrameRole(
            $0.frame, $0.frame == first.frame ? "FIN of \(name)" : "the same FIN again, unanswered")
        },
      time: last.time, summary: summary,
      advice:
        "Find out whether \(connection.host(side.peer)) is up and whether a firewall between dropped "
        + "the connection's state; other connections of this path at the same time tell.",
      values: [
        ("fins", .integer(Int64(fins.count))), ("old_state", .text("FIN-WAIT-1")),
        ("lasted_seconds", .seconds(lasted.seconds)),
        ("silence_seconds", .seconds(last.time.nanoseconds(since: other.lastTime).seconds)),
      ],
      costSeconds: nil, causeKey: tracked.pathKey)
  }

  public var page: ExplanationPage {
    ExplanationPage(
      mechanism: [
        "FIN-WAIT-1 waits for the FIN's acknowledgment and repeats it with doubling pauses. A host that is up always answers: by ACK if it knows the connection, by RST if it does not. Silence means that the host is down, that the path is broken, or that a firewall drops segments of a connection that it no longer knows.",
        "Linux gives an orphan in FIN-WAIT-1 up after tcp_orphan_retries repetitions (0 means 8, about 100 s); no packet tells it.",
      ],
      ladder: [
        "  client                                        server",
        "  FIN-WAIT-1      ---- FIN,ACK -------X",
        "                  ---- FIN,ACK -------X         0.2 s later",
        "                  ---- FIN,ACK -------X         0.4 s, 0.8 s, …",
        "  CLOSED          given up, no packet",
      ],
      proof: ["The same FIN at least three times, and no segment of the other end afterwards."],
      lookAlikes: [
        "fin-lost: one of the FINs is acknowledged in the end.",
        "missing-final-ack: the repeating end closed second (LAST-ACK).",
        "A capture of one direction only.",
      ],
      confirmation: [
        .init(
          "ss -tano state fin-wait-1", "the socket with its retransmission timer: timer:(on,…)"),
        .init("sysctl net.ipv4.tcp_orphan_retries", "0 means 8"),
        .init("nstat -az TcpExtTCPAbortOnTimeout", "connections given up for want of an answer"),
      ],
      remedies: [
        "Look for what else on this path fell silent at the same time.",
        "Many orphans in FIN-WAIT-1 cost memory: lower tcp_orphan_retries on busy servers.",
      ],
      myths: ["tcp_fin_timeout does not apply: it is the time of FIN-WAIT-2."],
      references: ["RFC 9293 §3.8.3", "RFC 9293 §3.8.1", "RFC 6298 §5"])
  }
}
