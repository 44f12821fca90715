import PacketDecoding
public import TCPModel

/// A SYN over TIME-WAIT is refused because its sequence number lies behind the old connection's.
public struct ReuseRefusedInTimeWait: ConnectionRule {
  public let id = "reuse-refused-in-time-wait"
  public let title = "a SYN over TIME-WAIT is refused: its ISS is behind the old connection"
  public let group = RuleGroup.reuse
  public let severity = Severity.warning
  public let supersedes = RSTOnReuse().supersedes + ["rst-on-reuse", "time-wait-assassination"]

  // Definition (RFC 9293 §3.6.1, MAY-2; RFC 6191 §2):
  // 1. The old connection of the 4-tuple was closed first by the end that is now called: TIME-WAIT.
  // 2. A SYN with another ISS passes; no timestamps tell old from new, and the ISS is not beyond the
  //    old RCV.NXT.
  // 3. It is answered by the old connection's ACK, which the caller resets.
  // RFC 6191 would drop the SYN in silence, and take one with timestamps over a connection without;
  // Linux answers, and judges that one by its ISS as well.
  // What disproves it: the TSval is older (paws-rejected-reuse).

  public init() {}

  public var gate: ConnectionGate {
    ConnectionGate(
      all: [.reuses, .clientSYN], any: [.ofPreviousIncarnation, .clientRST, .serverRST])
  }

  public func mayApply(to connection: Connection) -> Bool {
    connection.traits.contains(.reuses) && connection.client.marks.contains(.synSent)
      && (connection.noticed.contains(.previousIncarnation) || connection.client.rstCount > 0
        || connection.server.rstCount > 0)
  }

  public func examine(_ tracked: TrackedConnection, _ facts: CaptureFacts) -> [Finding] {
    guard let attempt = ReuseAttempt(tracked), attempt.meetsOld, attempt.heldState == .timeWait,
      !attempt.isBehind
    else { return [] }
    let received = attempt.oldHolder?.receiveNext ?? SequenceNumber(0)
    let behind = received.distance(from: attempt.firstSYN.sequence)
    let doubt = Doubt(attempt)
    let numbers =
      doubt == .numbersAreNew
      ? ""
      : "ISS \(attempt.firstSYN.sequence.rawValue) lies \(behind) behind the old RCV.NXT "
        + "\(received.rawValue), "
    let summary =
      "\(attempt.caller) called while \(attempt.server) had held their last connection in TIME-WAIT "
      + "for \(attempt.timeWaitAge), and its SYN was refused: \(numbers)\(doubt.reason). "
      + attempt.course
    return [
      Finding(
        id: id, severity: .warning, confidence: tracked.confidence(doubt.confidence),
        connections: attempt.connectionIDs,
        frames: attempt.roles(held: "in TIME-WAIT", before: attempt.timeWaitRoles),
        time: attempt.last.time, summary: summary,
        advice: (doubt == .noTimestamps
          ? "Enable timestamps at both ends (net.ipv4.tcp_timestamps=1), and look"
          : "Look") + " for a firewall or "
          + "NAT that randomises sequence numbers or strips the option; a host's own ISS moves "
          + "forward for a 4-tuple (RFC 9293 §3.4.1).",
        values: attempt.values(state: .timeWait, why: "TIME-WAIT, ISS behind")
          + [("iss_behind", .integer(Int64(behind)))],
        costSeconds: attempt.delay.map(\.seconds),
        causeKey: "\(attempt.connection.host(.client))>\(attempt.server)")
    ]
  }

