import PacketDecoding
public import TCPModel

/// The third segment of a handshake was lost, and a later one completed it.
public struct HandshakeAckLost: ConnectionRule {
  public let id = "handshake-ack-lost"
  public let title = "the handshake's last ACK was lost; a later segment completed it"
  public let group = RuleGroup.setup
  public let severity = Severity.warning

  // Definition (RFC 9293 §3.5, §3.8.1); the server goes on in the end, and one of
  // 1. passed: the server repeats its SYN,ACK, longer than a round trip after the caller's ACK
  //    passed, and then goes on. Three and more segments ignored are accept-queue-overflow.
  // 2. before us: no ACK passed, the SYN,ACK is repeated, and the caller's ACK then echoes the first
  //    SYN,ACK: it had that one. By the caller's clock it was sent after the repetition.
  // 3. before us, unnoticed: the first segment of the caller after the SYN,ACK is data, later than
  //    any ACK can be put off (RFC 9293 §3.8.6.3: 0.5 s; Linux 0.2 s). A note: nothing waited.
  // In 1 and 2 it is a note where the server went on sooner than its timer, 1 s (RFC 6298 §2.1), would
  // have let it: a copy of the SYN drew the SYN,ACK, and next to nothing was waited for.
  // What disproves it: a copy of the SYN,ACK (the same TSval), a capture with gaps; the server's echo
  // of a segment sent before it repeated its SYN,ACK, for that was late. Without timestamps late and
  // lost look alike.

  public init() {}

  public var gate: ConnectionGate {
    ConnectionGate(
      all: [.clientSYN, .answered], any: [.serverSYNRepeated, .slowHandshake], none: [.isSelf])
  }

  public func mayApply(to connection: Connection) -> Bool {
    connection.client.marks.contains(.synSent) && connection.answerTime != .epoch
      && !connection.traits.contains(.isSelf)
      && (connection.server.synCount > 1
        || connection.completionTime.nanoseconds(since: connection.answerTime) > 250_000_000)
  }

  public func examine(_ tracked: TrackedConnection, _ facts: CaptureFacts) -> [Finding] {
    let attempt = Attempt(tracked)
    guard let answer = attempt.answers.first else { return [] }
    let rounds = attempt.ignoredRounds
    if let round = rounds.first {
      guard AcceptQueueOverflow.ignored(attempt).count < 3, let last = rounds.last,
        let end = attempt.serverGoesOn(after: last.repetition.frame)
      else { return [] }
      return [passed(attempt, answer: answer, round: round, rounds: rounds.count, end: end)]
    }
    guard !attempt.hasGaps, var finding = beforeUs(attempt, answer: answer) else { return [] }
    finding.trust = .everyFrame
    return [finding]
  }

  private func passed(
    _ attempt: Attempt, answer: SegmentRecord,
    round: (acknowledgment: SegmentRecord, repetition: SegmentRecord), rounds: Int,
    end: (frame: UInt64, time: CaptureTime)
  ) -> Finding {
    let cost = end.time.nanoseconds(since: round.acknowledgment.time)
    let client = attempt.tracked.client
    let server = attempt.tracked.server
    let isTold = round.acknowledgment.hasTimestamps
    return finding(
      attempt, severity: severity(cost), confidence: isTold ? .likely : .possible,
      frames: [
        FrameRole(answer.frame, "SYN,ACK"),
        FrameRole(round.acknowledgment.frame, "ACK of \(client) that did not get through"),
        FrameRole(round.repetition.frame, "the same SYN,ACK again"),
        FrameRole(end.frame, "\(server) goes on: ESTABLISHED"),
      ],
      summary:
        "The ACK of \(client) (frame \(round.acknowledgment.frame)) that completes the handshake "
        + "passed here but had not reached \(server) when it repeated its SYN,ACK, "
        + "\(ProofText.duration(round.repetition.time.nanoseconds(since: answer.time))) after the "
        + "first (frame \(round.repetition.frame))"
        + (rounds == 1 ? "" : ", nor when it did so again") + "; it went on in frame \(end.frame), "
        + "\(ProofText.duration(cost)) late.",
      advice:
        "\(rounds == 1 ? "One packet" : "Packets") lost, or held up for long, between this capture "
        + "and \(attempt.connection.host(.server)). If it is seen often for one listener, look there for a full accept queue: ss -ltn (Recv-Q above "
        + "Send-Q) and nstat -az TcpExtListenOverflows."
        + attempt.connection.blame(.server),
      cost: cost, time: end.time)
  }

