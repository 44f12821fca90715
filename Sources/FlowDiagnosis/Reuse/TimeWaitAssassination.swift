import PacketDecoding
public import TCPModel

/// A RST ends TIME-WAIT before its time.
public struct TimeWaitAssassination: ConnectionRule {
  public let id = "time-wait-assassination"
  public let title = "a RST ends TIME-WAIT early: an old segment drew an ACK, the ACK drew the RST"
  public let group = RuleGroup.reuse
  public let severity = Severity.warning
  public let supersedes = ["stale-segment", "rst-after-fin", "rst-close"]

  // Definition (RFC 1337):
  // 1. An endpoint is in TIME-WAIT.
  // 2. It sends an ACK: because an old segment of the other end came, or as one of several final
  //    ACKs, of which the first had already ended the other end's LAST-ACK.
  // 3. The other end, which holds nothing any more, answers RST with SEQ = that ACK.
  // The RST shows that the other end needs TIME-WAIT no more; what is left of its purpose is to keep
  // old segments from the next connection of these ports. So it is a note, and a warning where they
  // are used again before TIME-WAIT would have ended.
  // What disproves it: the endpoint answers out of the connection afterwards (tcp_rfc1337), or the
  // RST is no answer to an ACK.

  public init() {}

  public var gate: ConnectionGate { ConnectionGate(any: [.clientRST, .serverRST]) }

  public func mayApply(to connection: Connection) -> Bool {
    connection.client.rstCount > 0 || connection.server.rstCount > 0
  }

  public func examine(_ tracked: TrackedConnection, _ facts: CaptureFacts) -> [Finding] {
    tracked.transitions.filter(\.isAssassination).compactMap { examine(tracked, $0) }
  }

  private func examine(_ tracked: TrackedConnection, _ move: Transition) -> Finding? {
    let (side, connection) = (move.endpoint, tracked.connection)
    guard
      let reset = tracked.sent(by: side.peer, where: { $0.frame == move.frame }).first,
      reset.flags.contains(.rst), !reset.flags.contains(.ack)
    else { return nil }
    let acknowledgments = tracked.sent(by: side) {
      $0.frame < reset.frame && $0.flags.contains(.ack) && $0.flags.isDisjoint(with: [.fin, .rst])
        && $0.length == 0 && $0.acknowledgment == reset.sequence
    }
    guard let acknowledgment = acknowledgments.last else { return nil }
    let begin =
      tracked.transitions.last {
        $0.endpoint == side && $0.to == .timeWait && $0.revokedBy == 0 && $0.frame < reset.frame
      }
    guard let begin, begin.frame < acknowledgment.frame else { return nil }
    let trigger = tracked.sent(by: side.peer) {
      $0.frame < acknowledgment.frame && $0.frame > begin.frame && !$0.flags.contains(.rst)
        && $0.end != $0.sequence
    }.last
    let late =
      trigger
      ?? tracked.sent(by: side.peer) {
        $0.frame < acknowledgment.frame && $0.frame > begin.frame && $0.flags == .ack
          && acknowledgment.time.nanoseconds(since: $0.time) < 1_000_000_000
      }.last
    // The first final ACK is expected to end LAST-ACK in silence; only a further one draws a RST.
    // Once the ports are used again, the new SYN may have drawn it (paws-rejected-reuse); an end that
    // goes on after a RST ignores it.
    let isReused = connection.traits.contains(.replaced)
    let isDoubtful = isReused || connection.noticed.contains(.resurrects)
    guard late != nil || acknowledgments.count > 1 && !isDoubtful else { return nil }

    let (name, peer) = (connection.name(side), connection.name(side.peer))
    let lasted = reset.time.nanoseconds(since: begin.time)
    let cause =
      late.map {
        $0.flags.contains(.fin)
          ? "\(peer) repeated its FIN (frame \($0.frame)) before an earlier final ACK reached it"
          : "an old \($0.length > 0 ? "segment" : "ACK") of \(peer) came late (frame \($0.frame))"
      } ?? "a second final ACK reached \(peer) after the first had ended its LAST-ACK"
    let summary =
      "TIME-WAIT of \(name) was ended after \(ProofText.duration(lasted)) instead of 60 s: \(cause), "
      + "the ACK it drew (frame \(acknowledgment.frame)) met no connection any more, and the RST "
      + "(frame \(reset.frame)) closed it"
      + (isReused ? "; within those 60 s the ports were used again." : ".")
    var frames = [FrameRole(begin.frame, "TIME-WAIT begins at \(name)")]
    if let late {
      let kind = late.end == late.sequence ? "ACK" : "segment"
      frames.append(FrameRole(late.frame, "late \(kind) of \(peer)"))
    }
    frames.append(FrameRole(acknowledgment.frame, "ACK from TIME-WAIT"))
    frames.append(FrameRole(reset.frame, "RST, SEQ = that ACK: TIME-WAIT ends"))
    return Finding(
      id: id, severity: isReused ? .warning : .note, confidence: tracked.confidence(.likely),
      connections: [connection.id], frames: frames, time: reset.time, summary: summary,
      advice: isReused
        ? "Old segments come late on this path and may reach the new connection: keep timestamps on "
          + "at both ends, for PAWS drops them then. net.ipv4.tcp_rfc1337=1 on "
          + "\(connection.host(side)) keeps TIME-WAIT, at the price of failing calls behind NAT "
          + "(paws-rejected-reuse)."
        : "Nothing to repair: \(peer) needs no final ACK any more, and the ports were not used again "
          + "before TIME-WAIT would have ended, as far as the capture goes.",
      values: [
        ("old_state", .text("TIME-WAIT")), ("time_wait_seconds", .seconds(lasted.seconds)),
        ("rst_seq", .integer(Int64(reset.sequence.rawValue))),
        ("ports_reused", .text(isReused ? "yes" : "no")),
      ],
      causeKey: "\(connection.host(.client))>\(connection.host(.server))")
  }

