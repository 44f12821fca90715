import PacketDecoding
public import TCPModel

/// The side that closed second repeats its FIN because the final ACK does not reach it.
public struct MissingFinalAck: ConnectionRule {
  public let id = "missing-final-ack"
  public let title = "the final ACK of a close never arrives; LAST-ACK repeats its FIN"
  public let group = RuleGroup.teardown
  public let severity = Severity.error

  // Definition (RFC 9293 §3.6, §3.10.7.4):
  // 1. An endpoint in LAST-ACK, or in CLOSING, sends its FIN again.
  // 2. The other end had that FIN: an acknowledgment of it passed us before the repetition and
  //    longer ago than a round trip, or the acknowledgment that follows echoes the timestamp of
  //    the first FIN, or none ever comes.
  // What disproves it: as many acknowledgments as FINs come, or answers show that all came, so that
  // none was lost, only late: a RST for each that came after LAST-ACK (time-wait-assassination), an ACK
  // for each that PAWS dropped after CLOSING; the acknowledgment echoes a repeated FIN (then the FIN
  // was lost: fin-lost), or it answers by RST (time-wait-missing), or one direction was not captured.
  // CLOSING becomes TIME-WAIT, which takes what PAWS lets through in silence: less certain, and a note
  // once it is repaired, for both ends hold their ports in any case.

  public init() {}

  public var gate: ConnectionGate { ConnectionGate(all: [.finRepeated, .repeated]) }

  public func mayApply(to connection: Connection) -> Bool {
    connection.noticed.contains(.repeated)
      && max(connection.client.finCount, connection.server.finCount) > 1
  }

  public func examine(_ tracked: TrackedConnection, _ facts: CaptureFacts) -> [Finding] {
    guard tracked.isTwoSided else { return [] }
    return Side.allCases.compactMap { examine(tracked, $0) }
  }

  private func examine(_ tracked: TrackedConnection, _ side: Side) -> Finding? {
    let connection = tracked.connection
    let end = connection[side]
    let isLastAck = end.marks.contains(.closedSecond)
    guard end.marks.contains(.finSent), isLastAck || tracked.finsCross else { return nil }
    let fins = tracked.fins(of: side)
    guard let first = fins.first, let last = fins.last, fins.count > 1 else { return nil }
    let answers = tracked.sent(by: side.peer) {
      $0.frame > first.frame && $0.flags.contains(.ack) && !$0.flags.contains(.rst)
        && first.end.precedesOrEquals($0.acknowledgment)
    }
    if answers.isEmpty, tracked.resets(of: side.peer).contains(where: { $0.frame > first.frame }) {
      return nil
    }
    let roundTrip = max(
      side == .client ? connection.clientRoundTrip : connection.serverRoundTrip, 1)
    let lost = answers.filter { answer in
      fins.contains { $0.time.nanoseconds(since: answer.time) > roundTrip }
    }
    let final = answers.first { $0.frame > last.frame }
    let tooLate = isLastAck ? refused(tracked, side, first) : rejected(tracked, side, final)
    if !lost.isEmpty, tooLate > 0, answers.count <= tooLate + 1 { return nil }
    if lost.isEmpty, answers.count >= fins.count { return nil }
    if lost.isEmpty, let final {
      // Only answered at the end: did the first FIN arrive, or only a later one? Where data before it
      // was not acknowledged yet, the echo may be that data's (RFC 7323 §4.3).
      guard final.hasTimestamps, first.hasTimestamps,
        final.timestampEchoReply == first.timestampValue,
        last.timestampValue != first.timestampValue,
        let before = tracked.firstAcknowledgment(by: side.peer, of: first.sequence),
        before.frame < last.frame
      else { return nil }
    }
    // A loss probe is sent so soon that the ACK may be late, and the RST that would tell lost.
    let isByTimer = lost.contains { answer in
      fins.contains { $0.time.nanoseconds(since: answer.time) > 180_000_000 + roundTrip }
    }
    let confidence: Confidence
    if isLastAck {
      confidence = isByTimer ? .certain : .likely
    } else {
      confidence = lost.isEmpty || first.hasTimestamps ? .likely : .possible
    }
    let isGivenUp = final == nil && end.marks.contains(.timedOut)
    let state = isLastAck ? "LAST-ACK" : "CLOSING"
    let lasted = (final ?? last).time.nanoseconds(since: first.time)

    var frames = fins.map {
      FrameRole($0.frame, $0.frame == first.frame ? "FIN" : "the same FIN again")
    }
    let fate = isLastAck ? "lost beyond the capture" : "lost or late beyond the capture"
    frames += lost.map { FrameRole($0.frame, "final ACK, \(fate)") }
    if let final { frames.append(FrameRole(final.frame, "final ACK that ends it")) }
    frames.sort { $0.frame < $1.frame }
    return Finding(
      id: id, severity: isGivenUp ? .error : isLastAck || final == nil ? .warning : .note,
      confidence: tracked.confidence(confidence),
      connections: [connection.id], frames: frames, time: (final ?? last).time,
      summary: summary(tracked, side, fins, lost, final, state, lasted, isGivenUp: isGivenUp),
      advice: advice(tracked, side, answered: !answers.isEmpty),
      values: [
        ("fins", .integer(Int64(fins.count))), ("old_state", .text(state)),
        ("held_seconds", .seconds(lasted.seconds)),
        ("lost_acks", .integer(Int64(lost.count))),
        ("repaired", .text(final == nil ? "no" : "yes")),
      ],
      costSeconds: nil, causeKey: "\(connection.host(.client))>\(connection.host(.server))")
  }

