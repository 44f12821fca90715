import PacketDecoding
public import TCPModel

/// A SYN meets a peer that still holds the previous connection of the same 4-tuple.
public struct RSTOnReuse: ConnectionRule {
  public let id = "rst-on-reuse"
  public let title = "a new SYN meets the old connection of its port, which must be reset first"
  public let group = RuleGroup.reuse
  public let severity = Severity.error
  public let supersedes = [
    "half-open-connection", "syn-lost", "syn-unanswered", "syn-ack-lost", "slow-handshake",
    "synack-wrong-ack", "port-reused-too-soon", "challenge-ack",
  ]

  // Definition (RFC 9293 §3.5.1, figure 9; §3.10.7.3, first check; RFC 5961 §4.2):
  // 1. A SYN with another ISS than the previous connection of the 4-tuple passes.
  // 2. Before any SYN,ACK that covers it, the other end sends an ACK or FIN whose ACK lies outside
  //    the SYN: the numbers of the old connection, which it still holds. Or it sends a RST that does
  //    not cover the SYN.
  // 3. The caller, in SYN-SENT, answers by RST with SEQ = that ACK. The RST ends the old connection.
  // 4. It sends the same SYN again, which meets a listener now.
  // The old state is not TIME-WAIT (paws-rejected-reuse, reuse-refused-in-time-wait).
  // What disproves it: the answer covers the SYN (a SYN,ACK missing from the capture), or one
  // direction was not captured.

  public init() {}

  public var gate: ConnectionGate { ConnectionGate(all: [.clientSYN], any: [.clientRST, .reuses]) }

  public func mayApply(to connection: Connection) -> Bool {
    connection.client.marks.contains(.synSent)
      && (connection.client.rstCount > 0
        || connection.traits.contains(.reuses)
          && (connection.noticed.contains(.previousIncarnation) || connection.server.rstCount > 0))
  }

  public func examine(_ tracked: TrackedConnection, _ facts: CaptureFacts) -> [Finding] {
    guard let attempt = ReuseAttempt(tracked), attempt.meetsOld else { return [] }
    let state = attempt.heldState
    guard state != .timeWait else { return [] }
    let held = HeldConnection(attempt, state)
    let connection = tracked.connection
    let opening =
      attempt.old == nil
      ? "\(attempt.caller) called from a port for which \(attempt.server) still held"
      : "\(attempt.caller) reused its port while \(attempt.server) still \(held.waiting)"
    let isProved = !attempt.answers.isEmpty && !attempt.resets.isEmpty && attempt.old != nil
    return [
      Finding(
        id: id, severity: attempt.severity,
        confidence: tracked.confidence(isProved ? .certain : .likely),
        connections: attempt.connectionIDs,
        frames: attempt.roles(held: "in \(held.name)", before: held.roles),
        time: attempt.last.time,
        summary: (attempt.old == nil ? "\(opening) an older connection" : opening)
          + ". \(attempt.course)",
        advice: held.advice + attempt.slowness,
        values: attempt.values(state: state, why: held.why),
        costSeconds: attempt.delay.map(\.seconds),
        causeKey: "\(connection.host(.client))>\(attempt.server) \(held.name)")
    ]
  }
}

extension ReuseAttempt {
  /// Whether the SYN met a peer that held the old connection.
  var meetsOld: Bool {
    if !answers.isEmpty {
      // Without the caller's RST the answer must be one of a connection we know.
      return !resets.isEmpty
        || answers.contains { $0.annotations.contains(.previousIncarnation) } && syns.count > 1
    }
    guard let holder = oldHolder, !holder.state.isIdle else { return false }
    return !holderResets.isEmpty && acceptance != nil
  }

  /// What is to be said when the second SYN came by the retransmission timer instead of at once.
  var slowness: String {
    guard let reset = resets.first, let next = syns.first(where: { $0.frame > reset.frame }) else {
      return ""
    }
    let pause = next.time.nanoseconds(since: reset.time)
    guard pause > 500_000_000 else { return "" }
    return
      " The client waited \(ProofText.duration(pause)) for its timer before it repeated the SYN; "
      + "Linux 5.6 and later repeat it within milliseconds."
  }
}
