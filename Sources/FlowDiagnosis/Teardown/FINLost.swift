import PacketDecoding
public import TCPModel

/// A FIN is repeated because the FIN itself was lost.
public struct FINLost: ConnectionRule {
  public let id = "fin-lost"
  public let title = "a FIN was lost and had to be repeated"
  public let group = RuleGroup.teardown
  public let severity = Severity.note

  // Definition (RFC 9293 §3.8.1; RFC 7323 §4.3):
  // 1. An end sends its FIN more than once.
  // 2. No acknowledgment of it passed before the last repetition, and one follows.
  // 3. That one echoes the TSval of a repetition, not of the first FIN.
  // What disproves it: an acknowledgment passed before, or echoes the first FIN (missing-final-ack)
  // or what was sent before it (delayed, RFC 7323 §4.3) or after it (the FIN had waited beyond a
  // hole), or it reports the FIN twice by D-SACK (the repetition was needless). Without timestamps as
  // many bare ACKs as FINs: each of them arrived.

  public init() {}

  public var gate: ConnectionGate { ConnectionGate(all: [.finRepeated]) }

  public func mayApply(to connection: Connection) -> Bool {
    max(connection.client.finCount, connection.server.finCount) > 1
  }

  public func examine(_ tracked: TrackedConnection, _ facts: CaptureFacts) -> [Finding] {
    guard tracked.isTwoSided else { return [] }
    return Side.allCases.compactMap { examine(tracked, $0) }
  }

  private func examine(_ tracked: TrackedConnection, _ side: Side) -> Finding? {
    let connection = tracked.connection
    let end = connection[side]
    let fins = tracked.fins(of: side)
    guard let first = fins.first, let last = fins.last, fins.count > 1,
      let answer = tracked.firstAcknowledgment(by: side.peer, of: first.end, after: first.frame),
      answer.frame > last.frame,
      !tracked.sent(by: side.peer, where: { $0.frame >= answer.frame }).prefix(2).contains(where: {
        $0.annotations.contains(.duplicateReport)
      })
    else { return nil }
    let isEchoed =
      first.hasTimestamps && answer.hasTimestamps
      && last.timestampValue != first.timestampValue
    if isEchoed,
      !fins.dropFirst().contains(where: { $0.timestampValue == answer.timestampEchoReply })
    {
      return nil
    }
    if !isEchoed,
      tracked.sent(by: side.peer, where: { $0.frame >= answer.frame && $0.answers(first) })
        .count >= fins.count
    {
      return nil
    }
    // Only the ACK that a repetition draws at once must report it by D-SACK if it was needless; a
    // later FIN says nothing of the ACKs that may have been lost before it.
    let bothUseSACK =
      connection.client.marks.contains(.sackPermitted)
      && connection.server.marks.contains(.sackPermitted)
    let isCertain = isEchoed && !answer.flags.contains(.fin) && bothUseSACK

    // Where FINs cross, a repetition of one acknowledges the other: its echo then says nothing of the
    // FINs before it. Without an echo only an end that is not in TIME-WAIT would tell by D-SACK that it
    // had the first one.
    let isTold =
      isEchoed || !end.marks.contains(.closedSecond) && bothUseSACK && !answer.flags.contains(.fin)
    let confidence: Confidence =
      tracked.finsCross || !isTold ? .possible : isCertain ? .certain : .likely

    let (name, peer) = (connection.name(side), connection.name(side.peer))
    let delay = last.time.nanoseconds(since: first.time)
    let proof =
      isEchoed
      ? ", whose ACK (frame \(answer.frame)) echoes the repeated one"
      : "; an ACK (frame \(answer.frame)) came after the last one only"
    let summary =
      "The FIN of \(name) (frame \(first.frame)) was lost on the way to \(peer)"
      + (isTold ? "" : ", or its ACK before it passed here") + "\(proof); repeated in "
      + "\(ProofText.frames(fins.dropFirst().map(\.frame))), it closed \(ProofText.duration(delay)) "
      + "late."
    var frames = fins.map {
      FrameRole($0.frame, $0.frame == first.frame ? "FIN of \(name), lost" : "the same FIN again")
    }
    frames.append(FrameRole(answer.frame, "its first ACK"))
    return Finding(
      id: id, severity: .note, confidence: tracked.confidence(confidence),
      connections: [connection.id], frames: frames, time: answer.time, summary: summary,
      advice:
        "A single loss needs no action; if it recurs, look for loss on the way from "
        + "\(connection.host(side)) to \(connection.host(side.peer))."
        + connection.blame(side.peer),
      values: [
        ("fins", .integer(Int64(fins.count))), ("delay_seconds", .seconds(delay.seconds)),
        ("answer_tsecr", .integer(Int64(answer.timestampEchoReply))),
      ],
      costSeconds: delay.seconds, causeKey: tracked.pathKey)
  }

  public var page: ExplanationPage {
    ExplanationPage(
      mechanism: [
        "A FIN occupies a sequence number, so it is repeated like data: by a loss probe after about two round trips, or by the retransmission timer after 200 ms or more, doubling each time. Once one arrives, it is acknowledged, and the close goes on.",
        "The ACK tells which FIN arrived: its TSecr is the TSval of the segment that it answers. If it echoes the first FIN, that one had arrived, and it was the ACK that got lost.",
      ],
      ladder: [
        "  client                                        server",
        "  FIN-WAIT-1      ---- FIN TSval 100 --X lost   ESTABLISHED",
        "  FIN-WAIT-1      ---- FIN TSval 310 ------>    CLOSE-WAIT",
        "  FIN-WAIT-2      <--- ACK TSecr 310 -------",
      ],
      proof: [
        "The same FIN twice, no acknowledgment of it between, and the first ACK echoes the repetition."
      ],
      lookAlikes: [
        "missing-final-ack: the ACK echoes the first FIN, or one had passed already.",
        "fin-unanswered: no ACK ever comes.",
        "A needless repetition: both FINs arrive, the ACK reports the second by D-SACK.",
      ],
      confirmation: [
        .init(
          "nstat -az TcpRetransSegs TcpExtTCPTimeouts TcpExtTCPLossProbes",
          "on the sender: the repetition is counted")
      ],
      remedies: ["None for a single one; else find the loss on the path (mtr, interface drops)."],
      references: ["RFC 9293 §3.8.1", "RFC 7323 §4.3", "RFC 8985 §7 (tail loss probe)"])
  }
}

extension SegmentRecord {
  /// Whether it does nothing but acknowledge a FIN.
  fileprivate func answers(_ fin: SegmentRecord) -> Bool {
    flags == .ack && length == 0 && fin.end.precedesOrEquals(acknowledgment)
  }
}
