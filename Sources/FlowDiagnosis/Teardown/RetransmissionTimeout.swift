import PacketDecoding
public import TCPModel

/// Data is repeated with growing pauses and never acknowledged.
public struct RetransmissionTimeout: ConnectionRule {
  public let id = "retransmission-timeout"
  public let title = "data was repeated with back-off until the sender gave up"
  public let group = RuleGroup.teardown
  public let severity = Severity.error
  public let supersedes = ["rst-close"]

  // Definition (RFC 9293 §3.8.1, §3.8.3; RFC 6298 §5):
  // 1. The same data is repeated at least five times, with pauses that grow.
  // 2. Nothing of the other end passes from the first repetition to the end of the connection.
  // What disproves it: any later segment of the other end; a direction not captured; an idle time
  // before the data (half-open-connection).

  public init() {}

  public var gate: ConnectionGate { ConnectionGate(all: [.manyRepetitions]) }

  public func mayApply(to connection: Connection) -> Bool {
    connection.client.retransmissions > 4 || connection.server.retransmissions > 4
  }

  public func examine(_ tracked: TrackedConnection, _ facts: CaptureFacts) -> [Finding] {
    guard tracked.isTwoSided else { return [] }
    return Side.allCases.compactMap { examine(tracked, $0, facts) }
  }

  private func examine(
    _ tracked: TrackedConnection, _ side: Side, _ facts: CaptureFacts
  ) -> Finding? {
    let connection = tracked.connection
    guard connection[side].marks.contains(.establishedConfirmed),
      connection[side.peer].marks.contains(.establishedConfirmed),
      let run = UnansweredRun(tracked, side), let first = run.copies.first,
      let last = run.copies.last
    else { return nil }
    let repeats = run.copies.filter { $0.annotations.contains(.retransmission) }
    guard repeats.count >= 5, grows(repeats) else { return nil }
    let original = first.annotations.contains(.retransmission) ? nil : first
    let silence = (run.reset ?? last).time.nanoseconds(since: run.other.lastTime)
    let end = run.reset.map { ", then gave up by RST (frame \($0.frame))" } ?? ""
    let summary =
      "\(run.name) repeated \(first.length) bytes"
      + (original.map { " of frame \($0.frame)" } ?? "")
      + " \(ProofText.times(repeats.count)) with growing pauses "
      + "(\(ProofText.frames(repeats.map(\.frame)))) and got no answer in "
      + "\(ProofText.duration(silence))\(end): \(run.peer) fell silent in the midst of the exchange "
      + "(last heard in frame \(run.other.lastFrame))."
    var frames = [FrameRole(run.other.lastFrame, "last segment of \(run.peer)")]
    if let original { frames.append(FrameRole(original.frame, "the data, sent first")) }
    frames += repeats.map { FrameRole($0.frame, "the same data again, unanswered") }
    if let reset = run.reset { frames.append(FrameRole(reset.frame, "\(run.name) gives up")) }
    return Finding(
      id: id, severity: .error,
      confidence: tracked.confidence(
        .likely, silentSince: run.reset == nil ? last.time : nil, for: Timers.second, facts),
      connections: [connection.id], frames: frames, time: (run.reset ?? last).time,
      summary: summary,
      advice:
        "Find out what happened to \(connection.host(side.peer)) or the path at that moment (crash, "
        + "routing, a firewall rule, a cable). If only large segments are lost, it is the MTU: see "
        + "path-mtu-blackhole.",
      values: [
        ("repetitions", .integer(Int64(repeats.count))),
        ("seq", .integer(Int64(first.sequence.rawValue))),
        ("bytes", .integer(Int64(first.length))), ("silence_seconds", .seconds(silence.seconds)),
      ],
      causeKey: tracked.pathKey)
  }

  /// Whether the pauses between repetitions grow, as the timer's back-off makes them.
  private func grows(_ repeats: [SegmentRecord]) -> Bool {
    let pauses = zip(repeats.dropFirst(), repeats).map { $0.time.nanoseconds(since: $1.time) }
    guard let first = pauses.first, let last = pauses.last else { return false }
    // Times of hostile captures lie as far apart as their type allows.
    return last / 2 > first
  }

  public var page: ExplanationPage {
    ExplanationPage(
      mechanism: [
        "Data that is not acknowledged is repeated by the retransmission timer, each time after twice the pause before, up to 120 s in Linux. After tcp_retries2 repetitions (15; 924 s or more) the connection is given up with ETIMEDOUT. No packet tells the other end.",
        "That nothing at all comes back, neither ACK nor RST nor an ICMP error, means that the other host is down, or that a device on the path drops everything.",
      ],
      ladder: [
        "  client                                        server",
        "  ESTABLISHED     ---- data ----------X",
        "                  ---- data ----------X         0.2 s",
        "                  ---- data ----------X         0.4 s, 0.8 s, 1.6 s, …",
        "  CLOSED          given up, no packet",
      ],
      proof: [
        "The same sequence number five times or more with growing pauses, and no segment of the other end in between."
      ],
      lookAlikes: [
        "A few losses in a row, and then an ACK: the connection lives on.",
        "half-open-connection: the silence was found after an idle time.",
        "path-mtu-blackhole: small segments still get through.",
        "fin-unanswered: it is the FIN that is repeated.",
      ],
      confirmation: [
        .init("ss -tnoi", "timer:(on,TIME,RETRIES), backoff:N and a growing rto on the sender"),
        .init(
          "nstat -az TcpExtTCPTimeouts TcpExtTCPAbortOnTimeout",
          "time-outs; connections given up"),
      ],
      remedies: [
        "Repair the path or host; look for what else fell silent at that time.",
        "To fail sooner, set TCP_USER_TIMEOUT on the socket rather than lowering tcp_retries2 for all.",
      ],
      myths: ["tcp_retries1 does not end connections: it only makes the route be looked up again."],
      references: ["RFC 9293 §3.8.1", "RFC 9293 §3.8.3", "RFC 6298 §5", "RFC 5482"])
  }
}
