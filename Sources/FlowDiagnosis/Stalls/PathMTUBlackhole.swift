import PacketDecoding
public import TCPModel

/// Full-sized segments vanish on the path while smaller ones get through.
public struct PathMTUBlackhole: ConnectionRule {
  public let id = "path-mtu-blackhole"
  public let title = "full-sized segments vanish while small ones pass"
  public let group = RuleGroup.stalls
  public let severity = Severity.error
  public let supersedes = ["retransmission-timeout"]

  // Definition (RFC 2923 §2.1, RFC 4821):
  // 1. The connection is set up. An endpoint sends a full-sized segment at least three times more,
  //    over 300 ms or longer; no segment of that size was ever acknowledged.
  // 2. Smaller ones get through: a smaller repetition of the same data is acknowledged at once, or
  //    the receiver reports (SACK) a smaller segment sent behind the lost ones.
  //    Where the peer is merely still heard and acknowledges nothing, it is possible, no more.
  // 3. No ICMP message about the size was seen.
  // What disproves it: the segment gets through unchanged in the end (plain loss), or nothing gets
  // through, whatever its size (the path or the peer is gone).

  private static let leastRepeats = 3
  private static let leastTime: Int64 = 300_000_000

  public init() {}

  public var gate: ConnectionGate { ConnectionGate(all: [.measured, .retransmission]) }

  public func mayApply(to connection: Connection) -> Bool {
    connection.noticed.contains(.retransmission) && connection.traits.contains(.measured)
      && max(connection.client.retransmissions, connection.server.retransmissions)
        >= PathMTUBlackhole.leastRepeats
  }

  public func examine(_ tracked: TrackedConnection, _ facts: CaptureFacts) -> [Finding] {
    guard tracked.isTwoSided,
      !tracked.icmpErrors.contains(where: {
        $0.isIPv6 ? $0.type == 2 : $0.type == 3 && $0.code == 4
      })
    else { return [] }
    return Side.allCases.compactMap { examine(tracked, $0) }
  }

  private func examine(_ tracked: TrackedConnection, _ side: Side) -> Finding? {
    let connection = tracked.connection
    guard let meter = tracked.stalls?[side] else { return nil }
    let end = connection[side]
    let repeats = tracked.sent(by: side) { $0.annotations.contains(.retransmission) }
    guard let stuck = longestRun(repeats), let first = stuck.first, let last = stuck.last,
      stuck.count >= PathMTUBlackhole.leastRepeats,
      last.time.nanoseconds(since: first.time) >= PathMTUBlackhole.leastTime,
      first.length >= fullSize(connection), meter.largestDelivered < first.length
    else { return nil }
    let shrunk = repeats.first {
      $0.sequence == first.sequence && $0.length < first.length && $0.frame > last.frame
    }
    let isAcknowledged = first.sequence.precedes(end.sendUnacknowledged)
    let beyond = meter.firstBeyondHole
    let reports = beyond > 0 && beyond < first.length
    if isAcknowledged {
      guard let shrunk, shrunk.length > 0, meter.largestDelivered > 0 else { return nil }
    } else {
      guard reports || isHeard(connection, side, after: stuck[1]) else { return nil }
    }
    return finding(
      tracked, side, meter, stuck: stuck, shrunk: isAcknowledged ? shrunk : nil,
      report: reports ? connection.frame(low: meter.firstBeyondHoleFrame) : nil)
  }

  /// Whether the peer goes on after a repetition without a RST: it lives, and so does the way back.
  private func isHeard(
    _ connection: Connection, _ side: Side, after record: SegmentRecord
  ) -> Bool {
    let peer = connection[side.peer]
    return peer.lastFrame > record.frame && peer.rstCount == 0
      && connection[side].sendUnacknowledged == record.sequence
  }

  private func finding(
    _ tracked: TrackedConnection, _ side: Side, _ meter: StallMeter, stuck: [SegmentRecord],
    shrunk: SegmentRecord?, report: UInt64?
  ) -> Finding {
    let connection = tracked.connection
    let name = connection.name(side)
    let peer = connection.name(side.peer)
    let length = stuck[0].length
    let isIPv4 = connection.socket(side).address.isIPv4
    let headers: UInt32 = (isIPv4 ? 40 : 60) + (stuck[0].hasTimestamps ? 12 : 0)
    let end = shrunk ?? stuck[stuck.count - 1]
    let waited = end.time.nanoseconds(since: stuck[0].time)

    var frames: [FrameRole] = []
    if let report { frames.append(FrameRole(report, "\(peer) has a smaller segment sent later")) }
    frames += stuck.prefix(6).map { FrameRole($0.frame, "\(length) bytes again, in vain") }
    if let shrunk {
      frames.append(FrameRole(shrunk.frame, "the same data in \(shrunk.length) bytes"))
    }
    frames.sort { $0.frame < $1.frame }

    let passing =
      shrunk.map {
        "the same data in segments of \($0.length) bytes (frame \($0.frame)) got through"
      }
      ?? report.map { "a smaller segment sent behind it did arrive (SACK in frame \($0))" }
      ?? "smaller ones did before, and \(peer) is still heard (frame "
      + "\(connection[side.peer].lastFrame))"
    let reading = report == nil && shrunk == nil ? "may take" : "takes"
    return Finding(
      id: id, severity: shrunk == nil ? .error : .warning,
      confidence: tracked.confidence(
        shrunk != nil ? .certain : report != nil ? .likely : .possible),
      connections: [connection.id], frames: frames, time: end.time,
      summary:
        "Segments of \(length) bytes from \(name) (packets of \(length &+ headers)) never reach "
        + "\(peer): one was repeated \(ProofText.times(stuck.count)) in \(ProofText.duration(waited)) "
        + "(\(ProofText.frames(stuck.map(\.frame)))), while \(passing). A link behind here "
        + "\(reading) only smaller packets, and the ICMP message that should say so does not come.",
      advice:
        "Let ICMP "
        + (isIPv4
          ? "\"fragmentation needed\" (type 3 code 4)" : "\"packet too big\" (ICMPv6 type 2)")
        + " pass on all firewalls towards \(connection.host(side)), or clamp the MSS to the path at "
        + "the tunnel; net.ipv4.tcp_mtu_probing=1 at \(connection.host(side)) finds the way round "
        + "by itself.",
      values: [
        ("segment_bytes", .integer(Int64(length))),
        ("packet_bytes", .integer(Int64(length &+ headers))),
        ("repeats", .integer(Int64(stuck.count))),
        ("passed_bytes", .integer(Int64(shrunk?.length ?? meter.firstBeyondHole))),
      ],
      costSeconds: waited.seconds,
      causeKey: "\(connection.host(side))>\(connection.host(side.peer))")
  }

