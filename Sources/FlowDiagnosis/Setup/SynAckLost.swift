import PacketDecoding
public import TCPModel

/// A SYN,ACK that was lost and repeated.
public struct SynAckLost: ConnectionRule {
  public let id = "syn-ack-lost"
  public let title = "the SYN,ACK was lost; the server had the request all along"
  public let group = RuleGroup.setup
  public let severity = Severity.warning

  // Definition (RFC 9293 §3.8.1, RFC 7323 §3.2); the handshake completes in the end, and one of
  // 1. passed: the SYN is repeated longer than a round trip after a SYN,ACK passed us, or the
  //    caller's ACK echoes a repeated SYN,ACK and not the one before;
  // 2. before us: the first SYN,ACK we see echoes an older SYN than the newest that passed;
  // 3. by the timer: the only SYN is answered after 1 s or 3 s, the server's SYN,ACK timer, though
  //    this server usually answers far sooner.
  // Innocent: a SYN,ACK that is only late, by the server's own clock (slow-handshake); repeated
  // SYN,ACKs after the caller's ACK (handshake-ack-lost, accept-queue-overflow).

  public init() {}

  public var gate: ConnectionGate {
    ConnectionGate(
      all: [.clientSYN, .answered], any: [.clientSYNRepeated, .serverSYNRepeated, .slowHandshake],
      none: [.isSelf])
  }

  public func mayApply(to connection: Connection) -> Bool {
    connection.client.marks.contains(.synSent) && connection.answerTime != .epoch
      && !connection.traits.contains(.isSelf)
      && (connection.client.synCount > 1 || connection.server.synCount > 1
        || connection.answerTime.nanoseconds(since: connection.firstTime) > 900_000_000)
  }

  /// What was concluded, and from which frames.
  private struct Loss {
    var lost: [SegmentRecord]
    var arrived: SegmentRecord
    var confidence: Confidence
    var proof: String
  }

  public func examine(_ tracked: TrackedConnection, _ facts: CaptureFacts) -> [Finding] {
    let attempt = Attempt(tracked)
    guard let first = attempt.syns.first, let answer = attempt.answers.first,
      let completion = attempt.completion(after: answer.frame),
      !attempt.clientResets.contains(where: { $0.frame < completion.frame }),
      let loss = passed(attempt, first: answer, completion: completion)
        ?? beforeUs(attempt, answer: answer) ?? byTimer(attempt, answer: answer, first: first)
    else { return [] }

    let connection = tracked.connection
    let cost = max(0, loss.arrived.time.nanoseconds(since: (loss.lost.first ?? first).time))
    var frames = attempt.syns.prefix(6).map {
      FrameRole($0.frame, $0.frame == first.frame ? "SYN" : "the SYN again")
    }
    frames += loss.lost.prefix(4).map { FrameRole($0.frame, "SYN,ACK lost beyond the capture") }
    frames.append(FrameRole(loss.arrived.frame, "SYN,ACK that arrived"))
    frames.append(FrameRole(completion.frame, "ACK that completes the handshake"))
    frames.sort { $0.frame < $1.frame }
    let subject =
      loss.lost.isEmpty
      ? "A SYN,ACK of \(tracked.server) was lost, or held up for long, before it passed here"
      : "\(ProofText.count(loss.lost.count, "SYN,ACK")) of \(tracked.server) "
        + "(\(ProofText.frames(loss.lost.map(\.frame)))) passed here but never reached "
        + "\(tracked.client)"
    // Repetitions within a tick of the server's clock cannot be told apart.
    let twin = tracked.segments.first {
      $0.sender == .server && $0.flags.contains([.syn, .ack]) && $0.hasTimestamps
        && $0.frame > loss.arrived.frame && $0.frame < completion.frame
        && $0.timestampValue == loss.arrived.timestampValue
    }
    let arrival =
      twin.map { "the one in frame \(loss.arrived.frame) or \($0.frame)" }
      ?? "the one in frame \(loss.arrived.frame)"
    return [
      Finding(
        id: id, severity: .warning, confidence: tracked.confidence(loss.confidence),
        connections: [connection.id], frames: frames, time: completion.time,
        summary:
          "\(subject): \(loss.proof); \(arrival) arrived, \(ProofText.duration(cost)) late.",
        advice:
          "Look for loss on the way from \(connection.host(.server)) to \(connection.host(.client))"
          + (loss.lost.isEmpty ? ", on the server's side of this capture" : ", beyond this capture")
          + "; the way there is fine, for the SYN had arrived. One-way loss of the small first "
          + "answer often is a stateful filter that sees only one direction."
          + (loss.lost.isEmpty ? "" : connection.blame(.client)),
        values: [
          ("syns", .integer(Int64(attempt.syns.count))),
          ("syn_acks", .integer(Int64(attempt.answers.count))),
          ("tsecr", .integer(Int64(loss.arrived.timestampEchoReply))),
          ("delay_seconds", .seconds(cost.seconds)),
        ],
        costSeconds: cost.seconds, causeKey: attempt.path)
    ]
  }

