import PacketDecoding
public import TCPModel

/// A SYN answered by an ICMP error.
public struct HostUnreachable: ConnectionRule {
  public let id = "host-unreachable"
  public let title = "an ICMP error answers the SYN: no way there, or a filter that says so"
  public let group = RuleGroup.setup
  public let severity = Severity.error

  // Definition (RFC 9293 §3.9.2.2, RFC 1122 §4.2.3.9, RFC 5461 §4):
  // 1. An ICMP or ICMPv6 error quotes the client's SYN: its addresses, its ports and its ISS.
  // 2. It is destination unreachable, packet too big, time exceeded or parameter problem.
  // An error that quotes a later segment is no answer to a SYN. A connection that stands in the end
  // makes it a warning.

  public init() {}

  public var gate: ConnectionGate { ConnectionGate(all: [.hasICMPError, .clientSYN]) }

  public func mayApply(to connection: Connection) -> Bool {
    connection.traits.contains(.hasICMPError) && connection.client.marks.contains(.synSent)
  }

  public func examine(_ tracked: TrackedConnection, _ facts: CaptureFacts) -> [Finding] {
    let attempt = Attempt(tracked)
    let connection = tracked.connection
    let client = connection.socket(.client)
    guard let syn = attempt.syns.first else { return [] }
    let errors = tracked.icmpErrors.filter {
      $0.source == client.address && $0.sourcePort == client.port
        && $0.sequence == syn.sequence.rawValue && $0.frame > syn.frame && ICMPMeaning($0) != nil
    }
    guard let error = errors.first, let meaning = ICMPMeaning(error) else { return [] }
    let asked = attempt.syns.last { $0.frame < error.frame } ?? syn
    let completion = attempt.synAcks.first { attempt.coversSYN($0) }
      .flatMap { attempt.completion(after: $0.frame) }
    let connected = completion.flatMap { $0.frame > error.frame ? $0 : nil }
    if completion != nil, connected == nil { return [] }

    var frames = attempt.syns.prefix(8).map {
      FrameRole($0.frame, $0.frame == syn.frame ? "SYN" : "the SYN again")
    }
    frames += errors.map {
      FrameRole($0.frame, "ICMP \(ICMPMeaning($0)?.name ?? "error") quoting the SYN")
    }
    if let connected { frames.append(FrameRole(connected.frame, "connected after all")) }
    frames.sort { $0.frame < $1.frame }

    let isHost = error.reporter == connection.socket(.server).address
    let isCaller = error.reporter == client.address
    let reporter =
      isHost
      ? "\(error.reporter) itself"
      : isCaller ? "\(error.reporter), the caller's own host," : "the router \(error.reporter)"
    let answeredIn = error.time.nanoseconds(since: asked.time)
    var summary =
      "\(tracked.client) cannot reach \(tracked.server): \(reporter) answered the SYN (frame "
      + "\(asked.frame)) after \(ProofText.duration(answeredIn)) with ICMP \(meaning.name) (frame "
      + "\(error.frame))"
    if errors.count > 1 { summary += ", \(ProofText.times(errors.count)) in all" }
    if let connected {
      summary +=
        "; it connected after all in frame \(connected.frame), "
        + "\(ProofText.duration(connected.time.nanoseconds(since: syn.time))) after the first SYN"
    }
    return [
      Finding(
        id: id, severity: connected == nil ? .error : .warning, confidence: .certain,
        connections: [connection.id], frames: frames,
        time: connected?.time ?? errors.last?.time ?? error.time, summary: summary + ".",
        advice: meaning.advice(
          reporter: "\(error.reporter)", destination: connection.host(.server), isHost: isHost,
          port: connection.socket(.server).port),
        values: [
          ("reporter", .text("\(error.reporter)")), ("icmp_type", .integer(Int64(error.type))),
          ("icmp_code", .integer(Int64(error.code))), ("meaning", .text(meaning.name)),
          ("answered_in_seconds", .seconds(answeredIn.seconds)),
        ],
        costSeconds: connected.map { $0.time.nanoseconds(since: syn.time).seconds },
        causeKey: "\(error.reporter) \(meaning.name) \(connection.host(.server))")
    ]
  }

  public var page: ExplanationPage {
    ExplanationPage(
      mechanism: [
        "A router that cannot pass a packet on, or a filter that may say so, returns an ICMP error with the beginning of that packet in it. When the packet was a SYN, the caller learns at once that this attempt leads nowhere.",
        "Linux in SYN-SENT takes destination unreachable as final: connect() fails with EHOSTUNREACH, ENETUNREACH or, for port unreachable, ECONNREFUSED. If the error arrives while the caller's connect() holds the socket, it is only noted, and the SYN is repeated. By the standard network and host unreachable are soft errors, which do not end an attempt; most systems let them, so that the next address is tried at once (RFC 5461 §4). On a connection that already stands such errors are only noted, the hard ones too (RFC 5461 §2).",
      ],
      ladder: [
        "  SYN-SENT   ---- SYN seq=x ------>  router",
        "             <--- ICMP unreachable (quotes SYN seq=x) --  router",
        "  CLOSED     connect(): EHOSTUNREACH",
      ],
      proof: [
        "The ICMP error quotes the caller's address and port, the server's, and the SYN's very sequence number.",
        "Who speaks is the source address of the ICMP packet; type and code say why.",
      ],
      lookAlikes: [
        "An ICMP error that quotes data of a standing connection: TCP repeats the data and usually goes on.",
        "connection-refused: a RST instead of ICMP.",
        "syn-unanswered: nobody says anything; a filter that drops, or a router whose ICMP is filtered or rate-limited.",
        "path-mtu-blackhole: too big concerns full-sized data, hardly ever a SYN.",
      ],
      confirmation: [
        .init(
          "ip route get ADDRESS",
          "on the host or router that answered: unreachable, prohibit, or the route it takes"),
        .init(
          "ip neigh show ADDRESS",
          "on the last router: FAILED or INCOMPLETE when the host does not answer ARP or neighbour discovery"
        ),
        .init(
          "nft list ruleset; iptables-save",
          "on whoever answered prohibited or port unreachable: a reject rule"),
        .init("nstat -az IcmpInDestUnreachs Icmp6InDestUnreachs", "on the caller: grows with each"),
        .init("traceroute -T -p PORT ADDRESS", "where the way ends: !H, !N, !X"),
      ],
      remedies: [
        "Network or no route: add the route, or correct the address. Host or address unreachable: the host is down or has another address; the last router asked for it in vain. Prohibited, or port unreachable on a TCP port: a firewall rule; port unreachable is what plain REJECT in iptables and nftables answers. Time exceeded: a routing loop.",
        "Callers should try the host's other addresses at once (RFC 8305) instead of repeating the one.",
      ],
      myths: [
        "A firewall that drops ICMP does not make anything reachable: it turns a failure of a millisecond into one of two minutes."
      ],
      references: [
        "RFC 792 (type 3, 11)", "RFC 4443 §3.1-3.3", "RFC 1122 §4.2.3.9", "RFC 5461 §2, §4",
        "RFC 9293 §3.9.2.2",
      ])
  }
}
