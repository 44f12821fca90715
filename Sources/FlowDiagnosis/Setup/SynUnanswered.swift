import PacketDecoding
public import TCPModel

/// A caller whose SYNs draw no answer at all.
public struct SynUnanswered: ConnectionRule {
  static let id = "syn-unanswered"
  public var id: String { SynUnanswered.id }
  public let title = "the SYN and its repetitions draw no answer at all"
  public let group = RuleGroup.setup
  public let severity = Severity.error

  // Definition (RFC 9293 §3.8.1, §3.10.7.3):
  // 1. The client sent a SYN and repeated it with the same ISS.
  // 2. Nothing passed from the server to that socket, of an older connection neither, and no ICMP
  //    error quoted the SYN.
  // 3. A single SYN counts only if its time ran out in the capture, or the client called anew from
  //    the same port: then it is a warning, for the caller itself gave up early.
  // What disproves it: a RST of the caller without ACK, of whatever connection. It copies the number
  // of an ACK (RFC 9293 §3.10.7.1), which something sent and the capture lacks.
  // Departure: repetitions prove that no answer was taken, also in a capture of one direction; they
  // do not prove that none was sent.

  public init() {}

  public var gate: ConnectionGate {
    ConnectionGate(all: [.clientSYN], none: [.serverSeen, .completed, .isSelf])
  }

  public func mayApply(to connection: Connection) -> Bool {
    connection.client.marks.contains(.synSent) && !connection.server.marks.contains(.seen)
      && connection.completionTime == .epoch && !connection.traits.contains(.isSelf)
  }

  public func examine(_ tracked: TrackedConnection, _ facts: CaptureFacts) -> [Finding] {
    let attempt = Attempt(tracked)
    let connection = tracked.connection
    guard let first = attempt.syns.first, let last = attempt.syns.last, !attempt.heardServer,
      attempt.clientSegments.isEmpty, attempt.clientResets.isEmpty,
      !tracked.segments.contains(where: { $0.sender == .client && $0.flags == .rst }),
      !tracked.icmpErrors.contains(where: { $0.sequence == first.sequence.rawValue })
    else { return [] }
    let gaveUp = connection.client.marks.contains(.timedOut)
    let calledAnew = connection.traits.contains(.replaced)
    guard attempt.syns.count > 1 || gaveUp || (calledAnew && waited(tracked, first)) else {
      return []
    }

    let count = attempt.syns.count
    let lasted = last.time.nanoseconds(since: first.time)
    var frames = attempt.syns.prefix(12).map {
      FrameRole($0.frame, $0.frame == first.frame ? "SYN" : "the same SYN again")
    }
    if let final = frames.last, final.frame != last.frame {
      frames.append(FrameRole(last.frame, "the last SYN"))
    }
    let server = tracked.server
    var summary = "\(server) never answered \(tracked.client): "
    if count == 1 {
      summary += "one SYN (frame \(first.frame)), "
      summary += calledAnew ? "then the caller began anew from the same port" : "never repeated"
    } else {
      summary +=
        "\(count) SYNs at \(ProofText.schedule(attempt.syns)) "
        + "(\(ProofText.frames(attempt.syns.map(\.frame)))) drew no SYN,ACK, no RST and no ICMP "
        + "error here"
    }
    let port = connection.socket(.server).port
    var finding = Finding(
      id: id, severity: count == 1 ? .warning : .error,
      confidence: count > 1 ? .certain : .likely,
      connections: [connection.id], frames: frames, time: last.time, summary: summary + ".",
      advice:
        "Capture on \(connection.host(.server)) too (tcpdump -ni any 'tcp port \(port)'): if the "
        + "SYNs do not arrive, a filter or a route on the way eats them; if they arrive "
        + "unanswered, look for a DROP rule or a full queue there (nstat -az TcpExtListenDrops); "
        + "if SYN,ACKs leave, they are lost on the way back.",
      values: [
        ("syns", .integer(Int64(count))),
        ("schedule", .text(ProofText.schedule(attempt.syns))),
        ("waited_seconds", .seconds(lasted.seconds)),
      ],
      causeKey: server)
    finding.trust = .silence(repetitions: count - 1)
    return [finding]
  }

