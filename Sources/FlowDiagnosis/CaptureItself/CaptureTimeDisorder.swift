import PacketDecoding
import TCPModel

/// The frames of the capture are not in the order of their times.
public struct CaptureTimeDisorder: LedgerRule {
  static let id = "capture-time-disorder"
  public var id: String { CaptureTimeDisorder.id }
  public let title = "frames are not in the order of their times"
  public let group = RuleGroup.capture
  public let severity = Severity.note

  // Definition:
  // A frame bears an earlier time than one before it in the input. Sequence numbers play no part:
  // segments that the network reorders still have times that go forward.

  public init() {}

  struct Notes {
    var sample = ConnectionSample()
    var frames: UInt64 = 0
    var furthest: Int64 = 0
    var firstFrame = UInt64.max
    var firstTime = CaptureTime.epoch

    mutating func observe(_ tracked: TrackedConnection) {
      let connection = tracked.connection
      guard connection.timeReversals > 0 else { return }
      sample.add(connection.id)
      frames &+= UInt64(connection.timeReversals)
      furthest = max(furthest, connection.longestTimeReversal)
      if connection.firstReversedFrame < firstFrame {
        firstFrame = connection.firstReversedFrame
        firstTime =
          tracked.segments.first { $0.frame == firstFrame }?.time ?? connection.firstTime
      }
    }

    func conclude() -> [Finding] {
      guard frames > 0 else { return [] }
      let distance = ProofText.duration(furthest)
      let subject =
        frames == 1
        ? "Frame \(firstFrame) bears an earlier time than one before it, by \(distance)"
        : "\(frames) frames bear earlier times than ones before them, the first of them frame "
          + "\(firstFrame), by up to \(distance)"
      return [
        Finding(
          id: CaptureTimeDisorder.id, severity: .note, confidence: .certain,
          connections: sample.first,
          connectionCount: sample.count,
          frames: [FrameRole(firstFrame, "earlier than a frame before it")], time: firstTime,
          summary:
            "\(subject): the file is not in the order in which the packets passed.",
          advice:
            furthest >= 1_000_000_000
            ? "The clock of the capturing host was set back, or files were joined in the wrong "
              + "order: durations across that point mean nothing. `reordercap IN OUT` sorts a file "
              + "by time."
            : "Mostly several receive queues of one card wrote side by side. Sort with "
              + "`reordercap IN OUT`, and take an order that is closer than this as unknown.",
          values: [
            ("frames", .integer(Int64(clamping: frames))),
            ("furthest_seconds", .seconds(furthest.seconds)),
          ], causeKey: "capture")
      ]
    }
  }

  public var page: ExplanationPage {
    ExplanationPage(
      mechanism: [
        "A card with several receive queues hands its packets to several processors; each stamps and writes on its own. What is near in time may then stand in the file in another order. A clock that is set back (NTP, a virtual machine that was moved) and files joined in the wrong order do the same on a larger scale.",
        "An answer may stand before its question. States are rebuilt in file order, so a step may look odd there; the packets themselves were in order.",
      ],
      ladder: [
        "  frame 7   12.000412   A > B   PSH,ACK seq 1",
        "  frame 8   12.000398   B > A   ACK ack 19       14 µs back",
        "  frame 9   12.000430   B > A   PSH,ACK",
      ],
      proof: ["The time of a frame lies before that of a frame above it in the file."],
      lookAlikes: [
        "Segments out of order on the network: sequence numbers go back, times do not.",
        "Captures of several interfaces with clocks of their own: each is in order by itself.",
      ],
      confirmation: [
        .init("capinfos -o FILE", "\"Strict time order: False\""),
        .init("reordercap -n FILE OUT", "how many frames are out of order"),
      ],
      remedies: [
        "Sort the file with reordercap, or merge several with mergecap, which goes by time.",
        "Let one queue serve the capture (ethtool -L IFACE combined 1) when microseconds matter.",
      ],
      references: ["reordercap(1)", "pcapng (draft-ietf-opsawg-pcapng) §4.3"])
  }
}
