import PacketDecoding
public import TCPModel

/// A SYN answered by a RST that acknowledges it.
public struct ConnectionRefused: ConnectionRule {
  public let id = "connection-refused"
  public let title = "the SYN is answered by a reset: nobody listens, or something rejects"
  public let group = RuleGroup.setup
  public let severity = Severity.error

  // Definition (RFC 9293 §3.10.7.1, §3.10.7.3 second check):
  // 1. The client sent a SYN.
  // 2. The server's RST,ACK acknowledges it: ISS < SEG.ACK ≤ SND.NXT. A RST without ACK, or one
  //    that acknowledges something else, refuses nothing.
  // 3. No SYN,ACK passed before.
  // 4. The client did not go on with this SYN. (It may try again, as Windows does: then all
  //    refusals are one finding, a warning if the last attempt connects.)

  public init() {}

  public var gate: ConnectionGate { ConnectionGate(all: [.clientSYN, .serverRST]) }

  public func mayApply(to connection: Connection) -> Bool {
    connection.server.rstCount > 0 && connection.client.marks.contains(.synSent)
  }

  public func examine(_ tracked: TrackedConnection, _ facts: CaptureFacts) -> [Finding] {
    let attempt = Attempt(tracked)
    guard let first = attempt.syns.first else { return [] }
    let firstAnswer = attempt.synAcks.first { attempt.coversSYN($0) }
    let refusals = attempt.serverResets.filter {
      $0.flags.contains(.ack) && $0.frame > first.frame && attempt.coversSYN($0)
        && ($0.frame < firstAnswer?.frame ?? .max)
    }
    guard let refusal = refusals.first, let last = refusals.last else { return [] }
    let retries = attempt.syns.filter { $0.frame > refusal.frame }
    let completion = attempt.completion(after: refusal.frame)
    if retries.isEmpty, completion != nil { return [] }

    let connection = tracked.connection
    let asked = attempt.syns.last { $0.frame < refusal.frame } ?? first
    let answeredIn = refusal.time.nanoseconds(since: asked.time)
    let connected = completion.flatMap { done in
      firstAnswer.map { $0.frame < done.frame } == true ? done : nil
    }
    // A SYN,ACK for the SYN that a RST had refused: two different hosts answered.
    let contradiction =
      retries.isEmpty ? firstAnswer.flatMap { $0.frame > last.frame ? $0 : nil } : nil

    var frames = attempt.syns.prefix(8).filter { $0.frame < last.frame }.map {
      FrameRole($0.frame, $0.frame == first.frame ? "SYN" : "the SYN again")
    }
    frames += refusals.prefix(8).map { FrameRole($0.frame, "RST,ACK that acknowledges the SYN") }
    if let contradiction {
      frames.append(FrameRole(contradiction.frame, "SYN,ACK for the same SYN, of another mind"))
    }
    if let connected { frames.append(FrameRole(connected.frame, "a later attempt connects")) }
    frames.sort { $0.frame < $1.frame }

    let server = tracked.server
    var summary =
      "\(server) refused \(tracked.client): the SYN (frame \(asked.frame)) was answered after "
      + "\(ProofText.duration(answeredIn)) by RST,ACK (frame \(refusal.frame))"
    if refusals.count > 1 {
      summary += ", and so \(refusals.count - 1 == 1 ? "was" : "were") "
      summary += "\(ProofText.count(refusals.count - 1, "repetition"))"
    }
    if let connected {
      summary += "; it accepted at last in frame \(connected.frame), "
      summary += "\(ProofText.duration(connected.time.nanoseconds(since: first.time))) later"
    }
    if let contradiction {
      summary +=
        ". A SYN,ACK followed in frame \(contradiction.frame), so the reset came from something "
        + "else in the server's name"
    } else {
      summary += ": nothing listens there, or a filter rejects with a reset"
    }
    let port = connection.socket(.server).port
    return [
      Finding(
        id: id, severity: connected == nil ? .error : .warning,
        confidence: contradiction == nil ? tracked.confidence(.certain) : .likely,
        connections: [connection.id], frames: frames, time: (connected ?? last).time,
        summary: summary + ".",
        advice: contradiction == nil
          ? "On \(connection.host(.server)) run ss -tlnp 'sport = :\(port)': if nothing is listed, "
            + "the service is down or on another port or address; if it listens on this address, "
            + "look for a firewall rule that rejects with a reset, there or on the way."
          : "Look for a firewall or proxy between the capture and \(server) that resets; compare "
            + "the TTLs of frames \(last.frame) and \(contradiction?.frame ?? 0) "
            + "(\(last.hopLimit) and \(contradiction?.hopLimit ?? 0)).",
        values: [
          ("port", .integer(Int64(port))), ("refusals", .integer(Int64(refusals.count))),
          ("answered_in_seconds", .seconds(answeredIn.seconds)),
          ("rst_ttl", .integer(Int64(refusal.hopLimit))),
        ],
        costSeconds: connected.map { $0.time.nanoseconds(since: first.time).seconds },
        causeKey: server)
    ]
  }