  /// Whether a caller that began anew had given its only SYN the time of a first repetition.
  private func waited(_ tracked: TrackedConnection, _ syn: SegmentRecord) -> Bool {
    tracked.transitions.contains {
      $0.endpoint == .client && $0.to == .closed
        && $0.time.nanoseconds(since: syn.time) > 900_000_000
    }
  }

  public var page: ExplanationPage {
    ExplanationPage(
      mechanism: [
        "A host that is up and reached answers every SYN: SYN,ACK where somebody listens, RST where nobody does. Silence means that the SYN, or the answer, disappeared: a firewall that drops, a host that is down behind a router that does not say so, a wrong route for the way back, or a listener whose queue is so full that the kernel drops the SYN.",
        "The caller repeats the same SYN (same sequence number) by a timer. Linux since 6.5 sends at 0, 1, 2, 3, 4, 5, 7, 11, 19, 35 and 67 s and gives up after 131 s (tcp_syn_linear_timeouts 4, tcp_syn_retries 6: the linear ones are not counted as retries); before 6.5 at 0, 1, 3, 7, 15, 31 and 63 s, giving up after 127 s. connect() then fails with ETIMEDOUT. A schedule that ends early means that the program had its own, shorter time limit.",
      ],
      ladder: [
        "   0 s  SYN-SENT  ---- SYN seq=x ----X",
        "   1 s            ---- SYN seq=x ----X     the same SYN",
        "   2 s            ---- SYN seq=x ----X",
        "   …",
        " 131 s  CLOSED    connect(): ETIMEDOUT",
      ],
      proof: [
        "The SYN passes again and again with one sequence number, and not one segment of the server and no ICMP error about it passes.",
        "Where only the client's direction was captured, the repetitions still prove that the client took no answer.",
      ],
      lookAlikes: [
        "connection-refused and host-unreachable: somebody answered, and at once.",
        "syn-lost: an answer came in the end.",
        "nat-timestamp-drop: only some callers behind one address get no answer, those with the older timestamps.",
        "syn-flood, accept-queue-overflow: others of the same listener are answered, this one falls to a full queue.",
        "A capture taken where only one direction passes: look for capture-one-sided.",
      ],
      confirmation: [
        .init(
          "tcpdump -ni any 'tcp port PORT and tcp[tcpflags] & tcp-syn != 0'",
          "on the server: whether the SYNs arrive, and whether SYN,ACKs leave (tcp[…] is IPv4 only; for IPv6 ip6[53] & 2 != 0)"
        ),
        .init(
          "nstat -az TcpExtListenDrops TcpExtListenOverflows TcpExtTCPReqQFullDrop",
          "on the server: growing while the SYNs arrive: dropped for a full queue"),
        .init("ss -tn state syn-sent", "on the client: the attempts that wait"),
        .init("nstat -az TcpExtTCPSynRetrans", "on the client: SYNs repeated"),
        .init("nstat -az TcpExtIPReversePathFilter", "on the server: SYNs dropped by rp_filter"),
      ],
      remedies: [
        "Find the place: capture at both ends, or traceroute -T -p PORT towards the server.",
        "Let firewalls inside your own network reject instead of drop: callers then fail in a millisecond instead of two minutes.",
        "Give programs a connect time limit of their own; TCP_USER_TIMEOUT bounds connect() in Linux as well.",
      ],
      myths: [
        "Lowering tcp_syn_retries makes callers fail sooner, it does not make the server answer; on Linux 6.5 and later tcp_syn_linear_timeouts adds attempts to it.",
        "net.ipv4.tcp_tw_recycle, which some guides still set, has not existed since Linux 4.12.",
      ],
      references: [
        "RFC 9293 §3.8.1 (retransmission)", "RFC 9293 §3.8.3 (R2 for SYN: at least 3 minutes)",
        "RFC 6298 §2.1 (initial timer 1 s), §5.5 (doubled each time)",
        "Linux Documentation/networking/ip-sysctl.rst: tcp_syn_retries, tcp_syn_linear_timeouts",
      ])
  }
}
