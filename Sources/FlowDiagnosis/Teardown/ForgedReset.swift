import PacketDecoding
public import TCPModel

/// A RST that its supposed sender did not send.
public struct ForgedReset: ConnectionRule {
  public let id = "forged-reset"
  public let title = "a RST that does not come from the host whose address it bears"
  public let group = RuleGroup.teardown
  public let severity = Severity.error
  public let supersedes = ["rst-close", "rst-after-fin"]

  // Definition (RFC 9293 §3.10.7.4; RFC 5961 §3):
  // 1. A RST bears the address of an end, but another TTL than all its segments, or a sequence
  //    number that this end would not use; or
  // 2. its end goes on talking afterwards, as if it had sent none.
  // Error if it cut the connection, note if it had no effect.
  // What disproves it: the end's TTL varies anyway, or it falls silent after a RST that fits. One that
  // answers a SYN,ACK, drawn by a late copy of the SYN, fits that (stale-segment). What comes in after
  // it with an older timestamp had been sent before. One behind data that the capture lacks is borne out
  // by the end's answer to what it draws.

  public init() {}

  public var gate: ConnectionGate { ConnectionGate(any: [.doubtfulReset, .resurrects]) }

  public func mayApply(to connection: Connection) -> Bool {
    !connection.noticed.isDisjoint(with: [.doubtfulReset, .resurrects])
  }

  public func examine(_ tracked: TrackedConnection, _ facts: CaptureFacts) -> [Finding] {
    Side.allCases.lazy.compactMap { examine(tracked, $0) }.first.map { [$0] } ?? []
  }

  private func examine(_ tracked: TrackedConnection, _ side: Side) -> Finding? {
    let connection = tracked.connection
    let end = connection[side]
    let resets = tracked.resets(of: side)
    guard
      let reset = resets.first(where: { reset in
        reset.annotations.contains(.doubtfulReset) && !isBorneOut(reset, by: resets)
          || talksOn(tracked, side, after: reset) != nil
      })
    else { return nil }
    let next = talksOn(tracked, side, after: reset)
    var reasons: [String] = []
    let isOtherTTL = reset.hopLimit != end.hopLimit && !end.marks.contains(.varyingHopLimit)
    if isOtherTTL {
      reasons.append(
        "its TTL is \(reset.hopLimit), that of the host's other segments \(end.hopLimit)")
    } else if reset.annotations.contains(.doubtfulReset), !answersSynAck(tracked, side, reset) {
      let off = reset.sequence.distance(from: end.sendNext)
      reasons.append("its SEQ lies \(off) off the host's SND.NXT")
    }
    if let next { reasons.append("the host goes on talking (frame \(next.frame))") }
    guard !reasons.isEmpty else { return nil }

    let cut = cutBy(tracked, side, reset)
    let (name, peer) = (connection.name(side), connection.name(side.peer))
    let effect =
      cut.map {
        $0.frame == reset.frame
          ? "\(peer) took it and fell silent"
          : "\(peer) took it and resets what follows (frame \($0.frame))"
      } ?? "\(peer) did not take it, and the connection went on"
    let summary =
      "The RST in the name of \(name) (frame \(reset.frame)) is not its own: "
      + "\(reasons.joined(separator: ", and ")); \(effect)."
    var frames = [FrameRole(reset.frame, "RST in the name of \(name), TTL \(reset.hopLimit)")]
    if let next { frames.append(FrameRole(next.frame, "\(name) goes on talking")) }
    if let cut, cut.frame != reset.frame {
      frames.append(FrameRole(cut.frame, "\(peer) knows the connection no more"))
    }
    return Finding(
      id: id, severity: cut == nil ? .note : .error,
      confidence: tracked.confidence(reasons.count > 1 ? .certain : .likely),
      connections: [connection.id], frames: frames.sorted { $0.frame < $1.frame },
      time: (next ?? reset).time, summary: summary,
      advice:
        "Look for a firewall, intrusion prevention or filter between the capture and "
        + "\(connection.host(side)) that ends connections; its TTL "
        + "tells how many hops away it is. TLS does not protect against it.",
      values: [
        ("rst_ttl", .integer(Int64(reset.hopLimit))), ("host_ttl", .integer(Int64(end.hopLimit))),
        ("rst_seq", .integer(Int64(reset.sequence.rawValue))),
        ("effect", .text(cut == nil ? "none" : "cut")),
      ],
      causeKey: "\(tracked.pathKey) \(side)")
  }

  /// Whether the end answers what the RST draws as one that holds nothing any more (RFC 9293 §3.10.7.1):
  /// then the RST was its own, behind data that the capture lacks.
  private func isBorneOut(_ reset: SegmentRecord, by resets: [SegmentRecord]) -> Bool {
    reset.flags.contains(.ack)
      && resets.contains {
        $0.frame > reset.frame && !$0.flags.contains(.ack) && $0.hopLimit == reset.hopLimit
          && !$0.annotations.contains(.doubtfulReset) && $0.sequence.precedes(reset.sequence)
      }
  }