  private func beforeUs(_ attempt: Attempt, answer: SegmentRecord) -> Finding? {
    guard let completion = attempt.completion(after: answer.frame) else { return nil }
    let client = attempt.tracked.client
    let repeats = attempt.answers.filter {
      $0.frame > answer.frame && $0.frame < completion.frame
        && $0.timestampValue != answer.timestampValue
        && $0.time.nanoseconds(since: answer.time) > 150_000_000
    }
    if let again = repeats.first {
      guard attempt.taken(by: completion)?.frame == answer.frame,
        attempt.isAnswer(completion, to: again),
        !attempt.syns.contains(where: { $0.frame > answer.frame }),
        !attempt.clientResets.contains(where: { $0.frame < completion.frame })
      else { return nil }
      let cost = completion.time.nanoseconds(since: answer.time)
      return finding(
        attempt, severity: severity(cost), confidence: .likely,
        frames: [
          FrameRole(answer.frame, "SYN,ACK"), FrameRole(again.frame, "the same SYN,ACK again"),
          FrameRole(completion.frame, "ACK that echoes the first SYN,ACK"),
        ],
        summary:
          "The first ACK of \(client) was lost, or held up for long, before it passed here: "
          + "\(attempt.listener) repeated "
          + "its SYN,ACK (frame \(again.frame)), but the ACK that came then (frame "
          + "\(completion.frame)) echoes the TSval of the first one (frame \(answer.frame)), which "
          + "\(client) therefore had; it cost up to \(ProofText.duration(cost)).",
        advice:
          "Look for loss on the way from \(attempt.connection.host(.client)) to "
          + "\(attempt.connection.host(.server)), on the caller's side of this capture.",
        cost: cost, time: completion.time)
    }
    let waited = completion.time.nanoseconds(since: answer.time)
    guard attempt.answers.count == 1, completion.length > 0,
      waited > 500_000_000
        || waited > 250_000_000 && (attempt.usualRoundTrip ?? .max) < 50_000_000,
      attempt.connection.clientRoundTrip == waited || completion.length > 0,
      attempt.syns.count == 1,
      // The client's own clock agrees that it sent the data late.
      let syn = attempt.syns.first, syn.hasTimestamps, completion.hasTimestamps,
      TimestampValue(completion.timestampValue).distance(
        from: TimestampValue(syn.timestampValue)) > 200,
      let end = attempt.serverGoesOn(after: completion.frame)
    else { return nil }
    return finding(
      attempt, severity: .note, confidence: .likely,
      frames: [
        FrameRole(answer.frame, "SYN,ACK"),
        FrameRole(completion.frame, "first segment of \(client) after it: data, no ACK before"),
        FrameRole(end.frame, "acknowledged: the data completed the handshake"),
      ],
      summary:
        "The handshake's ACK of \(client) never passed here: its first segment after the SYN,ACK "
        + "(frame \(answer.frame)) is the data of frame \(completion.frame), "
        + "\(ProofText.duration(waited)) later, which completed the handshake at "
        + "\(attempt.listener); the ACK was lost on its way to this capture, or the capture missed "
        + "it.",
      advice:
        "Nothing waited for it here. A server that speaks first would have waited a second, for its "
        + "SYN,ACK timer.",
      cost: nil, time: completion.time)
  }

  /// The timer is 1 s; seen from here a round trip may be missing of it.
  private func severity(_ cost: Int64) -> Severity { cost < 800_000_000 ? .note : .warning }

  private func finding(
    _ attempt: Attempt, severity: Severity, confidence: Confidence, frames: [FrameRole],
    summary: String, advice: String, cost: Int64?, time: CaptureTime
  ) -> Finding {
    var values: [(name: String, value: FindingValue)] = [
      ("syn_acks", .integer(Int64(attempt.answers.count)))
    ]
    if let cost { values.append(("delay_seconds", .seconds(cost.seconds))) }
    return Finding(
      id: id, severity: severity, confidence: attempt.tracked.confidence(confidence),
      connections: [attempt.connection.id], frames: frames, time: time, summary: summary,
      advice: advice, values: values, costSeconds: cost?.seconds, causeKey: attempt.path)
  }

  public var page: ExplanationPage {
    ExplanationPage(
      mechanism: [
        "The caller is ESTABLISHED as soon as it has the SYN,ACK; the server only when the caller's ACK arrives. That ACK is never repeated by itself. When it is lost, the server stays in SYN-RECEIVED until data of the caller arrives, which carries the same acknowledgment, or until its own timer repeats the SYN,ACK, which the caller answers by the ACK again.",
        "So a caller that speaks first notices nothing; where the server speaks first (SMTP, SSH, FTP, MySQL) both sides wait a second.",
      ],
      ladder: [
        "  SYN-SENT     ---- SYN ------------------>  SYN-RECEIVED",
        "  ESTABLISHED  <--- SYN,ACK ---------------",
        "               ---- ACK ----X  (lost)",
        "   1 s later   <--- SYN,ACK ---------------  the same again",
        "               ---- ACK ------------------>  ESTABLISHED",
      ],
      proof: [
        "The SYN,ACK is repeated longer than a round trip after the caller's ACK passed, once or twice, and then the server goes on.",
        "Or the ACK itself never passed here, and the ACK that comes later echoes the first SYN,ACK.",
      ],
      lookAlikes: [
        "accept-queue-overflow: the ACK arrives and is not taken; three segments or more are ignored. A round or two of it look the same as a lost ACK.",
        "An ACK that is only late, on a path that holds segments up: the server's later segments echo its TSval, or that of data sent before the repetition. Without timestamps the two cannot be told apart.",
        "syn-ack-lost: the caller repeats its SYN, or its ACK echoes the later SYN,ACK.",
        "A copy of the SYN,ACK made by the network: the same TSval, milliseconds apart.",
        "TCP_DEFER_ACCEPT at the server drops the bare ACK by intention and waits for data.",
        "A caller with TCP_DEFER_ACCEPT or data ready puts its ACK off, for at most 200 ms in Linux.",
      ],
      confirmation: [
        .init("ss -tn state syn-recv", "on the server: the request that waits"),
        .init(
          "nstat -az TcpExtListenOverflows TcpExtListenDrops",
          "on the server: standing still: it was loss, not the queue"),
      ],
      remedies: [
        "Treat it as loss on the way to the server. TCP_DEFER_ACCEPT must not be set on a listener whose server speaks first."
      ],
      references: [
        "RFC 9293 §3.5", "RFC 9293 §3.8.6.3 (delayed ACK: less than 0.5 s)", "RFC 9293 §3.10.7.4",
      ])
  }
}