  /// The repetitions of that segment which was repeated most often, unchanged.
  private func longestRun(_ repeats: [SegmentRecord]) -> [SegmentRecord]? {
    var runs: [UInt64: [SegmentRecord]] = [:]
    for record in repeats where record.length > 0 {
      runs[UInt64(record.sequence.rawValue) << 32 | UInt64(record.length), default: []]
        .append(record)
    }
    return runs.values.max { ($0.count, $1[0].frame) < ($1.count, $0[0].frame) }
  }

  /// The payload from which a segment counts as full: the smaller MSS less room for options.
  private func fullSize(_ connection: Connection) -> UInt32 {
    let known = [connection.client.maximumSegmentSize, connection.server.maximumSegmentSize]
      .filter { $0 > 0 }
    guard let smallest = known.min() else { return 1000 }
    return UInt32(max(smallest, 140)) - 40
  }

  public var page: ExplanationPage {
    ExplanationPage(
      mechanism: [
        "Hosts learn the size a path can carry from ICMP: a router that cannot forward a packet with \"don't fragment\" set reports the size it could (IPv4 type 3 code 4, ICMPv6 type 2). Where a firewall drops that message, or the router sits in a tunnel and sends none, the sender never learns why its full-sized segments vanish.",
        "The handshake and small requests are small enough, so the connection comes up and then hangs at the first large answer. The sender repeats the same full-sized segment with back-off until it gives up; a kernel with packetization-layer probing (tcp_mtu_probing) shrinks its segments after some time-outs and goes on.",
      ],
      ladder: [
        "  sender                 narrow link       receiver",
        "    --- SYN, small data ----------------->   pass",
        "    --- len 1448 -------------X              dropped, no ICMP",
        "    --- len 681 ------------------------->   passes",
        "    <-- ACK, SACK of the 681 -------------",
        "    --- len 1448 -------------X              0.2, 0.4, 0.8 s …",
        "    --- len 1024 ------------------------>   with tcp_mtu_probing",
      ],
      proof: [
        "One full-sized segment is repeated unchanged, and no segment of that size of this sender was ever acknowledged.",
        "A smaller segment gets through meanwhile: a SACK of a small one sent later, or an ACK as soon as the sender shrinks.",
      ],
      lookAlikes: [
        "Plain loss: a repetition of the same size is acknowledged in the end.",
        "retransmission-timeout: nothing gets through, whatever its size.",
        "Captures on the sending host show segments above the MTU (offload); only repetitions are measured here.",
      ],
      confirmation: [
        .init(
          "ping -M do -s 1472 ADDRESS",
          "no answer and no message; smaller sizes answer (1472 + 28 = 1500)"),
        .init("tracepath -n ADDRESS", "where the path MTU changes, or where answers stop"),
        .init("ip route get ADDRESS", "the cached mtu, if one was learnt"),
        .init(
          "nstat -az TcpExtTCPMTUPSuccess TcpExtTCPMTUPFail",
          "probing at work"),
        .init("ss -tnio", "mss, pmtu and backoff of the connection that hangs"),
      ],
      remedies: [
        "Permit ICMP type 3 code 4 and ICMPv6 type 2 through every firewall on the way.",
        "Clamp the MSS at the tunnel: iptables -t mangle -A FORWARD -p tcp --tcp-flags SYN,RST SYN -j TCPMSS --clamp-mss-to-pmtu, or nft … tcp option maxseg size set rt mtu.",
        "net.ipv4.tcp_mtu_probing=1 at the sender: probes only after a black hole is suspected.",
        "Set the MTU of the tunnel's interfaces to what it carries.",
      ],
      myths: [
        "A lower MTU on one host only helps the segments of that host and the MSS it announces; other hosts behind the tunnel go on failing.",
        "Switching window scaling or SACK off changes nothing: size is the matter, not speed.",
        "net.ipv4.ip_no_pmtu_disc=1 does not send smaller segments by itself: it lets routers fragment IPv4, which many do not, and does nothing for IPv6.",
      ],
      references: ["RFC 1191 §4", "RFC 8201 §4", "RFC 2923 §2.1", "RFC 4821 §7", "RFC 9293 §3.7.2"])
  }
}