  /// The next segment of the end that its own RST would have made impossible.
  private func talksOn(
    _ tracked: TrackedConnection, _ side: Side, after reset: SegmentRecord
  ) -> SegmentRecord? {
    // What bears an older timestamp than the host had shown was sent before, and late.
    let newest = tracked.sent(by: side) { $0.frame < reset.frame && $0.hasTimestamps }
      .map { TimestampValue($0.timestampValue) }
      .reduce(nil) { newest, value in newest.map { $0.precedes(value) ? value : $0 } ?? value }
    return tracked.sent(by: side) {
      $0.frame > reset.frame && $0.flags.isDisjoint(with: [.rst, .syn])
        && !isOlder($0, than: newest)
        && $0.time.nanoseconds(since: reset.time) > 3_000_000
        && (reset.flags.contains(.ack) || $0.length > 0 || $0.flags.contains(.fin)
          || reset.annotations.contains(.doubtfulReset))
    }.first
  }

  private func isOlder(_ segment: SegmentRecord, than newest: TimestampValue?) -> Bool {
    guard segment.hasTimestamps, let newest else { return false }
    return TimestampValue(segment.timestampValue).precedes(newest)
  }

  /// What shows that the other end took the RST; nil if it goes on.
  private func cutBy(
    _ tracked: TrackedConnection, _ side: Side, _ reset: SegmentRecord
  ) -> SegmentRecord? {
    let after = tracked.sent(by: side.peer) {
      $0.frame > reset.frame
        && $0.time.nanoseconds(since: reset.time) > tracked.roundTrip(to: side.peer)
    }
    if after.contains(where: { !$0.flags.contains(.rst) }) { return nil }
    if let answer = tracked.resets(of: side.peer).first(where: { $0.frame > reset.frame }) {
      return answer
    }
    return tracked.connection[side.peer].marks.contains(.wasReset) ? reset : nil
  }

  private func answersSynAck(
    _ tracked: TrackedConnection, _ side: Side, _ reset: SegmentRecord
  ) -> Bool {
    tracked.sent(by: side.peer) { $0.frame < reset.frame }.last.map {
      $0.flags.contains([.syn, .ack]) && $0.acknowledgment == reset.sequence
    } ?? false
  }

  public var page: ExplanationPage {
    ExplanationPage(
      mechanism: [
        "Anybody on the path who sees a connection's numbers can write a RST in one end's name. Firewalls, intrusion prevention systems, censors and some load balancers end connections so. The end that receives it cannot tell; the end in whose name it was sent does not know, goes on talking, and is answered by RST.",
        "What gives it away: the TTL, for it began its way elsewhere; missing timestamps or a strange IP identification; a sequence number taken from an older segment; and an end that goes on after it has supposedly reset the connection.",
      ],
      ladder: [
        "  client               middlebox                server",
        "  ESTABLISHED             |                     ESTABLISHED",
        "  CLOSED  <--- RST -------+ (server's address)  ESTABLISHED",
        "          <-------------- data -------------    goes on",
        "          --------------- RST ------------->    CLOSED",
      ],
      proof: [
        "The RST's TTL differs from all other segments of that host, or its SEQ is none that the host would use.",
        "The host sends data or ACKs later than it could if it had reset the connection.",
      ],
      lookAlikes: [
        "rst-close: same TTL, SEQ = SND.NXT, and silence afterwards.",
        "half-open-connection: the RST answers a segment after a long idle time.",
        "A host whose TTL varies anyway (several paths): then the TTL says nothing.",
        "challenge-ack: what a host does with such a RST when its SEQ is not exact.",
      ],
      confirmation: [
        .init("nstat -az TcpOutRsts", "on the named host: does not grow when it did not send it"),
        .init(
          "tcpdump -nvi any 'tcp[tcpflags] & tcp-rst != 0'",
          "at both hosts: a forged RST is seen leaving neither (for IPv6 ip6[53] & 4 != 0)"),
        .init(
          "nstat -az TcpExtTCPChallengeACK",
          "on the receiver: RSTs of inexact SEQ draw challenge ACKs"
        ),
      ],
      remedies: [
        "Find the device by its TTL (hops away: from the TTL seen up to the next of 64, 128 and 255) and its rules or logs.",
        "Encrypt below TCP (IPsec, WireGuard) where the device is not yours.",
      ],
      myths: ["TLS does not prevent it: the TCP header stays open."],
      references: ["RFC 5961 §3", "RFC 9293 §3.10.7.4, second check", "RFC 9293 §3.5.3"])
  }
}
