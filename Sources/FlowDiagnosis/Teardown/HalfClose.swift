import PacketDecoding
public import TCPModel

/// One side closes its half; the other goes on sending, then closes in order.
public struct HalfClose: ConnectionRule {
  public let id = "half-close"
  public let title = "one side closed its half, the other went on sending: legal use of TCP"
  public let group = RuleGroup.teardown
  public let severity = Severity.note

  // Definition (RFC 9293 §3.6, case 2; §3.6.1):
  // 1. A FIN of one end is acknowledged.
  // 2. Later than a round trip after it, the other end sends new data that acknowledges the FIN.
  // 3. It ends by its own FIN, with no RST.
  // What disproves it: the data was under way before the FIN arrived, or is a repetition, or is
  // answered by RST (rst-after-fin).

  public init() {}

  public var gate: ConnectionGate {
    ConnectionGate(all: [.dataAfterFIN], none: [.clientRST, .serverRST])
  }

  public func mayApply(to connection: Connection) -> Bool {
    connection.traits.contains(.dataAfterFIN)
      && connection.client.marks.contains(.finSent) && connection.server.marks.contains(.finSent)
      && connection.client.rstCount == 0 && connection.server.rstCount == 0
  }

  public func examine(_ tracked: TrackedConnection, _ facts: CaptureFacts) -> [Finding] {
    guard tracked.isTwoSided, !tracked.connection.noticed.contains(.acknowledgesUnseen),
      tracked.segments.contains(where: {
        $0.length > 0 && !$0.flags.contains(.fin)
          && ($0.clientState == .finWait2 || $0.serverState == .finWait2)
      })
    else { return [] }
    return Side.allCases.compactMap { examine(tracked, $0) }
  }

  private func examine(_ tracked: TrackedConnection, _ side: Side) -> Finding? {
    let connection = tracked.connection
    guard let fin = tracked.fins(of: side).first, let end = tracked.fins(of: side.peer).first,
      end.frame > fin.frame
    else { return nil }
    let data = tracked.sent(by: side.peer) {
      $0.frame > fin.frame && $0.length > 0 && fin.end.precedesOrEquals($0.acknowledgment)
        && $0.time.nanoseconds(since: fin.time) > tracked.roundTrip(to: side.peer)
        && $0.annotations.isDisjoint(with: [.retransmission, .outOfOrder, .keepAlive, .windowProbe])
    }
    // One last answer together with the FIN is an ordinary close.
    guard let first = data.first, let last = data.last, first.frame != end.frame else { return nil }
    let lasted = end.time.nanoseconds(since: fin.time)
    let bytes = data.reduce(Int64(0)) { $0 + Int64($1.length) }
    let (name, peer) = (connection.name(side), connection.name(side.peer))
    let frames =
      first.frame == last.frame
      ? "frame \(first.frame)" : "frames \(first.frame) to \(last.frame)"
    let summary =
      "\(name) closed its half (FIN, frame \(fin.frame)) and went on reading: \(peer) sent \(bytes) "
      + "bytes more in \(ProofText.duration(lasted)) (\(frames)) and then "
      + "closed in order (frame \(end.frame))."
    return Finding(
      id: id, severity: .note, confidence: tracked.confidence(.certain),
      connections: [connection.id],
      frames: [
        FrameRole(fin.frame, "FIN of \(name)"),
        FrameRole(first.frame, "\(peer) goes on sending"),
        FrameRole(end.frame, "FIN of \(peer)"),
      ],
      time: end.time, summary: summary,
      advice:
        "Nothing to repair; firewalls and NATs with a short half-closed time-out would cut such "
        + "connections, so keep theirs above \(ProofText.duration(lasted)).",
      values: [
        ("half_closed_seconds", .seconds(lasted.seconds)), ("bytes", .integer(bytes)),
        ("segments", .integer(Int64(data.count))),
      ],
      causeKey: tracked.pathKey)
  }

  public var page: ExplanationPage {
    ExplanationPage(
      mechanism: [
        "A connection has two directions, and each is closed on its own. shutdown(SHUT_WR) sends a FIN, which says: that was all. The other end reads end of file, answers at leisure and closes then. Commands that read standard input to its end, like rsh and nc -N, work so."
      ],
      ladder: [
        "  client                                        server",
        "  FIN-WAIT-1      ---- FIN,ACK ------------>    CLOSE-WAIT",
        "  FIN-WAIT-2      <--- ACK -----------------",
        "                  <--- data ----------------    goes on",
        "                  ---- ACK ---------------->",
        "  TIME-WAIT       <--- FIN,ACK -------------    LAST-ACK",
      ],
      proof: [
        "Data that acknowledges the other end's FIN, later than a round trip after it, is acknowledged, and an orderly FIN follows."
      ],
      lookAlikes: [
        "rst-after-fin: the data is answered by RST; the program had closed both directions.",
        "Data that crossed the FIN: sent before the FIN arrived.",
        "close-wait-leak: nothing is sent and nothing closed.",
      ],
      confirmation: [
        .init("ss -tan state fin-wait-2", "on the closer: without timer while its program reads"),
        .init("ss -tan state close-wait", "on the other host, for as long as it sends"),
      ],
      remedies: ["None needed."],
      references: ["RFC 9293 §3.6", "RFC 9293 §3.6.1"])
  }
}
