import PacketDecoding
public import TCPModel

/// Two callers that called each other.
public struct SimultaneousOpen: ConnectionRule {
  public let id = "simultaneous-open"
  public let title = "both ends called each other at once; their SYNs crossed"
  public let group = RuleGroup.setup
  public let severity = Severity.note

  // Definition (RFC 9293 §3.5, figure 7):
  // 1. Each end sent a SYN without ACK on the same pair of ports.
  // 2. At least one answered the other's SYN by SYN,ACK with the sequence number of its own SYN.
  // When only the first caller sent a SYN,ACK, its peer may have answered SYN by SYN (the split
  // handshake of some devices) instead of calling: then it is merely possible.

  public init() {}

  public var gate: ConnectionGate {
    ConnectionGate(all: [.clientSYN, .serverSYN], none: [.isSelf])
  }

  public func mayApply(to connection: Connection) -> Bool {
    connection.client.marks.contains(.synSent) && connection.server.marks.contains(.synSent)
      && !connection.traits.contains(.isSelf)
  }

  public func examine(_ tracked: TrackedConnection, _ facts: CaptureFacts) -> [Finding] {
    let syns = tracked.sent(by: .client) { $0.flags.intersection([.syn, .ack, .rst]) == .syn }
    let others = tracked.sent(by: .server) { $0.flags.intersection([.syn, .ack, .rst]) == .syn }
    guard let first = syns.first, let second = others.first else { return [] }
    let answers = Side.allCases.compactMap { side in
      tracked.sent(by: side) {
        $0.flags.contains([.syn, .ack])
          && $0.sequence == (side == .client ? first : second).sequence
          && $0.acknowledgment == (side == .client ? second : first).sequence + 1
      }.first
    }
    guard let answer = answers.first else { return [] }
    let connection = tracked.connection
    let crossed = answers.contains { $0.sender == .server }
    let gap = second.time.nanoseconds(since: first.time)
    var frames = [
      FrameRole(first.frame, "SYN of \(tracked.client)"),
      FrameRole(second.frame, "SYN of \(tracked.server)"),
    ]
    frames += answers.map {
      FrameRole($0.frame, "SYN,ACK of \(connection.name($0.sender)), SYN-RECEIVED")
    }
    frames.sort { $0.frame < $1.frame }
    let summary =
      crossed
      ? "\(tracked.client) and \(tracked.server) called each other: their SYNs (frames "
        + "\(first.frame) and \(second.frame), \(ProofText.duration(gap)) apart) crossed, and both "
        + "went through SYN-RECEIVED to one connection."
      : "\(tracked.server) answered the SYN of \(tracked.client) (frame \(first.frame)) by a SYN of "
        + "its own (frame \(second.frame)) instead of SYN,ACK: a simultaneous open, or a device that "
        + "splits the handshake."
    return [
      Finding(
        id: id, severity: .note, confidence: crossed ? tracked.confidence(.certain) : .possible,
        connections: [connection.id], frames: frames, time: (answers.last ?? answer).time,
        summary: summary,
        advice: crossed
          ? "Legal, and usual in hole punching. If it was not meant, one of the two binds its "
            + "source port to the port the other calls."
          : "Some intrusion detection systems mistake who is the client here: see whether "
            + "\(connection.host(.server)) is meant to do this.",
        values: [("syns_apart_seconds", .seconds(gap.seconds))],
        causeKey: "\(connection.host(.client))<>\(connection.host(.server))")
    ]
  }

  public var page: ExplanationPage {
    ExplanationPage(
      mechanism: [
        "When two sockets call each other's bound ports at the same moment, each receives a SYN while in SYN-SENT. Both go to SYN-RECEIVED, answer SYN,ACK with their own initial sequence number again, and are ESTABLISHED when the other's arrives. One connection results, without a listener.",
        "Peers behind NATs provoke it on purpose (TCP hole punching).",
      ],
      ladder: [
        "  SYN-SENT      ---- SYN seq=x ---\\  /--- SYN seq=y ----   SYN-SENT",
        "  SYN-RECEIVED  <------------------/  \\---------------->   SYN-RECEIVED",
        "                ---- SYN,ACK seq=x ack=y+1 ------------>   ESTABLISHED",
        "  ESTABLISHED   <--- SYN,ACK seq=y ack=x+1 -------------",
      ],
      proof: [
        "A SYN without ACK from each end on one pair of ports, then SYN,ACKs with the same sequence numbers as the SYNs."
      ],
      lookAlikes: [
        "Two connections, each host calling a service of the other at the same time: other pairs of ports.",
        "self-connect: one socket, one sequence number.",
        "A split handshake: the server answers a SYN by a SYN and never sends SYN,ACK.",
      ],
      confirmation: [
        .init("ss -tanp 'sport = :PORT'", "a connected socket on a port nobody listens on")
      ],
      remedies: ["None is needed. To avoid it, do not bind callers to the ports others call."],
      references: ["RFC 9293 §3.5, figure 7", "RFC 9293 §3.10.7.3, fourth check", "RFC 5382 §4.2"])
  }
}
