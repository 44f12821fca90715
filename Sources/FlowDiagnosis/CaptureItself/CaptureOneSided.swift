import PacketDecoding
import TCPModel

/// Only one direction of connections was captured.
public struct CaptureOneSided: LedgerRule {
  static let id = "capture-one-sided"
  public var id: String { CaptureOneSided.id }
  public let title = "only one direction of connections was captured"
  public let group = RuleGroup.capture
  public let severity = Severity.note

  // Definition:
  // 1. All segments of the connection come from one end.
  // 2. They show that this end heard the other: it answers with SYN,ACK, follows its SYN with
  //    segments that acknowledge something, or acknowledges more and more.
  // What disproves it: nothing was ever acknowledged: then nobody answered.

  public init() {}

  struct Notes {
    var sample = ConnectionSample()
    private var example: Example?

    mutating func observe(_ tracked: TrackedConnection) {
      let connection = tracked.connection
      guard !connection.traits.contains(.isSelf),
        connection.client.marks.contains(.seen) != connection.server.marks.contains(.seen),
        let example = Example(tracked)
      else { return }
      sample.add(connection.id)
      if sample.isFirst(connection.id) { self.example = example }
    }

    func conclude(total: Int) -> [Finding] {
      guard let example else { return [] }
      let scope =
        sample.count == 1
        ? "Only frames of \(example.seen) to \(example.unseen) were captured"
        : "Of \(ProofText.share(sample.count, of: total)) only one direction was captured, the first "
          + "one being \(example.seen) to \(example.unseen)"
      return [
        Finding(
          id: CaptureOneSided.id, severity: .note, confidence: .certain, connections: sample.first,
          connectionCount: sample.count,
          frames: example.frames, time: example.time,
          summary:
            "\(scope): \(example.reason), so the other side did answer and its frames went "
            + "another way.",
          advice:
            "Capture where both directions pass: asymmetric routes, a mirror of one direction, one "
            + "member of a bond or a filter on the source address hide the rest. Nothing here is "
            + "called unanswered for lack of it.",
          values: [
            ("one_sided", .integer(Int64(sample.count))), ("connections", .integer(Int64(total))),
          ], causeKey: "capture")
      ]
    }
  }

  /// A connection with one end seen, and what shows that this end heard the other.
  private struct Example {
    var seen: String
    var unseen: String
    var reason: String
    var frames: [FrameRole]
    var time: CaptureTime

    init?(_ tracked: TrackedConnection) {
      let connection = tracked.connection
      let side: Side = connection.client.marks.contains(.seen) ? .client : .server
      let acks = tracked.sent(by: side) { $0.flags.contains(.ack) && !$0.flags.contains(.rst) }
      guard let first = acks.first else { return nil }
      let hasSYN = connection[side].marks.contains(.synSent)
      if hasSYN, !first.flags.contains(.syn) {
        reason = "frame \(first.frame) acknowledges a SYN,ACK that is not in the capture"
        frames = [FrameRole(first.frame, "acknowledges what was not captured")]
      } else if let later = acks.last(where: { first.acknowledgment.precedes($0.acknowledgment) }) {
        let bytes = later.acknowledgment.rawValue &- first.acknowledgment.rawValue
        reason =
          "frame \(later.frame) acknowledges \(bytes) sequence numbers more than frame "
          + "\(first.frame), and nothing of that is in the capture"
        frames = [
          FrameRole(first.frame, "acknowledgment number at first"),
          FrameRole(later.frame, "acknowledges more, not captured"),
        ]
      } else if first.flags.contains([.syn, .ack]) {
        reason = "frame \(first.frame) answers a SYN that is not in the capture"
        frames = [FrameRole(first.frame, "SYN,ACK without a SYN")]
      } else {
        return nil
      }
      seen = connection.name(side)
      unseen = connection.name(side.peer)
      time = connection.lastTime
    }
  }

  public var page: ExplanationPage {
    ExplanationPage(
      mechanism: [
        "Routing need not be symmetric: requests and answers may take different paths, and a capture on one of them sees half of the conversation. A filter such as `src host`, one member of a bond, or a mirror session of one direction does the same.",
        "The acknowledgment numbers of the visible half prove that the other half existed. Whether something was answered, lost or refused cannot be told from it; rules about silence keep silent.",
      ],
      ladder: [
        "  client              capture              server",
        "    --- SYN ------------|---------------->",
        "    <------------------ (another path) ---   SYN,ACK, not seen",
        "    --- ACK 1 ----------|---------------->   proves the SYN,ACK",
      ],
      proof: [
        "All frames of the connection have the same source.",
        "Its acknowledgment number covers a SYN or data that is not in the capture.",
      ],
      lookAlikes: [
        "syn-unanswered: SYNs only, no acknowledgment: nobody answered.",
        "retransmission-timeout: the other side was heard before and then fell silent.",
      ],
      confirmation: [
        .init("ip route get ADDRESS", "the interface by which the host itself answers"),
        .init("tcpdump -ni any host ADDRESS", "on the host: both directions, with interface names"),
      ],
      remedies: [
        "Capture at one of the hosts, or on all paths at once and give both files as one input."
      ],
      references: ["RFC 9293 §3.4"])
  }
}
