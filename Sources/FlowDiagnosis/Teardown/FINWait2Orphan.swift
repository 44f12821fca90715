import PacketDecoding
public import TCPModel

/// The other end closes, or sends, long after FIN-WAIT-2 was given up.
public struct FINWait2Orphan: ConnectionRule {
  public let id = "fin-wait-2-orphan"
  public let title = "the other end answers a close only after FIN-WAIT-2 has been given up"
  public let group = RuleGroup.teardown
  public let severity = Severity.warning
  public let supersedes = ["rst-after-fin", "rst-close", "half-open-connection"]

  // Definition (RFC 9293 §3.6.1; Linux tcp_fin_timeout):
  // 1. The active closer's FIN was acknowledged: FIN-WAIT-2.
  // 2. Nothing of the other end passes for the time that orphans are kept (Linux: 60 s by default),
  //    or for 3 s at least, where that may have been lowered.
  // 3. Then its data or FIN is answered by RST without ACK flag.
  // What disproves it: the answer is an ACK (the closer had only shut down writing), or less than
  // that time had passed (rst-after-fin).

  public init() {}

  public var gate: ConnectionGate { ConnectionGate(all: [.anyFIN], any: [.clientRST, .serverRST]) }

  public func mayApply(to connection: Connection) -> Bool {
    Side.allCases.contains {
      connection[$0].rstCount > 0 && connection[$0].marks.contains(.finSent)
    }
  }

  /// Orphans are kept for tcp_fin_timeout: 60 s by default, often lowered to a few seconds. What comes
  /// sooner than this after the FIN finds a closed socket, not a forgotten one.
  static let orphanTime: Int64 = 3_000_000_000
  /// From here on the default, too, has run out; a little less than 60 s allows for coarse clocks.
  static let defaultTime: Int64 = 58_000_000_000

  /// Whether the closer had been waiting longer than orphans are kept.
  static func isOrphan(_ fin: SegmentRecord, _ reply: ResetReply) -> Bool {
    reply.trigger.time.nanoseconds(since: fin.time) >= orphanTime
  }

  public func examine(_ tracked: TrackedConnection, _ facts: CaptureFacts) -> [Finding] {
    guard let reply = ResetReply.first(in: tracked), reply.isProvoked,
      let fin = tracked.fins(of: reply.side).first, fin.frame < reply.trigger.frame,
      let acknowledgment = tracked.firstAcknowledgment(
        by: reply.side.peer, of: fin.end, after: fin.frame),
      acknowledgment.frame < reply.trigger.frame, FINWait2Orphan.isOrphan(fin, reply),
      tracked.fins(of: reply.side.peer).allSatisfy({ $0.frame >= reply.trigger.frame })
    else { return [] }
    let connection = tracked.connection
    let (name, peer) = (connection.name(reply.side), connection.name(reply.side.peer))
    let waited = reply.trigger.time.nanoseconds(since: acknowledgment.time)
    let isDefault = waited >= FINWait2Orphan.defaultTime
    let what =
      reply.trigger.length > 0 ? "\(reply.trigger.length) bytes" : "its FIN"
    let summary =
      "\(peer) acknowledged the FIN of \(name) (frames \(fin.frame) and \(acknowledgment.frame)) but "
      + "sent \(what) only \(ProofText.duration(waited)) later (frame \(reply.trigger.frame)), when "
      + "\(name) \(isDefault ? "had given up FIN-WAIT-2" : "kept FIN-WAIT-2 for no reader any more") "
      + "and answered RST (frame \(reply.reset.frame))."
    return [
      Finding(
        id: id, severity: .warning,
        confidence: tracked.confidence(isDefault ? .certain : .likely),
        connections: [connection.id],
        frames: [
          FrameRole(fin.frame, "FIN of \(name)"),
          FrameRole(acknowledgment.frame, "its ACK: FIN-WAIT-2 begins"),
          FrameRole(reply.trigger.frame, "\(peer) wakes up"),
          FrameRole(reply.reset.frame, "RST, SEQ = that segment's ACK"),
        ],
        time: reply.reset.time, summary: summary,
        advice:
          "Make the program on \(peer) close when it reads end of file; it held the socket in "
          + "CLOSE-WAIT all that time (ss -tanp state close-wait).",
        values: [
          ("old_state", .text("FIN-WAIT-2")), ("waited_seconds", .seconds(waited.seconds)),
          ("bytes", .integer(Int64(reply.trigger.length))),
        ],
        causeKey: "\(tracked.pathKey) \(reply.side)")
    ]
  }

  public var page: ExplanationPage {
    ExplanationPage(
      mechanism: [
        "The active closer waits in FIN-WAIT-2 for the other end to close too. The standard sets no limit. Linux keeps such a socket, once its program has closed it (an orphan), for tcp_fin_timeout, 60 s by default, and then forgets it. A program that only called shutdown(SHUT_WR) keeps its socket, and FIN-WAIT-2, as long as it likes.",
        "If the other end sends or closes after that time, there is no connection any more: RST. The other program sees ECONNRESET for what it believed to be an open connection.",
      ],
      ladder: [
        "  client                                        server",
        "  FIN-WAIT-1      ---- FIN,ACK ------------>    CLOSE-WAIT",
        "  FIN-WAIT-2      <--- ACK -----------------    (does not close)",
        "  CLOSED          60 s later, no packet",
        "                  <--- data or FIN ---------    wakes up",
        "                  ---- RST ---------------->    CLOSED",
      ],
      proof: [
        "FIN and its ACK, then nothing for tcp_fin_timeout (60 s, or less where it was lowered), then data or FIN of the other end, answered by RST without ACK flag."
      ],
      lookAlikes: [
        "rst-after-fin: the same within three seconds: the socket was closed, not forgotten.",
        "close-wait-leak: the other end never says anything again.",
        "half-close: the late data is acknowledged.",
      ],
      confirmation: [
        .init("sysctl net.ipv4.tcp_fin_timeout", "the time orphans are kept, seconds"),
        .init("ss -tan state fin-wait-2", "on the closer: timer:(timewait,…) counts it down"),
        .init("ss -tanp state close-wait", "on the other host: the program that does not close"),
      ],
      remedies: [
        "Close on end of file in the program that lingers in CLOSE-WAIT.",
        "Where late answers are wanted, let the closer shutdown(SHUT_WR) and go on reading.",
      ],
      myths: [
        "tcp_fin_timeout has nothing to do with TIME-WAIT; lowering it makes these resets come earlier."
      ],
      references: ["RFC 9293 §3.6.1", "Linux Documentation/networking/ip-sysctl: tcp_fin_timeout"])
  }
}
