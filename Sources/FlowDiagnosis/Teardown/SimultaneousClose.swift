import PacketDecoding
public import TCPModel

/// Both ends close at the same time; their FINs cross.
public struct SimultaneousClose: ConnectionRule {
  public let id = "simultaneous-close"
  public let title = "both sides closed at the same time; the FINs crossed"
  public let group = RuleGroup.teardown
  public let severity = Severity.note

  // Definition (RFC 9293 §3.6, case 3; figure 13):
  // 1. Both ends send a FIN.
  // 2. The first FIN of each does not acknowledge the FIN of the other: both were in FIN-WAIT-1 and
  //    go through CLOSING.
  // What disproves it: one FIN acknowledges the other.

  public init() {}

  public var gate: ConnectionGate { ConnectionGate(all: [.bothFINs], none: [.closedSecond]) }

  public func mayApply(to connection: Connection) -> Bool {
    connection.client.marks.contains(.finSent) && connection.server.marks.contains(.finSent)
      && !connection.client.marks.contains(.closedSecond)
      && !connection.server.marks.contains(.closedSecond)
  }

  public func examine(_ tracked: TrackedConnection, _ facts: CaptureFacts) -> [Finding] {
    guard tracked.finsCross, let one = tracked.fins(of: .client).first,
      let two = tracked.fins(of: .server).first
    else { return [] }
    let connection = tracked.connection
    let (first, second) = one.frame < two.frame ? (one, two) : (two, one)
    let gap = second.time.nanoseconds(since: first.time)
    let summary =
      "\(tracked.client) and \(tracked.server) closed at the same time: their FINs (frames "
      + "\(first.frame) and \(second.frame), \(ProofText.duration(gap)) apart) crossed, so both went "
      + "through CLOSING and both keep TIME-WAIT."
    var frames = [first, second].map {
      FrameRole($0.frame, "FIN of \(connection.name($0.sender)), the other one not yet heard")
    }
    for fin in [one, two] {
      if let answer = tracked.firstAcknowledgment(
        by: fin.sender.peer, of: fin.end, after: second.frame)
      {
        frames.append(FrameRole(answer.frame, "ACK of the FIN of \(connection.name(fin.sender))"))
      }
    }
    return [
      Finding(
        id: id, severity: .note, confidence: tracked.confidence(.certain),
        connections: [connection.id], frames: frames.sorted { $0.frame < $1.frame },
        time: second.time, summary: summary,
        advice:
          "Nothing to repair; if both programs close on the same time-out, let one be longer.",
        values: [("gap_seconds", .seconds(gap.seconds))], causeKey: tracked.pathKey)
    ]
  }

  public var page: ExplanationPage {
    ExplanationPage(
      mechanism: [
        "Either end may close first, and both may do so at once. Each sends its FIN before it has the other's, finds a FIN where it expected an ACK, goes from FIN-WAIT-1 to CLOSING, and on the ACK of its own FIN to TIME-WAIT. Both ends then hold the 4-tuple for 2 MSL.",
        "It is legal and rare; it happens when both programs use the same idle time-out.",
      ],
      ladder: [
        "  client                                        server",
        "  FIN-WAIT-1      ---- FIN ----\\/--- FIN ---    FIN-WAIT-1",
        "  CLOSING         <------------/\\---------->    CLOSING",
        "  TIME-WAIT       ---- ACK ----\\/--- ACK ---    TIME-WAIT",
      ],
      proof: ["Neither FIN's acknowledgment number covers the other FIN."],
      lookAlikes: [
        "A quick reply: the second FIN acknowledges the first; that is an ordinary close.",
        "rst-close: one of the ends answers by RST.",
      ],
      confirmation: [
        .init("ss -tan state closing", "sockets in CLOSING, for a round trip"),
        .init("ss -tan state time-wait", "the 4-tuple in TIME-WAIT on both hosts"),
      ],
      remedies: ["None needed."],
      references: ["RFC 9293 §3.6", "RFC 9293 §3.3.2"])
  }
}
