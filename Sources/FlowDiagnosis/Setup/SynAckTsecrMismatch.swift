import PacketDecoding
public import TCPModel

/// A SYN,ACK that echoes a timestamp the caller never sent.
public struct SynAckTsecrMismatch: ConnectionRule {
  static let id = "synack-tsecr-mismatch"
  public var id: String { SynAckTsecrMismatch.id }
  public let title = "the SYN,ACK echoes a timestamp that the caller never sent"
  public let group = RuleGroup.setup
  public let severity = Severity.error
  public let supersedes = [
    "syn-lost", "syn-ack-lost", "handshake-never-completed", "slow-handshake",
  ]

  // Definition (RFC 7323 §3.2; Linux tcp_rcv_synsent_state_process):
  // 1. A SYN,ACK acknowledges the SYN, has timestamps, and its TSecr is not 0.
  // 2. TSecr lies outside [TSval of the attempt's first SYN, TSval of its newest SYN so far], or
  //    the SYNs had no timestamps.
  // 3. No SYN,ACK that the caller could take passed before: later ones may echo its third ACK.
  // 4. The caller did not go on with it. It answers RST with SEQ = the SYN,ACK's ACK (proof), or
  //    at least sends its SYN again; neither is needed where TSecr could not be its clock.
  // Innocent: TSecr 0, TSecr of an earlier SYN of the attempt, SYNs missing from the capture.

  public init() {}

  public var gate: ConnectionGate { ConnectionGate(all: [.unacceptableEcho]) }

  public func mayApply(to connection: Connection) -> Bool {
    connection.noticed.contains(.unacceptableEcho)
  }

  public func examine(_ tracked: TrackedConnection, _ facts: CaptureFacts) -> [Finding] {
    let attempt = Attempt(tracked)
    guard let first = attempt.syns.first else { return [] }
    let good = attempt.synAcks.first {
      attempt.coversSYN($0) && !$0.annotations.contains(.unacceptableEcho)
    }
    let wrong = attempt.synAcks.filter {
      $0.annotations.contains(.unacceptableEcho) && $0.frame > first.frame
        && $0.frame < (good?.frame ?? .max)
    }
    guard let answer = wrong.first else { return [] }
    let asked = attempt.syns.last { $0.frame < answer.frame } ?? first
    let reset = attempt.clientResets.first {
      $0.frame > answer.frame && $0.sequence == answer.acknowledgment
    }
    let retry = attempt.syns.first { $0.frame > answer.frame }
    let completion = attempt.completion(after: answer.frame)
    // The caller went on with it: it does not check, and nothing was lost.
    if reset == nil, let completion, completion.frame < (retry?.frame ?? .max) { return [] }
    let distance = Self.distance(answer, first: first, newest: asked)
    if reset == nil, Self.couldBeUnseen(answer, newest: asked, distance) { return [] }

    let connection = tracked.connection
    let connected = good.flatMap { good in attempt.completion(after: good.frame) }
    let delay = good?.time.nanoseconds(since: answer.time)

    var frames = [FrameRole(first.frame, "first SYN\(Self.stamp(first))")]
    if asked.frame != first.frame {
      frames.append(FrameRole(asked.frame, "newest SYN\(Self.stamp(asked))"))
    }
    frames += wrong.prefix(4).map {
      FrameRole($0.frame, "SYN,ACK echoing TSecr \($0.timestampEchoReply)")
    }
    let resets = attempt.clientResets.filter { reset in
      wrong.contains { $0.frame < reset.frame && $0.acknowledgment == reset.sequence }
    }
    frames += resets.prefix(4).map { FrameRole($0.frame, "the caller's RST: SEQ = that ACK") }
    if let retry { frames.append(FrameRole(retry.frame, "the SYN again, by its timer")) }
    if let good { frames.append(FrameRole(good.frame, "SYN,ACK the caller can take")) }
    if let connected { frames.append(FrameRole(connected.frame, "handshake completed")) }
    frames.sort { $0.frame < $1.frame }

    var values: [(name: String, value: FindingValue)] = []
    if first.hasTimestamps {
      values.append(("syn_tsval_first", .integer(Int64(first.timestampValue))))
      values.append(("syn_tsval_newest", .integer(Int64(asked.timestampValue))))
    }
    values.append(("tsecr", .integer(Int64(answer.timestampEchoReply))))
    if let distance { values.append(("tsecr_off_by_ticks", .integer(distance))) }
    values.append(("wrong_answers", .integer(Int64(wrong.count))))
    values.append(("resets", .integer(Int64(resets.count))))

    return [
      Finding(
        id: id, severity: connected == nil ? .error : .warning,
        confidence: tracked.confidence(
          reset != nil ? .certain : retry != nil ? .likely : .possible),
        connections: [connection.id], frames: frames,
        time: (connected ?? good ?? resets.last ?? wrong.last ?? answer).time,
        summary: summary(
          attempt, answer: answer, first: first, asked: asked, reset: reset, wrong: wrong,
          connected: connected, distance: distance),
        advice:
          "Most likely a NAT, load balancer or SYN proxy between \(connection.host(.client)) and "
          + "\(connection.host(.server)) mixes two callers' handshakes, or rewrites timestamps one "
          + "way only: capture on both sides of each and look for the SYN with TSval "
          + "\(answer.timestampEchoReply). Turning timestamps off at the caller "
          + "(net.ipv4.tcp_timestamps=0) only hides it.",
        values: values, costSeconds: connected != nil ? delay?.seconds : nil,
        causeKey: attempt.listener)
    ]
  }