  /// How many final ACKs came when the first one to arrive had ended LAST-ACK: each drew a RST.
  private func refused(_ tracked: TrackedConnection, _ side: Side, _ fin: SegmentRecord) -> Int {
    tracked.resets(of: side).count {
      $0.frame > fin.frame && !$0.flags.contains(.ack) && $0.sequence == fin.end
    }
  }

  /// How many came when a newer one had ended CLOSING: PAWS drops them, with an ACK that nothing else
  /// can have drawn.
  private func rejected(
    _ tracked: TrackedConnection, _ side: Side, _ final: SegmentRecord?
  ) -> Int {
    guard let final else { return 0 }
    return tracked.sent(by: side) {
      $0.frame > final.frame && $0.flags == .ack && $0.length == 0
    }.count
  }

  private func summary(
    _ tracked: TrackedConnection, _ side: Side, _ fins: [SegmentRecord], _ lost: [SegmentRecord],
    _ final: SegmentRecord?, _ state: String, _ lasted: Int64, isGivenUp: Bool
  ) -> String {
    let (name, peer) = (tracked.connection.name(side), tracked.connection.name(side.peer))
    let times = ProofText.times(fins.count)
    let cause: String
    if !lost.isEmpty {
      let which = lost.count == 1 ? "the final ACK" : "\(lost.count) final ACKs"
      let numbers = ProofText.frames(lost.map(\.frame))
      let fate =
        state == "LAST-ACK"
        ? "and \(lost.count == 1 ? "was" : "were") lost beyond" : "but had not reached it"
      cause = "\(which) of \(peer) (\(numbers)) passed here \(fate)"
    } else if final != nil {
      cause =
        "no final ACK of \(peer) had passed here by then, though it had the first FIN, whose TSval "
        + "its ACK echoes"
    } else {
      cause = "no final ACK of \(peer) ever passed here"
    }
    let duration = ProofText.duration(lasted)
    let outcome: String
    if let final {
      outcome = "\(state) lasted \(duration), until the ACK in frame \(final.frame)"
    } else if isGivenUp {
      outcome = "\(duration) after the first it sent the last one and then gave \(state) up"
    } else {
      outcome = "it was still in \(state) \(duration) later, at its last FIN"
    }
    let held = lost.isEmpty ? "" : ", and TIME-WAIT at \(peer) began anew each time"
    return
      "\(name) sent its FIN \(times) (\(ProofText.frames(fins.map(\.frame)))) because \(cause): "
      + "\(outcome)\(held)."
  }

