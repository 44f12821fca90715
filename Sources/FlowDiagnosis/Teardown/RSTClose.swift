import PacketDecoding
public import TCPModel

/// A connection ended by RST where a FIN would have done.
public struct RSTClose: ConnectionRule {
  public let id = "rst-close"
  public let title = "one side aborts the connection by RST instead of closing it"
  public let group = RuleGroup.teardown
  public let severity = Severity.warning

  // Definition (RFC 9293 §3.10.5, ABORT call; §3.6.1, SHLD-3; RFC 1122 §4.2.2.13):
  // 1. An end in a synchronized state that has not closed in order sends RST,ACK with SEQ = SND.NXT.
  //    The standard's RST has no ACK flag, but all systems' has; without, it is merely likely.
  // 2. It had not sent its FIN, or had not received the other end's.
  // What disproves it: the RST has no ACK flag and answers a segment that came after its FIN or after
  // an idle time (rst-after-fin, half-open-connection), it bears another TTL or its end goes on
  // talking (forged-reset), or it follows unanswered probes or retransmissions (keepalive-dead-peer,
  // retransmission-timeout).

  public init() {}

  public var gate: ConnectionGate { ConnectionGate(all: [.aborted]) }

  public func mayApply(to connection: Connection) -> Bool {
    connection.client.marks.contains(.reset) || connection.server.marks.contains(.reset)
  }

  public func examine(_ tracked: TrackedConnection, _ facts: CaptureFacts) -> [Finding] {
    Side.allCases.lazy.compactMap { examine(tracked, $0) }.first.map { [$0] } ?? []
  }

  private func examine(_ tracked: TrackedConnection, _ side: Side) -> Finding? {
    let connection = tracked.connection
    let end = connection[side]
    guard end.marks.contains(.reset) else { return nil }
    guard
      let move = tracked.transitions.last(where: {
        $0.endpoint == side && $0.to == .closed && $0.evidence == .sent && $0.revokedBy == 0
      }), move.from.isSynchronized, move.from != .timeWait, move.from != .lastAck,
      move.from != .closing,
      let reset = tracked.resets(of: side).first(where: { $0.frame == move.frame }),
      !reset.annotations.contains(.doubtfulReset)
    else { return nil }
    let isBare = !reset.flags.contains(.ack)
    if isBare {
      // It may answer a stray segment; taken for an abort only while the end was still open.
      guard end.marks.contains(.establishedConfirmed), !end.marks.contains(.finSent),
        !tracked.mayLackFIN(of: side),
        !tracked.segments.contains(where: { $0.flags.contains(.rst) && $0.frame < reset.frame })
      else { return nil }
    }

    let (name, peer) = (connection.name(side), connection.name(side.peer))
    // What the other end sent before the RST reached it may still acknowledge everything.
    let isAcknowledged =
      tracked.firstAcknowledgment(by: side.peer, of: reset.sequence, after: reset.frame) != nil
    let unsent =
      isAcknowledged ? 0 : Int64(max(0, end.sendNext.distance(from: end.sendUnacknowledged)))
    let received = connection[side.peer].payloadBytes
    let lost: String
    if end.payloadBytes == 0, received > 0 {
      lost =
        "it had taken \(received) bytes of \(peer) and answered none of them, so the program most "
        + "likely closed without reading"
    } else if unsent > 0 {
      lost = "\(unsent) bytes it had sent were not acknowledged and may be lost"
    } else if move.from == .closeWait {
      lost = "it had the other end's FIN and aborted instead of closing its half"
    } else {
      lost = "all it had sent was acknowledged; whatever \(peer) still had under way is lost"
    }
    let summary =
      "\(name) aborted the connection to \(peer) in \(move.from) by RST (frame \(reset.frame)) after "
      + "\(ProofText.duration(reset.time.nanoseconds(since: connection.firstTime))): \(lost)."
    return Finding(
      id: id, severity: .warning,
      confidence: tracked.confidence(isBare ? .likely : .certain),
      connections: [connection.id],
      frames: [
        FrameRole(reset.frame, "RST\(isBare ? "" : ",ACK") at SND.NXT of \(name), in \(move.from)")
      ],
      time: reset.time, summary: summary,
      advice:
        "Look at the program on \(name): SO_LINGER 0, close() with unread data in the socket, or a "
        + "killed process. Read to the end of file, or shutdown() first, to end without loss.",
      values: [
        ("old_state", .text("\(move.from)")), ("by", .text("\(side)")),
        ("unacknowledged_bytes", .integer(unsent)),
        ("rst_seq", .integer(Int64(reset.sequence.rawValue))),
      ],
      causeKey: "\(tracked.pathKey) \(side) \(move.from)")
  }

  public var page: ExplanationPage {
    ExplanationPage(
      mechanism: [
        "A RST with ACK flag at SND.NXT is an abort: the sending host still knew the connection and ended it at once. Everything not yet delivered, in both directions, is thrown away; the other program gets ECONNRESET, even for data that had already arrived but was not read.",
        "Linux sends it for close() with SO_LINGER 0, for close() while received data is unread (the program never saw a request that its kernel had acknowledged), for a killed process with unread data, and when keepalive gives a connection up. A retransmission timer that gives up, or TCP_USER_TIMEOUT for it, sends nothing.",
      ],
      ladder: [
        "  client                                        server",
        "  ESTABLISHED     ---- request ------------>    ESTABLISHED",
        "                  <--- ACK -----------------    (nobody reads it)",
        "  CLOSED          <--- RST,ACK -------------    close(): CLOSED",
      ],
      proof: [
        "RST,ACK with SEQ = SND.NXT and ACK = RCV.NXT, with timestamps where the connection had them, and the TTL of its host.",
        "No FIN of that end passed before, or the other end's FIN had not come.",
      ],
      lookAlikes: [
        "rst-after-fin, half-open-connection: RST without ACK flag, SEQ = the ACK of the segment it answers.",
        "forged-reset: another TTL, or the end goes on talking.",
        "connection-refused: the RST answers the SYN.",
        "keepalive-dead-peer: the abort follows unanswered probes.",
      ],
      confirmation: [
        .init(
          "nstat -az TcpExtTCPAbortOnClose TcpExtTCPAbortOnData TcpExtTCPAbortOnLinger",
          "TCPAbortOnClose: unread data at close(); TCPAbortOnData: SO_LINGER 0, or data after close()"
        ),
        .init("nstat -az TcpOutRsts TcpEstabResets", "RSTs sent; connections that ended by RST"),
        .init("strace -f -e trace=close,shutdown,setsockopt -p PID", "which call sends it"),
      ],
      remedies: [
        "Read until end of file before close(), or shutdown(SHUT_WR), read, then close().",
        "Remove SO_LINGER 0; it is no cure for TIME-WAIT.",
        "If it is a health check or a load balancer that aborts on purpose, it does no harm.",
      ],
      myths: [
        "A RST is not a firewall's by itself: compare its TTL with the host's other segments."
      ],
      references: [
        "RFC 9293 §3.10.5", "RFC 9293 §3.5.2", "RFC 1122 §4.2.2.13",
        "RFC 2525 §2.17 (failure to RST on close with data pending)",
      ])
  }
}
