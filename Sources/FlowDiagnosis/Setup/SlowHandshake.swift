import PacketDecoding
public import TCPModel

/// A handshake that took far longer than a round trip, without a loss.
public struct SlowHandshake: ConnectionRule {
  public let id = "slow-handshake"
  public let title =
    "a step of the handshake took far longer than the usual round trip, without loss"
  public let group = RuleGroup.setup
  public let severity = Severity.warning

  // Definition:
  // 1. The handshake completes. From the SYN to the SYN,ACK that echoes it took more than 300 ms and
  //    five times as long as the same server takes to acknowledge this connection's data.
  // 2. No loss explains it: the SYN,ACK answers no repetition and is not the server's timer
  //    (syn-lost, syn-ack-lost), or the server's clock shows that it was late on its way.
  // It is a warning from 1 s on, when TCP itself takes a SYN for lost (RFC 6298 §2.1), else a note.
  // The server's timestamps tell which step it was. Where no data was acknowledged in what was
  // recorded, the usual round trip is unknown and nothing is said.

  public init() {}

  public var gate: ConnectionGate {
    ConnectionGate(all: [.clientSYN, .answered, .completed, .slowHandshake], none: [.isSelf])
  }

  public func mayApply(to connection: Connection) -> Bool {
    connection.client.marks.contains(.synSent) && connection.completionTime != .epoch
      && connection.answerTime != .epoch && !connection.traits.contains(.isSelf)
      && connection.answerTime.nanoseconds(since: connection.firstTime) > SlowHandshake.floor
  }

  private static let floor: Int64 = 300_000_000
  private static let patience: Int64 = 1_000_000_000

  public func examine(_ tracked: TrackedConnection, _ facts: CaptureFacts) -> [Finding] {
    let attempt = Attempt(tracked)
    guard let answer = attempt.answers.first, let usual = attempt.usualRoundTrip,
      let completion = attempt.completion(after: answer.frame),
      let newest = attempt.syns.last(where: { $0.frame < answer.frame }),
      !tracked.segments.contains(where: {
        $0.frame < answer.frame && ($0.sender == .server || $0.flags.contains(.rst))
      })
    else { return [] }
    let late = attempt.wasLate(answer)
    let asked = attempt.echoed(by: answer) ?? newest
    let delay = answer.time.nanoseconds(since: asked.time)
    guard delay > Self.floor, delay / 5 > usual else { return [] }
    if !late {
      // Not late on its way: the SYN was, or the server, or an earlier SYN,ACK was lost.
      guard asked.frame == newest.frame, attempt.syns.count == 1,
        !(950_000_000...1_300_000_000).contains(delay),
        !(2_950_000_000...3_300_000_000).contains(delay)
      else { return [] }
    }
    let added = delay - usual
    let step: String
    let advice: String
    let place = tracked.connection.host(.server)
    if let older = attempt.overtaken(by: answer) {
      step =
        "the first one was held up on its way and came in after it (frame \(older.frame))"
      advice =
        "Look for queues on the way back from \(place) to \(tracked.connection.host(.client))."
    } else if late, let lag = attempt.lag(of: answer) {
      step =
        "by the server's own clock it left at least \(ProofText.duration(lag)) before it passed "
        + "here, so it was held up on its way back"
      advice =
        "Look for what queues packets from \(place) to \(tracked.connection.host(.client)): "
        + "a full buffer, a radio or dial-up link that wakes up, a box that inspects first packets."
    } else if attempt.lag(of: answer) != nil {
      step =
        "by the server's own clock it did not wait on its way back, so the SYN was held up, or the "
        + "server answered late"
      advice =
        "Capture at \(place): if SYN and SYN,ACK are close together there, the SYN is held up on "
        + "its way (address resolution, a link that wakes up, a SYN proxy that first asks the "
        + "server); else the host itself stalls."
    } else {
      step = "without timestamps it cannot be told on which step"
      advice = "Capture at \(place) too, and compare when the SYN comes in and the SYN,ACK leaves."
    }
    return [
      Finding(
        id: id, severity: added < Self.patience ? .note : .warning,
        confidence: tracked.confidence(.likely),
        connections: [tracked.connection.id],
        frames: [
          FrameRole(asked.frame, "SYN"), FrameRole(answer.frame, "the SYN,ACK that echoes it"),
          FrameRole(completion.frame, "ACK: handshake completed"),
        ], time: completion.time,
        summary:
          "The handshake of \(tracked.client) with \(tracked.server) took "
          + "\(ProofText.duration(completion.time.nanoseconds(since: asked.time))) though nothing "
          + "was lost and data is acknowledged within \(ProofText.duration(usual)): the SYN,ACK "
          + "(frame \(answer.frame)) came \(ProofText.duration(delay)) after the SYN (frame "
          + "\(asked.frame)); \(step).",
        advice: advice,
        values: [
          ("syn_to_syn_ack_seconds", .seconds(delay.seconds)),
          ("usual_round_trip_seconds", .seconds(usual.seconds)),
          ("delay_seconds", .seconds(added.seconds)),
        ],
        costSeconds: added.seconds, causeKey: attempt.path)
    ]
  }

  public var page: ExplanationPage {
    ExplanationPage(
      mechanism: [
        "A handshake is two small packets and needs one round trip; the kernel answers a SYN without asking any program. When it takes much longer than data does a moment later, and no packet was repeated, something held back the first packets only: address resolution, a link that has to wake up, a SYN proxy that asks the server first, a box that looks up a policy for each new connection, or a host that was stalled.",
        "The SYN,ACK carries the server's clock. Compared with the next segment of the server it tells whether the SYN,ACK was on its way for long, or was sent late.",
      ],
      ladder: [
        "    0 ms  SYN-SENT  ---- SYN ----------->",
        "  700 ms  ESTABL.   <--- SYN,ACK -------",
        "                    ---- ACK, data ----->",
        "  701 ms            <--- ACK -----------   the usual round trip: 1 ms",
      ],
      proof: [
        "One SYN, one SYN,ACK that echoes it, and a delay of more than 300 ms and five times the time in which data of the same connection is acknowledged.",
        "A delay of less than 1 s, after which TCP itself would take the SYN for lost, is a note, a longer one a warning.",
      ],
      lookAlikes: [
        "A long way: then data takes as long, and nothing is said.",
        "syn-lost, syn-ack-lost: delays of just the timers, 1 s or 3 s, with a repetition.",
      ],
      confirmation: [
        .init(
          "tcpdump -ttt -ni any 'tcp port PORT'",
          "on the server: the time between SYN and SYN,ACK there"),
        .init(
          "ip neigh show",
          "on the last router or the hosts: entries that are STALE or FAILED must be resolved first"
        ),
        .init("ss -ti", "rtt and minrtt of the connections that stand: the usual round trip"),
      ],
      remedies: [
        "Keep connections open where a link sleeps or a policy look-up is slow.",
        "Bypass the suspect box for one caller and compare.",
      ],
      references: ["RFC 7323 §3.2, §4", "RFC 9293 §3.5"])
  }
}