  private func advice(_ tracked: TrackedConnection, _ side: Side, answered: Bool) -> String {
    let (host, other) = (tracked.connection.host(side), tracked.connection.host(side.peer))
    return answered
      ? "Look between the capture and \(host), in the direction of the ACK: loss, or a firewall that "
        + "forgets a connection at its second FIN. Until an ACK gets through, \(host) holds the port "
        + "and a new call from it will be reset (rst-on-reuse)." + tracked.connection.blame(side)
      : "\(other) answered nothing, not even by RST: it is gone, or a firewall between drops the FIN "
        + "because it has forgotten the connection. Capture on \(other) to see whether the FIN arrives."
  }

  public var page: ExplanationPage {
    ExplanationPage(
      mechanism: [
        "Whoever closes second sends its FIN and waits in LAST-ACK until that FIN is acknowledged. The acknowledgment is a bare ACK: TCP never repeats it by itself. When it is lost, LAST-ACK sends the FIN again by its retransmission timer, and the other end, which waits in TIME-WAIT for just this, answers with the same ACK and starts its 2 MSL anew.",
        "If no ACK ever gets through, LAST-ACK gives up after its retries (Linux: tcp_orphan_retries, 0 meaning 8, about 100 s). Until then its ports are held: a client that calls again from the same port meets the old connection (see rst-on-reuse).",
      ],
      ladder: [
        "  FIN-WAIT-2                                   CLOSE-WAIT",
        "                <------ FIN,ACK ------         LAST-ACK",
        "  TIME-WAIT     ------- ACK ----X  (lost)",
        "                <------ FIN,ACK ------         200 ms later, again",
        "  2 MSL anew    ------- ACK --------->         CLOSED",
      ],
      proof: [
        "The same FIN (same sequence number) passes again although an ACK of it passed before, longer ago than a round trip.",
        "With timestamps: the late ACK still echoes the TSval of the first FIN, so the first FIN had arrived (unless data before it was not acknowledged yet: its echo comes first, RFC 7323 §4.3).",
      ],
      lookAlikes: [
        "fin-lost: the ACK echoes the repeated FIN's TSval. The FIN was lost, not the ACK.",
        "time-wait-missing: the repeated FIN is answered by RST, for the other end holds no TIME-WAIT.",
        "FINs that crossed (CLOSING): an ACK that was only late goes unnoticed in TIME-WAIT, unless PAWS answers it; hence likely at best.",
        "time-wait-assassination: the ACKs were late, not lost. There are as many of them as FINs, and each that comes after the first draws a RST.",
        "A capture of one direction only shows the repetitions too; nothing can be said then.",
      ],
      confirmation: [
        .init(
          "ss -tan state last-ack", "sockets in LAST-ACK with a retransmission timer: timer:(on,…)"),
        .init(
          "nstat -az TcpRetransSegs TcpExtTCPTimeouts",
          "both grow on the host in LAST-ACK while FINs are repeated"),
      ],
      remedies: [
        "Find where the ACK is lost: compare a capture at each end. Stateful firewalls that forget a connection at the second FIN are the usual suspects: raise their close or last-ack time-out.",
        "Let the side that can afford it close first: TIME-WAIT and LAST-ACK then sit where ports are not scarce.",
      ],
      myths: [
        "Lowering tcp_fin_timeout changes nothing here: it is the time of orphans in FIN-WAIT-2, and TIME-WAIT is 60 s in Linux whatever it says."
      ],
      references: ["RFC 9293 §3.6", "RFC 9293 §3.10.7.4, eighth check", "RFC 9293 §3.10.8"])
  }
}