  public var page: ExplanationPage {
    ExplanationPage(
      mechanism: [
        "A SYN for a port on which no socket listens is answered by a reset whose acknowledgment number is the SYN's sequence number plus one. The caller's connect() fails at once with ECONNREFUSED. It is the quickest and clearest answer a host can give: the host is up, the way there and back works, and nothing listens at this address and port.",
        "Firewalls can give the same answer in the host's name (iptables REJECT --reject-with tcp-reset, nftables reject with tcp reset), and so do some load balancers without a healthy backend. On the wire these cannot be told from the host's kernel, except by TTL.",
      ],
      ladder: [
        "  SYN-SENT   ---- SYN seq=x ------------------>   (no listener)",
        "             <--- RST,ACK seq=0 ack=x+1 win=0 --",
        "  CLOSED     connect(): ECONNREFUSED",
      ],
      proof: [
        "The RST has the ACK flag and its acknowledgment covers the SYN. A RST that does not acknowledge the SYN must be ignored by a socket in SYN-SENT, and Linux ignores it.",
        "No SYN,ACK passed before it.",
      ],
      lookAlikes: [
        "accept-queue-overflow with tcp_abort_on_overflow=1: the RST comes after SYN,ACK and ACK, and has no ACK flag.",
        "host-unreachable: an ICMP error instead of a RST; iptables' plain REJECT answers ICMP port unreachable, which a Linux caller also sees as ECONNREFUSED.",
        "rst-on-reuse: the RST is the client's, in answer to an ACK of an old connection.",
        "A full accept queue does not refuse: Linux drops silently by default.",
      ],
      confirmation: [
        .init(
          "ss -tlnp 'sport = :PORT'",
          "on the server: the listening sockets of that port; none, or one bound to another address such as 127.0.0.1"
        ),
        .init(
          "nstat -az TcpOutRsts", "on the server: grows with each refusal if its own kernel refuses"
        ),
        .init("nstat -az TcpAttemptFails", "on the client: grows with each failed attempt"),
        .init("nft list ruleset; iptables-save", "rules with reject with tcp reset"),
      ],
      remedies: [
        "Start the service, or correct address and port; a service bound to 127.0.0.1 or to one address refuses calls to the others.",
        "During restarts let a supervisor hold the listening socket, or let callers retry with a delay.",
      ],
      myths: [
        "Raising net.core.somaxconn or tcp_max_syn_backlog changes nothing: with a full queue Linux drops, it does not refuse."
      ],
      references: [
        "RFC 9293 §3.10.7.1 (CLOSED: any segment but a RST is answered by RST)",
        "RFC 9293 §3.10.7.3, second check", "RFC 9293 §3.5.2, group 1",
      ])
  }
}