  private func summary(
    _ attempt: Attempt, answer: SegmentRecord, first: SegmentRecord, asked: SegmentRecord,
    reset: SegmentRecord?, wrong: [SegmentRecord], connected: SegmentRecord?, distance: Int64?
  ) -> String {
    let client = attempt.tracked.client
    var text =
      "The SYN,ACK of \(attempt.listener) (frame \(answer.frame)) echoes TSecr "
      + "\(answer.timestampEchoReply), which \(client) never sent: "
    if !first.hasTimestamps {
      text += "its SYN (frame \(first.frame)) had no timestamps"
    } else if asked.frame == first.frame {
      text += "its SYN (frame \(first.frame)) had TSval \(first.timestampValue)"
    } else {
      text +=
        "its SYNs (frames \(first.frame) to \(asked.frame)) had TSvals \(first.timestampValue) to "
        + "\(asked.timestampValue)"
    }
    if let reset {
      text += "; so it answered RST (frame \(reset.frame))"
      if wrong.count > 1 { text += ", \(ProofText.times(wrong.count)) in all," }
    }
    if let connected {
      let cost = connected.time.nanoseconds(since: answer.time)
      text += reset == nil ? "; it connected " : " and connected "
      text += "only \(ProofText.duration(cost)) later, by repeating its SYN"
    } else {
      text += reset == nil ? "; no connection came of it here" : " and never connected"
    }
    return text + "."
  }

  /// How far the TSecr lies before the first or behind the newest SYN, in ticks of the caller.
  private static func distance(
    _ answer: SegmentRecord, first: SegmentRecord, newest: SegmentRecord
  ) -> Int64? {
    guard first.hasTimestamps else { return nil }
    let echo = TimestampValue(answer.timestampEchoReply)
    let fromFirst = Int64(echo.distance(from: TimestampValue(first.timestampValue)))
    if fromFirst < 0 { return fromFirst }
    return Int64(echo.distance(from: TimestampValue(newest.timestampValue)))
  }

  /// Whether the echo could be that of a SYN that the capture missed: ahead of the newest one by no
  /// more than the time since, at the fastest clock RFC 7323 §5.4 chooses, 1 ms a tick.
  private static func couldBeUnseen(
    _ answer: SegmentRecord, newest: SegmentRecord, _ distance: Int64?
  ) -> Bool {
    guard let distance, distance > 0 else { return false }
    return distance <= answer.time.nanoseconds(since: newest.time) / 1_000_000 + 10
  }

  private static func stamp(_ syn: SegmentRecord) -> String {
    syn.hasTimestamps ? ", TSval \(syn.timestampValue)" : ", without timestamps"
  }
}
