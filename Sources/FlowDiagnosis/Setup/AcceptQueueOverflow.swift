import PacketDecoding
public import TCPModel

/// A listener whose accept queue is full: completed handshakes are not taken.
public struct AcceptQueueOverflow: ConnectionRule {
  static let id = "accept-queue-overflow"
  public var id: String { AcceptQueueOverflow.id }
  public let title = "the server does not take the completed handshake: its accept queue is full"
  public let group = RuleGroup.setup
  public let severity = Severity.error
  public let supersedes = ["handshake-ack-lost", "retransmission-timeout", "rst-close"]

  // Definition (Linux tcp_check_req, inet_csk_complete_hashdance):
  // 1. tcp_abort_on_overflow 0: the server repeats its SYN,ACK by its timer although the caller's
  //    ACK passed; and three segments of the caller at least are ignored. In the end it takes a later
  //    one, or answers data by RST (SEQ = the data's ACK), or never answers. Two that are ignored
  //    before one is taken are handshake-ack-lost: one in ten thousand at a loss of 1 %.
  //    Just three before one is taken are merely possible: one in forty thousand at a loss of 3 %.
  // 2. tcp_abort_on_overflow 1: within about a round trip of the caller's ACK a RST without ACK flag
  //    and with SEQ = ISN+1 of the server.
  // 3. Behind SYN cookies nothing is held: no SYN,ACK is repeated and no RST sent, the caller's data
  //    is repeated three times and ignored, for two seconds at least. A way that is cut looks the
  //    same, hence merely possible.
  // What disproves it: the first acknowledgment of data by the server before; the server's echo of
  // a segment that it seemed to ignore, which was late then. Loss of everything
  // in one direction looks the same, hence likely. What happens once it was accepted has a cause of
  // its own.

  public init() {}

  public var gate: ConnectionGate {
    ConnectionGate(
      all: [.clientSYN, .answered], any: [.serverSYNRepeated, .serverRST, .retransmission],
      none: [.isSelf])
  }

  public func mayApply(to connection: Connection) -> Bool {
    connection.client.marks.contains(.synSent) && connection.answerTime != .epoch
      && !connection.traits.contains(.isSelf)
      && (connection.server.synCount > 1 || connection.server.rstCount > 0
        || connection.client.retransmissions > 1 && connection.noticed.contains(.retransmission))
  }

  public func examine(_ tracked: TrackedConnection, _ facts: CaptureFacts) -> [Finding] {
    let attempt = Attempt(tracked)
    guard let answer = attempt.answers.first else { return [] }
    if let finding = aborted(attempt, answer: answer) { return [finding] }
    let finding = dropped(attempt, answer: answer) ?? behindCookies(attempt, answer: answer)
    return finding.map { [$0] } ?? []
  }

  /// Segments of the caller that the server should have taken as the end of the handshake before it
  /// repeated its SYN,ACK for the last time.
  static func ignored(_ attempt: Attempt) -> [SegmentRecord] {
    let rounds = attempt.ignoredRounds
    guard let first = attempt.answers.first, let last = rounds.last else { return [] }
    return attempt.clientSegments.filter {
      $0.frame > first.frame && $0.frame < last.repetition.frame
        && $0.flags.contains(.ack)
        && last.repetition.time.nanoseconds(since: $0.time)
          > max(attempt.longestRoundTrip, 50_000_000)
        && !attempt.cameLate($0, after: last.repetition)
    }
  }