  public var page: ExplanationPage {
    ExplanationPage(
      mechanism: [
        "TIME-WAIT answers every segment that is not what it expects by its last ACK. If the other end still knows the connection, it needs that ACK. If it does not, it answers RST, as it must for an ACK without a connection, with SEQ = the ACK's number: precisely what TIME-WAIT takes for a valid reset. The 4-tuple comes free early, while old duplicates evidently are still under way.",
        "The same happens without an old segment: when final ACKs are only late, LAST-ACK repeats its FIN, the first ACK ends it, and each further ACK draws a RST.",
        "By itself this harms nobody: who answers RST has no use for the ACK. It matters when the ports are used again before the 2 MSL are over, for then nothing but PAWS and the window check keeps late segments of the old connection out of the new one; only then is it a warning.",
      ],
      ladder: [
        "  client                                        server",
        "  TIME-WAIT                                     CLOSED",
        "                  <--- old data ------------    (delayed in the network)",
        "  TIME-WAIT       ---- ACK ---------------->    no connection",
        "  CLOSED          <--- RST seq=ACK ---------",
      ],
      proof: [
        "After both FINs a segment of the other end passes that occupies sequence space seen before.",
        "It draws an ACK; a RST without ACK flag follows, SEQ = that ACK's acknowledgment.",
      ],
      lookAlikes: [
        "missing-final-ack: the late segment is the FIN itself, and no RST follows: the ACK was needed.",
        "paws-rejected-reuse: the ACK was drawn by a new SYN, not by an old segment.",
        "rst-after-fin: data meets a socket that is closed, not TIME-WAIT.",
      ],
      confirmation: [
        .init(
          "sysctl net.ipv4.tcp_rfc1337",
          "0, the default: a RST ends TIME-WAIT; 1: it is ignored"),
        .init("nstat -az TcpOutRsts", "on the side that held nothing: grows by one per such RST"),
        .init("ss -tan state time-wait", "the 4-tuple vanishes before its 60 s are over"),
      ],
      remedies: [
        "Usually none. Where ports are reused within a minute, keep timestamps on: PAWS then drops old duplicates.",
        "tcp_rfc1337=1 protects TIME-WAIT, but makes reuse over it fail when the SYN looks old.",
      ],
      myths: ["Shortening TIME-WAIT by tcp_fin_timeout: it has no such effect."],
      references: ["RFC 1337 (§3: how to avoid it)", "RFC 9293 §3.10.7.4, second check"])
  }
}
