import PacketDecoding
import TCPModel

/// The capture began when connections were open already.
public struct CaptureMidstream: LedgerRule {
  static let id = "capture-midstream"
  public var id: String { CaptureMidstream.id }
  public let title = "connections were open before the capture began"
  public let group = RuleGroup.capture
  public let severity = Severity.note

  // Definition:
  // 1. The first segment of the connection in the capture carries neither SYN nor RST.
  // 2. No SYN of either end follows: with frames written out of order it may stand further on.

  public init() {}

  struct Notes {
    var sample = ConnectionSample()
    var example: (frame: UInt64, time: CaptureTime, client: String, server: String)?

    mutating func observe(_ tracked: TrackedConnection) {
      let connection = tracked.connection
      guard connection.opening == .midstream, connection.client.synCount == 0,
        connection.server.synCount == 0
      else { return }
      sample.add(connection.id)
      if sample.isFirst(connection.id) {
        example = (connection.firstFrame, connection.firstTime, tracked.client, tracked.server)
      }
    }

    func conclude(total: Int) -> [Finding] {
      guard let example else { return [] }
      let subject =
        sample.count == 1
        ? "The capture has no handshake of the connection between \(example.client) and "
          + "\(example.server): it begins with frame \(example.frame) in its midst."
        : "The capture has no handshake of \(ProofText.share(sample.count, of: total)): they begin "
          + "in their midst, the first one, between \(example.client) and \(example.server), with "
          + "frame \(example.frame)."
      return [
        Finding(
          id: CaptureMidstream.id, severity: .note, confidence: .certain, connections: sample.first,
          connectionCount: sample.count,
          frames: [FrameRole(example.frame, "first frame of the connection, no SYN")],
          time: example.time,
          summary: subject
            + " Who connected is a guess there, and window scale and options are unknown.",
          advice:
            "Where the beginning matters, start the capture first and the program afterwards; a "
            + "connection that is open already cannot be captured from its SYN.",
          values: [
            ("midstream", .integer(Int64(sample.count))), ("connections", .integer(Int64(total))),
          ], causeKey: "capture")
      ]
    }
  }

  public var page: ExplanationPage {
    ExplanationPage(
      mechanism: [
        "The SYNs of a connection announce its initial sequence numbers, the window scale, the maximum segment size, SACK and timestamps, and they tell who called whom. A capture that begins later has none of this.",
        "States are then assumed to be ESTABLISHED, windows are printed as they stand in the header, and rules that need the handshake keep silent.",
      ],
      ladder: [
        "  client                                   server",
        "    --- SYN ---------------------------->",
        "    <-- SYN,ACK -------------------------   before the capture",
        "    --- ACK ---------------------------->",
        "  - - - - - - - - the capture begins - - - - - - - -",
        "    --- PSH,ACK ------------------------>   first frame seen",
      ],
      proof: ["The first frame of the 4-tuple has no SYN, and none comes later."],
      lookAlikes: [
        "A SYN written behind its SYN,ACK by a second receive queue: the handshake is there (see capture-time-disorder).",
        "capture-gaps: the handshake is missing although the capture ran before.",
        "A stray segment of a connection long gone: usually answered by RST.",
      ],
      confirmation: [
        .init("ss -tnio", "live: window scale (wscale), mss and options of an open connection")
      ],
      remedies: [
        "Start the capture before the program. In a ring of files (tcpdump -G or -C) give all files of the ring, oldest first, as one input."
      ],
      references: ["RFC 9293 §3.5", "RFC 7323 §2.2"])
  }
}
