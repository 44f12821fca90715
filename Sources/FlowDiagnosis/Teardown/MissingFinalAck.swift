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
  // What disproves it: the acknowledgment echoes a repeated FIN (then the FIN was lost: fin-lost),
  // or it answers by RST (time-wait-missing), or one direction was not captured.

  public init() {}

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
    guard end.marks.contains(.finSent),
      end.marks.contains(.closedSecond) || end.marks.contains(.simultaneous)
    else { return nil }
    let fins = tracked.sent(by: side) { $0.flags.contains(.fin) }
    guard let first = fins.first, let last = fins.last, fins.count > 1 else { return nil }
    let finEnd = end.finSequence + 1
    let answers = tracked.sent(by: side.peer) {
      $0.frame > first.frame && $0.flags.contains(.ack) && !$0.flags.contains(.rst)
        && finEnd.precedesOrEquals($0.acknowledgment)
    }
    if tracked.sent(by: side.peer, where: { $0.flags.contains(.rst) && $0.frame > first.frame })
      .first != nil, answers.isEmpty
    {
      return nil
    }
    let roundTrip = side == .client ? connection.clientRoundTrip : connection.serverRoundTrip
    let lost = answers.first { answer in
      fins.contains { $0.time.nanoseconds(since: answer.time) > max(roundTrip, 1) }
    }
    let final = answers.first { $0.frame > last.frame }
    if lost == nil, let final {
      // Only answered at the end: did the first FIN arrive, or only a later one?
      guard final.hasTimestamps, first.hasTimestamps,
        final.timestampEchoReply == first.timestampValue,
        last.timestampValue != first.timestampValue
      else { return nil }
    }

    let name = connection.name(side)
    let peer = connection.name(side.peer)
    let lasted = (final ?? last).time.nanoseconds(since: first.time)
    let state = end.marks.contains(.closedSecond) ? "LAST-ACK" : "CLOSING"
    let repeats = fins.dropFirst().map(\.frame)
    let givenUp = final == nil && end.marks.contains(.timedOut)

    var frames = fins.map {
      FrameRole($0.frame, $0.frame == first.frame ? "FIN of \(name)" : "the same FIN again")
    }
    if let lost { frames.append(FrameRole(lost.frame, "final ACK, lost beyond the capture")) }
    if let final { frames.append(FrameRole(final.frame, "final ACK that arrived")) }
    frames.sort { $0.frame < $1.frame }

    let cause =
      lost.map { "the final ACK of \(peer) (frame \($0.frame)) passed here but was lost beyond" }
      ?? (final == nil
        ? "no final ACK of \(peer) ever passed here"
        : "the first final ACK of \(peer) was lost before it passed here")
    let outcome =
      final.map {
        "frame \($0.frame) ended it after \(ProofText.duration($0.time.nanoseconds(since: first.time)))"
      } ?? (givenUp ? "it gave up" : "it was still waiting when the capture ended")
    let summary =
      "\(name) sent its FIN \(fins.count) times (frame \(first.frame), repeated in "
      + "\(ProofText.frames(repeats))) because \(cause); it stayed in \(state) for "
      + "\(ProofText.duration(lasted)), \(outcome). Each repetition restarted TIME-WAIT at \(peer)."
    return Finding(
      id: id, severity: givenUp ? .error : .warning,
      confidence: tracked.confidence(lost != nil ? .certain : .likely),
      connections: [connection.id], frames: frames, time: (final ?? last).time, summary: summary,
      advice:
        "Look for loss between the capture and \(connection.host(side)) in the direction of the "
        + "ACK, or a firewall that drops the connection's state at its FIN; the ports stay held at "
        + "both ends until an ACK gets through.",
      values: [
        ("fins", .integer(Int64(fins.count))), ("old_state", .text(state)),
        ("held_seconds", .seconds(lasted.seconds)),
        ("repaired", .text(final == nil ? "no" : "yes")),
      ],
      costSeconds: nil, causeKey: "\(connection.host(.client))>\(connection.host(.server))")
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
        "With timestamps: the late ACK still echoes the TSval of the first FIN, so the first FIN had arrived.",
      ],
      lookAlikes: [
        "fin-lost: the ACK echoes the repeated FIN's TSval. The FIN was lost, not the ACK.",
        "time-wait-missing: the repeated FIN is answered by RST, for the other end holds no TIME-WAIT.",
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