  private func passed(
    _ attempt: Attempt, first: SegmentRecord, completion: SegmentRecord
  ) -> Loss? {
    let roundTrip = max(attempt.connection.clientRoundTrip, 50_000_000)
    let answers = attempt.answers.filter { $0.frame < completion.frame }
    if let again = attempt.syns.first(where: {
      $0.frame > first.frame && $0.frame < completion.frame
        && $0.time.nanoseconds(since: first.time) > roundTrip
    }) {
      // One that passed before the one that arrived, and still had not arrived when the SYN was
      // repeated.
      guard let arrived = attempt.taken(by: completion) ?? answers.last else { return nil }
      let lost = answers.filter {
        $0.frame < arrived.frame && again.time.nanoseconds(since: $0.time) > roundTrip
      }
      guard !lost.isEmpty else { return nil }
      return Loss(
        lost: lost, arrived: arrived, confidence: .certain,
        proof: "the caller sent its SYN again (frame \(again.frame))")
    }
    // The caller's ACK tells which SYN,ACK it took.
    guard answers.count > 1, let taken = attempt.taken(by: completion),
      taken.frame != first.frame, taken.timestampValue != first.timestampValue,
      taken.time.nanoseconds(since: first.time) > roundTrip
    else { return nil }
    return Loss(
      lost: answers.filter { $0.frame < taken.frame && $0.timestampValue != taken.timestampValue },
      arrived: taken, confidence: .likely,
      proof: "its ACK (frame \(completion.frame)) echoes the TSval of frame \(taken.frame) only")
  }

  private func beforeUs(_ attempt: Attempt, answer: SegmentRecord) -> Loss? {
    guard let named = attempt.echoed(by: answer),
      let newest = attempt.syns.last(where: { $0.frame < answer.frame }),
      named.frame < newest.frame
    else { return nil }
    let waited = newest.time.nanoseconds(since: named.time)
    guard waited > 100_000_000, (attempt.usualRoundTrip ?? 0) < waited / 2,
      !attempt.wasLate(answer)
    else { return nil }
    return Loss(
      lost: [], arrived: answer, confidence: .likely,
      proof:
        "the first one seen (frame \(answer.frame)) echoes TSval \(named.timestampValue) of the SYN "
        + "in frame \(named.frame), not of the repetition in frame \(newest.frame)")
  }

  private func byTimer(
    _ attempt: Attempt, answer: SegmentRecord, first: SegmentRecord
  ) -> Loss? {
    let waited = answer.time.nanoseconds(since: first.time)
    guard attempt.syns.filter({ $0.frame < answer.frame }).count == 1,
      (950_000_000...1_300_000_000).contains(waited)
        || (2_950_000_000...3_300_000_000).contains(waited),
      let usual = attempt.usualRoundTrip, usual < waited / 4, !attempt.wasLate(answer)
    else { return nil }
    return Loss(
      lost: [], arrived: answer, confidence: .possible,
      proof:
        "the SYN (frame \(first.frame)) was answered only when the server's SYN,ACK timer runs "
        + "out, though this server answers data within \(ProofText.duration(usual)), and nothing "
        + "shows that it was held up")
  }

  public var page: ExplanationPage {
    ExplanationPage(
      mechanism: [
        "The SYN arrived, the server made a request and answered, and the answer was lost. Two timers now run: the caller repeats its SYN, the server its SYN,ACK (Linux: after 1 s, doubling, tcp_synack_retries times). Whichever comes first repairs it.",
        "A SYN,ACK echoes the TSval of the SYN that made the request, and goes on echoing it in its repetitions. So when the first SYN,ACK that passes echoes an old SYN, an earlier SYN,ACK was lost before the capture.",
      ],
      ladder: [
        "   0 s  SYN-SENT  ---- SYN TSval=100 --------->  SYN-RECEIVED",
        "                       X---- SYN,ACK TSecr=100 -",
        "   1 s            ---- SYN TSval=1100 -------->",
        "        ESTABL.   <--- SYN,ACK TSecr=100 -------  the first echo",
      ],
      proof: [
        "Captured at the server's side: the SYN is repeated longer than a round trip after the SYN,ACK passed.",
        "Captured at the caller's side: the first SYN,ACK echoes an older SYN than the newest; or the only SYN is answered after just the server's timer.",
      ],
      lookAlikes: [
        "syn-lost: the SYN,ACK echoes the repetition.",
        "slow-handshake: the SYN,ACK is late, not lost; the server's TSvals show that it left long before.",
        "handshake-ack-lost and accept-queue-overflow: SYN,ACKs repeated after the caller's ACK passed.",
        "handshake-never-completed: no SYN,ACK ever gets through.",
      ],
      confirmation: [
        .init("nstat -az TcpRetransSegs", "on the server: SYN,ACKs repeated count here"),
        .init("ss -tn state syn-recv", "on the server: requests that wait, with their timer"),
        .init("nstat -az TcpExtTCPSynRetrans", "on the caller: repeated SYNs"),
      ],
      remedies: [
        "Find where the way back loses: capture on both sides; look for asymmetric routes through stateful firewalls and for full queues on the caller's access link."
      ],
      myths: [
        "A larger listen backlog does not help: the server had accepted the request.",
        "Lowering tcp_synack_retries only makes the server give up sooner.",
      ],
      references: ["RFC 7323 §3.2", "RFC 9293 §3.8.1", "RFC 6298 §2.1"])
  }
}
