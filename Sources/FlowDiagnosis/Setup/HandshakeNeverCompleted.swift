import PacketDecoding
public import TCPModel

/// A server that repeats its SYN,ACK to the end to somebody who never answers.
public struct HandshakeNeverCompleted: ConnectionRule {
  public let id = "handshake-never-completed"
  public let title = "the SYN,ACK is repeated to the end; the caller never acknowledges it"
  public let group = RuleGroup.setup
  public let severity = Severity.error

  // Definition (RFC 9293 §3.8.1, RFC 4987 §2):
  // 1. A SYN is answered by SYN,ACK, and the SYN,ACK is repeated.
  // 2. Neither ACK nor RST of the caller ever passes.
  // 3. The server gave up, or at least three SYN,ACKs passed over three seconds.
  // A caller that goes on repeating its SYN is there and does not get the answers: then it is an
  // error. One that is silent after its SYN is forged, gone, or cut off: a warning.

  public init() {}

  public var gate: ConnectionGate {
    ConnectionGate(all: [.clientSYN, .serverSYNRepeated], none: [.completed, .isSelf])
  }

  public func mayApply(to connection: Connection) -> Bool {
    connection.client.marks.contains(.synSent) && connection.server.synCount > 1
      && connection.completionTime == .epoch && !connection.traits.contains(.isSelf)
  }

  public func examine(_ tracked: TrackedConnection, _ facts: CaptureFacts) -> [Finding] {
    let attempt = Attempt(tracked)
    guard let syn = attempt.syns.first, let first = attempt.synAcks.first,
      let last = attempt.synAcks.last, attempt.synAcks.count > 1,
      attempt.clientSegments.isEmpty, attempt.clientResets.isEmpty,
      attempt.serverSegments.isEmpty, first.frame > syn.frame, attempt.coversSYN(first)
    else { return [] }
    let connection = tracked.connection
    let lasted = last.time.nanoseconds(since: first.time)
    let gaveUp =
      connection.server.marks.contains(.timedOut) && lasted > 500_000_000
      || !attempt.serverResets.isEmpty
    guard gaveUp || (attempt.synAcks.count > 2 && lasted >= 3 * Timers.second) else { return [] }

    let roundTrip = max(connection.clientRoundTrip, 100_000_000)
    let retries = attempt.syns.filter { $0.time.nanoseconds(since: first.time) > roundTrip }
    let unreachable = tracked.icmpErrors.first { $0.source == connection.socket(.server).address }
    var frames = [FrameRole(syn.frame, "SYN"), FrameRole(first.frame, "SYN,ACK")]
    frames += attempt.synAcks.dropFirst().prefix(7).map {
      FrameRole($0.frame, "the SYN,ACK again")
    }
    frames += retries.prefix(4).map { FrameRole($0.frame, "the SYN again: no answer got through") }
    if let unreachable { frames.append(FrameRole(unreachable.frame, "ICMP error about a SYN,ACK")) }
    frames.sort { $0.frame < $1.frame }

    let count = attempt.synAcks.count
    let head =
      "\(tracked.server) sent its SYN,ACK \(ProofText.times(count)) over \(ProofText.duration(lasted)) "
      + "(\(ProofText.frames(attempt.synAcks.map(\.frame)))) to \(tracked.client)"
    let summary: String
    let advice: String
    if let retry = retries.first {
      summary =
        "\(head), which got none of them: it went on repeating its SYN (first in frame "
        + "\(retry.frame)); the way back is broken beyond this capture."
      advice =
        "Capture at \(connection.host(.client)): if the SYN,ACKs do not arrive, look for an "
        + "asymmetric route or a stateful filter that never saw the SYN on the way from "
        + "\(connection.host(.server))."
    } else if let unreachable {
      summary =
        "\(head), which cannot be reached: \(unreachable.reporter) says so by ICMP (frame "
        + "\(unreachable.frame))."
      advice =
        "Check the route from \(connection.host(.server)) back to \(connection.host(.client)); if "
        + "nobody is meant to be there, the SYN's source address was forged."
    } else {
      summary =
        "\(head), which never acknowledged or reset it after its one SYN (frame \(syn.frame)): "
        + "forged, gone, or cut off from the answers."
      advice =
        "One of these is noise of the internet. Many for one listener are a SYN flood or a broken "
        + "way back: see ss -tn state syn-recv on \(connection.host(.server)) and whether the "
        + "addresses have anything in common."
    }
    return [
      Finding(
        id: id, severity: retries.isEmpty ? .warning : .error,
        confidence: tracked.confidence(.likely), connections: [connection.id], frames: frames,
        time: last.time, summary: summary, advice: advice,
        values: [
          ("syns", .integer(Int64(attempt.syns.count))), ("syn_acks", .integer(Int64(count))),
          ("schedule", .text(ProofText.schedule(attempt.synAcks))),
          ("half_open_seconds", .seconds(lasted.seconds)),
        ],
        causeKey: attempt.listener)
    ]
  }

  public var page: ExplanationPage {
    ExplanationPage(
      mechanism: [
        "A SYN makes a half-open connection at the server: SYN-RECEIVED. The server repeats its SYN,ACK with growing distance (Linux: at 1, 3, 7, 15 and 31 s with tcp_synack_retries 5) and gives up after 63 s. A live host that never called would answer the first one by RST; silence means that nobody is at that address, that a filter there drops what it did not ask for, or that the answers get lost.",
        "Each such request holds a place in the listener's queue of half-open connections for that minute.",
      ],
      ladder: [
        "  ?            ---- SYN seq=x ----------->  SYN-RECEIVED",
        "               <--- SYN,ACK --------------",
        "   1 s         <--- SYN,ACK --------------  again",
        "   3 s         <--- SYN,ACK --------------  again",
        "   …                                        63 s: given up, LISTEN",
      ],
      proof: [
        "SYN,ACKs with one sequence number at growing distance, and neither ACK nor RST of the caller.",
        "If the caller's SYN passes again after a SYN,ACK, the caller is alive and the answers do not reach it.",
      ],
      lookAlikes: [
        "A port scan: the scanner answers the first SYN,ACK by RST, and nothing is repeated.",
        "syn-ack-lost: the same until one gets through.",
        "accept-queue-overflow: the caller does acknowledge.",
        "A capture in which the caller's direction is missing shows no SYN either.",
      ],
      confirmation: [
        .init("ss -tn state syn-recv", "on the server: the half-open requests and their callers"),
        .init("nstat -az TcpExtTCPTimeouts TcpRetransSegs", "on the server: both grow"),
      ],
      remedies: [
        "For one caller that is meant to connect: find where the SYN,ACK is lost.",
        "For strangers: nothing; SYN cookies (tcp_syncookies=1, the default) keep the listener usable when there are many.",
      ],
      myths: [
        "Lowering tcp_synack_retries to 1 also cuts off callers with a lossy way; with SYN cookies on it is not needed."
      ],
      references: ["RFC 4987 §2, §3", "RFC 9293 §3.8.1", "RFC 9293 §3.10.7.4, second check"])
  }
}