  private func dropped(_ attempt: Attempt, answer: SegmentRecord) -> Finding? {
    let rounds = attempt.ignoredRounds
    guard let last = rounds.last,
      let acknowledgment = attempt.completion(after: answer.frame)
    else { return nil }
    let ignored = Self.ignored(attempt)
    let goesOn = attempt.serverGoesOn(after: last.repetition.frame)
    let before = attempt.serverGoesOn(after: answer.frame)
    if let before, before.frame < last.repetition.frame { return nil }
    let rejection = attempt.serverResets.first {
      $0.frame > last.repetition.frame && !$0.flags.contains(.ack) && $0.sequence == answer.end
    }
    guard ignored.count > 2 || goesOn == nil && (rounds.count > 1 || rejection != nil) else {
      return nil
    }

    let tracked = attempt.tracked
    let connection = attempt.connection
    let data = ignored.filter { $0.length > 0 }
    // When it accepted is not to be seen, but when it went on is.
    let wentOn = tracked.segments.first { $0.frame == goesOn?.frame }?.time ?? goesOn?.time
    let end = wentOn ?? rejection?.time ?? last.repetition.time
    let lasted = end.nanoseconds(since: acknowledgment.time)
    var frames = [
      FrameRole(answer.frame, "SYN,ACK"),
      FrameRole(acknowledgment.frame, "ACK of \(tracked.client), not taken"),
    ]
    frames += data.prefix(4).map { FrameRole($0.frame, "data of \(tracked.client), not taken") }
    frames += rounds.prefix(4).map { FrameRole($0.repetition.frame, "the same SYN,ACK again") }
    if let goesOn { frames.append(FrameRole(goesOn.frame, "the server goes on: accepted")) }
    if goesOn == nil, let rejection {
      frames.append(FrameRole(rejection.frame, "RST: the request had expired"))
    }
    frames = frames.reduce(into: []) { unique, next in
      if !unique.contains(where: { $0.frame == next.frame }) { unique.append(next) }
    }
    frames.sort { $0.frame < $1.frame }

    var summary =
      "\(tracked.server) did not take the handshake of \(tracked.client): after the ACK in frame "
      + "\(acknowledgment.frame) it repeated its SYN,ACK "
      + (rounds.count == 1 ? "" : "\(ProofText.times(rounds.count)) ")
      + "(\(ProofText.frames(rounds.map(\.repetition.frame)))) as if nothing had arrived"
    if !data.isEmpty { summary += ", ignored data (\(ProofText.frames(data.map(\.frame))))" }
    if let goesOn {
      summary += ", and went on in frame \(goesOn.frame), \(ProofText.duration(lasted)) later"
    } else if let rejection {
      summary += ", and reset in frame \(rejection.frame) after \(ProofText.duration(lasted))"
    } else {
      summary += ", for \(ProofText.duration(lasted)) and to the end of what was seen"
    }
    let mayBeLoss = goesOn != nil && ignored.count == 3
    summary +=
      mayBeLoss
      ? ": its accept queue was full, or all three segments that it ignored were lost."
      : ": its accept queue is most likely full."
    var finding = Finding(
      id: id, severity: goesOn == nil ? .error : .warning,
      confidence: tracked.confidence(rounds.count > 1 && !mayBeLoss ? .likely : .possible),
      connections: [connection.id], frames: frames, time: end, summary: summary,
      advice: advice(connection),
      values: [
        ("syn_ack_rounds", .integer(Int64(rounds.count))),
        ("segments_ignored", .integer(Int64(ignored.count))),
        ("tsecr", .integer(Int64(answer.timestampEchoReply))),
        ("held_seconds", .seconds(lasted.seconds)), ("mode", .text("drop")),
      ],
      costSeconds: goesOn == nil ? nil : lasted.seconds, causeKey: attempt.listener)
    if goesOn != nil { finding.spares = ["rst-close", "retransmission-timeout"] }
    return finding
  }

  /// How long a server that holds the request would wait before it repeats its SYN,ACK, and more.
  private static let patience: Int64 = 2 * Timers.second
  /// Larger data may have met a path MTU.
  private static let smallest: UInt32 = 1200