  public var page: ExplanationPage {
    ExplanationPage(
      mechanism: [
        "A SYN of the 4-tuple that TIME-WAIT holds is accepted when it is surely new. Without timestamps only its sequence number can show it: the ISS has to lie beyond the old connection's RCV.NXT (RFC 6191 §2). A SYN with timestamps over a connection that had none is new as well by that standard; Linux asks for its ISS all the same.",
        "Hosts choose the ISS from a clock plus a secret per 4-tuple (RFC 9293 §3.4.1), so a running host is always ahead, unless the old connection moved more data than the clock. When the ISS is behind, TIME-WAIT answers with its last ACK, the caller resets it, TIME-WAIT ends and the repeated SYN connects. So there is usually a middlebox that draws new random numbers for each connection, or another host behind the same NAT port.",
      ],
      ladder: [
        "  client                                        server",
        "                                                TIME-WAIT, RCV.NXT 5000",
        "  SYN-SENT        ---- SYN seq=3000 ------->    not beyond 5000",
        "                  <--- ACK seq=old ack=5000 -   TIME-WAIT",
        "                  ---- RST seq=5000 ------->    CLOSED, LISTEN",
        "  SYN-SENT        ---- SYN seq=3000 ------->    SYN-RECEIVED",
        "                  <--- SYN,ACK --------------",
      ],
      proof: [
        "The called end sent the first FIN of the old connection and had both FINs: TIME-WAIT.",
        "The SYN has no timestamps, or the old connection had none, and its ISS is not beyond the old connection's RCV.NXT.",
        "The answer carries the old numbers; the caller's RST has SEQ = its ACK.",
      ],
      lookAlikes: [
        "paws-rejected-reuse: with timestamps, the TSval decides.",
        "rst-on-reuse: the old connection is in LAST-ACK, ESTABLISHED or CLOSE-WAIT.",
      ],
      confirmation: [
        .init(
          "ss -tan state time-wait sport = :PORT", "on the server: the 4-tuple held in TIME-WAIT"),
        .init("sysctl net.ipv4.tcp_timestamps", "1 or 2 is needed at both ends"),
        .init(
          "nstat -az TcpExtTCPACKSkippedTimeWait",
          "on the server: grows when such SYNs come faster than one in 500 ms"),
      ],
      remedies: [
        "Enable timestamps at both ends, and stop middleboxes from removing the option.",
        "Switch off sequence number randomisation in the firewall; modern hosts do it themselves.",
        "Let the client close first, or use keep-alive connections.",
      ],
      myths: [
        "tcp_fin_timeout does not shorten TIME-WAIT.",
        "tcp_tw_reuse on the server changes nothing: it concerns the end that connects.",
      ],
      references: ["RFC 9293 §3.4.1, §3.6.1", "RFC 6191 §2", "Linux: tcp_timewait_state_process()"])
  }
}

/// Why nothing told the SYN from an old duplicate.
private enum Doubt {
  case noTimestamps
  /// The old connection had none.
  case newTimestamps
  case sameTimestamp
  case newerTimestamp
  case numbersAreNew

  init(_ attempt: ReuseAttempt) {
    if !attempt.isInitialSequenceBehind {
      self = .numbersAreNew
    } else if let lag = attempt.timestampLag {
      self = lag < 0 ? .newerTimestamp : .sameTimestamp
    } else {
      let hadTimestamps = attempt.oldCaller?.marks.contains(.timestamps) == true
      self = attempt.firstSYN.hasTimestamps && !hadTimestamps ? .newTimestamps : .noTimestamps
    }
  }

  var reason: String {
    switch self {
    case .noTimestamps:
      "and without timestamps nothing else tells it from an old duplicate"
    case .newTimestamps:
      "and the old connection had no timestamps to compare with"
    case .sameTimestamp:
      "and its TSval is the old connection's last, which tells nothing"
    case .newerTimestamp:
      "though its TSval is newer, which is proof enough for RFC 6191"
    case .numbersAreNew:
      "as seen here its numbers are new, so something on the path changes them"
    }
  }

  var confidence: Confidence {
    switch self {
    case .noTimestamps, .newTimestamps, .sameTimestamp: .certain
    case .newerTimestamp: .likely
    case .numbersAreNew: .possible
    }
  }
}
