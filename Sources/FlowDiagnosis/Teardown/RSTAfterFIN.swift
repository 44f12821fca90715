import PacketDecoding
public import TCPModel

/// Data reaches a socket whose program has closed both directions.
public struct RSTAfterFIN: ConnectionRule {
  public let id = "rst-after-fin"
  public let title = "data arrives at a socket closed in both directions and is answered by RST"
  public let group = RuleGroup.teardown
  public let severity = Severity.warning
  public let supersedes = ["rst-close", "half-open-connection"]

  // Definition (RFC 9293 §3.6.1, SHLD-3; §3.5.2, group 1):
  // 1. An end has sent its FIN; the other end has not closed.
  // 2. The other end sends data after that FIN had reached it.
  // 3. The closer answers by RST without ACK flag, SEQ = the data's ACK: nobody can read any more.
  // A note only where the data crossed the FIN: its sender could not know.
  // What disproves it: the FIN lies longer back than orphans are kept (fin-wait-2-orphan), both FINs
  // had been exchanged (time-wait-missing), or no FIN passed (half-open-connection).

  public init() {}

  public var gate: ConnectionGate { ConnectionGate(all: [.anyFIN], any: [.clientRST, .serverRST]) }

  public func mayApply(to connection: Connection) -> Bool {
    Side.allCases.contains {
      connection[$0].rstCount > 0 && connection[$0].marks.contains(.finSent)
    }
  }

  public func examine(_ tracked: TrackedConnection, _ facts: CaptureFacts) -> [Finding] {
    guard let reply = ResetReply.first(in: tracked), reply.isProvoked,
      let fin = tracked.fins(of: reply.side).first, fin.frame < reply.trigger.frame,
      reply.trigger.length > 0 || !tracked.connection[reply.side].marks.contains(.finArrived)
        || tracked.fins(of: reply.side.peer).count == 1,
      !FINWait2Orphan.isOrphan(fin, reply)
    else { return [] }
    let connection = tracked.connection
    let side = reply.side
    guard reply.trigger.length > 0 || reply.trigger.flags.contains(.fin) else { return [] }
    let (name, peer) = (connection.name(side), connection.name(side.peer))
    let since = ProofText.duration(reply.trigger.time.nanoseconds(since: fin.time))
    let hadHeard = reply.trigger.acknowledgment == fin.end
    let knew =
      hadHeard
      ? "though it had acknowledged the FIN," : "not having heard it yet,"
    let what =
      reply.trigger.length > 0
      ? "\(reply.trigger.length) bytes (frame \(reply.trigger.frame))"
      : "its FIN (frame \(reply.trigger.frame))"
    let summary =
      "\(name) closed both directions (FIN, frame \(fin.frame)); \(since) later, \(knew) \(peer) sent "
      + "\(what), and \(name) answered RST (frame \(reply.reset.frame)): nobody reads there any more."
    return [
      Finding(
        id: id, severity: hadHeard ? .warning : .note, confidence: tracked.confidence(.certain),
        connections: [connection.id],
        frames: [
          FrameRole(fin.frame, "FIN of \(name), which closes both directions"),
          FrameRole(reply.trigger.frame, "\(peer) goes on sending"),
          FrameRole(reply.reset.frame, "RST, SEQ = that segment's ACK"),
        ],
        time: reply.reset.time, summary: summary,
        advice:
          "\(name) did not wait for the answer: use shutdown(SHUT_WR) and read to the end of file "
          + "before close(), or make \(peer) stop sending once it reads end of file.",
        values: [
          ("old_state", .text("FIN-WAIT-2")),
          (
            "after_fin_seconds",
            .seconds(reply.trigger.time.nanoseconds(since: fin.time).seconds)
          ),
          ("bytes", .integer(Int64(reply.trigger.length))),
          ("rst_seq", .integer(Int64(reply.reset.sequence.rawValue))),
        ],
        causeKey: "\(tracked.pathKey) \(side)")
    ]
  }

  public var page: ExplanationPage {
    ExplanationPage(
      mechanism: [
        "A FIN only says: I send no more. It does not say whether its sender still reads. A program that called close() reads no more; its kernel waits in FIN-WAIT-2 for the other end's FIN. When data comes instead, nobody can take it, and the kernel says so by RST, so that the sender does not believe it delivered.",
        "The RST has no ACK flag and SEQ = the ACK of the data. The sender gets ECONNRESET or EPIPE; data that it had not read yet is lost to it as well.",
      ],
      ladder: [
        "  client                                        server",
        "  FIN-WAIT-1      ---- FIN,ACK ------------>    CLOSE-WAIT",
        "  FIN-WAIT-2      <--- ACK -----------------",
        "                  <--- data ----------------    goes on sending",
        "  CLOSED          ---- RST seq=data's ACK ->    CLOSED",
      ],
      proof: [
        "A FIN of one end, then data of the other, then a RST without ACK flag whose SEQ is that data's ACK."
      ],
      lookAlikes: [
        "half-close: the data is acknowledged and an orderly FIN follows.",
        "fin-wait-2-orphan: the same, a minute or more after the FIN: the kernel had given up the half-closed socket.",
        "rst-close: RST,ACK at SND.NXT, not drawn by a segment.",
      ],
      confirmation: [
        .init(
          "nstat -az TcpExtTCPAbortOnData", "on the closer: grows by one for data after close()"),
        .init("nstat -az TcpOutRsts", "on the closer: RSTs sent"),
      ],
      remedies: [
        "Closer: shutdown(SHUT_WR), read until end of file, then close().",
        "Sender: treat end of file as the end, or agree in the protocol who closes (HTTP: Connection: close).",
      ],
      myths: [
        "Raising tcp_fin_timeout does not help: what draws the RST is not that the wait was short, but that nobody reads."
      ],
      references: ["RFC 9293 §3.6.1", "RFC 9293 §3.5.2", "RFC 1122 §4.2.2.13"])
  }
}