  private func behindCookies(_ attempt: Attempt, answer: SegmentRecord) -> Finding? {
    guard attempt.synAcks.count == 1, attempt.serverResets.isEmpty,
      let acknowledgment = attempt.completion(after: answer.frame),
      let repeated = attempt.clientSegments.first(where: {
        $0.length > 0 && $0.length < Self.smallest && $0.annotations.contains(.retransmission)
      })
    else { return nil }
    let goesOn = attempt.serverGoesOn(after: answer.frame)
    let copies = attempt.clientSegments.filter {
      $0.length > 0 && $0.sequence == repeated.sequence && $0.frame < (goesOn?.frame ?? .max)
    }
    guard let first = copies.first, let last = copies.last,
      copies.count(where: { $0.annotations.contains(.retransmission) }) > 2,
      repeated.sequence == answer.acknowledgment,
      last.time.nanoseconds(since: acknowledgment.time) >= Self.patience,
      goesOn != nil || !attempt.clientSegments.contains(where: { $0.flags.contains(.fin) }),
      !copies.dropLast().contains(where: { attempt.cameLate($0, after: last) })
    else { return nil }
    let tracked = attempt.tracked
    let end =
      tracked.segments.first { $0.frame == goesOn?.frame }.map { max($0.time, last.time) }
      ?? last.time
    let lasted = end.nanoseconds(since: acknowledgment.time)
    var frames = [
      FrameRole(answer.frame, "SYN,ACK, never repeated"),
      FrameRole(acknowledgment.frame, "ACK of \(tracked.client)"),
    ]
    frames += copies.prefix(6).map { FrameRole($0.frame, "data of \(tracked.client), not taken") }
    if let goesOn { frames.append(FrameRole(goesOn.frame, "the server goes on: accepted")) }
    frames = frames.reduce(into: []) { unique, next in
      if !unique.contains(where: { $0.frame == next.frame }) { unique.append(next) }
    }
    let outcome =
      goesOn.map { ", and went on in frame \($0.frame), \(ProofText.duration(lasted)) later" }
      ?? ", for \(ProofText.duration(lasted)) and to the end of what was seen"
    var finding = Finding(
      id: id, severity: goesOn == nil ? .error : .warning, confidence: .possible,
      connections: [attempt.connection.id], frames: frames, time: end,
      summary:
        "\(tracked.server) answered the SYN of \(tracked.client) and then ignored its ACK (frame "
        + "\(acknowledgment.frame)) and its data, sent \(ProofText.times(copies.count)) (frames \(first.frame) "
        + "to \(last.frame)), without repeating its SYN,ACK as one that holds the request would"
        + "\(outcome): so does a full accept queue behind SYN cookies, or a way that is cut.",
      advice: advice(attempt.connection)
        + " nstat -az TcpExtSyncookiesRecv TcpExtListenOverflows there tells the two apart.",
      values: [
        ("segments_ignored", .integer(Int64(copies.count + 1))),
        ("held_seconds", .seconds(lasted.seconds)), ("mode", .text("cookies")),
      ],
      costSeconds: goesOn == nil ? nil : lasted.seconds, causeKey: attempt.listener)
    finding.spares = goesOn == nil ? ["rst-close"] : ["rst-close", "retransmission-timeout"]
    return finding
  }

  private func aborted(_ attempt: Attempt, answer: SegmentRecord) -> Finding? {
    guard let acknowledgment = attempt.completion(after: answer.frame),
      attempt.crossedRounds.isEmpty,
      let reset = attempt.serverResets.first(where: { $0.frame > acknowledgment.frame }),
      !reset.flags.contains(.ack), reset.sequence == answer.end,
      !reset.annotations.contains(.doubtfulReset),
      attempt.serverGoesOn(after: answer.frame) == nil,
      !attempt.clientResets.contains(where: { $0.frame < reset.frame }),
      !attempt.clientSegments.contains(where: {
        $0.frame < reset.frame && $0.flags.contains(.fin)
      })
    else { return nil }
    let delay = reset.time.nanoseconds(since: acknowledgment.time)
    guard delay >= 0, (delay - 100_000_000) / 3 < attempt.connection.serverRoundTrip else {
      return nil
    }
    let tracked = attempt.tracked
    return Finding(
      id: id, severity: .error, confidence: tracked.confidence(.likely),
      connections: [attempt.connection.id],
      frames: [
        FrameRole(answer.frame, "SYN,ACK"),
        FrameRole(acknowledgment.frame, "ACK of \(tracked.client): handshake complete"),
        FrameRole(reset.frame, "RST without ACK, SEQ = the server's ISN+1"),
      ], time: reset.time,
      summary:
        "\(tracked.server) reset \(tracked.client) (frame \(reset.frame)) "
        + "\(ProofText.duration(delay)) after the handshake's last ACK (frame "
        + "\(acknowledgment.frame)), with SEQ = ISN+1 and no ACK flag: it did not take the "
        + "completed handshake, as a full accept queue does with tcp_abort_on_overflow=1.",
      advice: advice(attempt.connection)
        + " If sysctl net.ipv4.tcp_abort_on_overflow is 0 there, the host had no such request: "
        + "look at SYN proxies and balancers before it instead.",
      values: [
        ("reset_after_seconds", .seconds(delay.seconds)), ("mode", .text("abort")),
      ],
      causeKey: attempt.listener)
  }

  private func advice(_ connection: Connection) -> String {
    let port = connection.socket(.server).port
    return "On \(connection.host(.server)) run ss -ltn 'sport = :\(port)': Recv-Q above Send-Q "
      + "means that the program does not call accept() fast enough (hung, out of workers or of "
      + "file descriptors); repair that first, then raise its listen() backlog and "
      + "net.core.somaxconn together."
  }
}
