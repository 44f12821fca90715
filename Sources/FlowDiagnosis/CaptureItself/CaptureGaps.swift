import PacketDecoding
import TCPModel

/// The capture lacks frames that reached the receiver.
public struct CaptureGaps: LedgerRule {
  static let id = "capture-gaps"
  public var id: String { CaptureGaps.id }
  public let title = "the capture lacks frames that were delivered"
  public let group = RuleGroup.capture
  public let severity = Severity.note

  // Definition:
  // 1. Both directions of the connection were captured.
  // 2. An end acknowledges data of the other that is not in the capture: it got what we did not.
  // What disproves it: the data stands a little further on in the file; then frames were written
  // out of order.

  public init() {}

  struct Notes {
    var sample = ConnectionSample()
    var gaps: Int = 0
    var example: (ack: SegmentRecord, receiver: String, sender: String)?

    mutating func observe(_ tracked: TrackedConnection) {
      let connection = tracked.connection
      guard connection.noticed.contains(.acknowledgesUnseen), tracked.isTwoSided else { return }
      let acks = tracked.segments.filter {
        $0.annotations.contains(.acknowledgesUnseen)
          && $0.annotations.isDisjoint(with: [.captureDuplicate, .previousIncarnation])
          && !Notes.isOvertaken($0, in: tracked) && !Notes.isOfBefore($0, in: tracked)
      }
      guard let first = acks.first else { return }
      sample.add(connection.id)
      gaps += acks.count
      if sample.isFirst(connection.id) {
        example = (first, connection.name(first.sender), connection.name(first.sender.peer))
      }
    }

    /// Whether what the ACK covers follows at once: the capture has it, in another order.
    private static func isOvertaken(_ ack: SegmentRecord, in tracked: TrackedConnection) -> Bool {
      tracked.segments.contains {
        $0.frame > ack.frame && $0.sender != ack.sender && $0.end == ack.acknowledgment
          && $0.end != $0.sequence
          && $0.time.nanoseconds(since: ack.time) < 20_000_000
      }
    }

    /// Whether the data may have passed before the capture began: it was in flight then.
    private static func isOfBefore(_ ack: SegmentRecord, in tracked: TrackedConnection) -> Bool {
      guard tracked.connection.opening == .midstream else { return false }
      return !tracked.segments.contains { $0.frame < ack.frame && $0.sender != ack.sender }
    }

    func conclude(_ facts: CaptureFacts) -> [Finding] {
      guard let example else { return kernelDrops(facts) }
      let kernel =
        facts.droppedByKernel > 0
        ? " The kernel reports \(facts.droppedByKernel) dropped while capturing." : ""
      return [
        Finding(
          id: CaptureGaps.id, severity: .note, confidence: .likely, connections: sample.first,
          connectionCount: sample.count,
          frames: [FrameRole(example.ack.frame, "acknowledges data that was not captured")],
          time: example.ack.time,
          summary:
            "The capture lost frames of \(sample.phrase): "
            + ProofText.times(gaps)
            + " an end acknowledges data that is not in it, first \(example.receiver) in frame "
            + "\(example.ack.frame), which had received more of \(example.sender) than was "
            + "captured.\(kernel)",
          advice:
            "Nothing was lost on the network there. Capture with a larger buffer and fewer bytes "
            + "per frame (`tcpdump -B 65536 -s 128`), or nearer to the hosts.",
          values: [
            ("gaps", .integer(Int64(gaps))), ("connections", .integer(Int64(sample.count))),
            ("acknowledgment", .integer(Int64(example.ack.acknowledgment.rawValue))),
            ("dropped_by_kernel", .integer(Int64(clamping: facts.droppedByKernel))),
          ], causeKey: "capture")
      ]
    }

    private func kernelDrops(_ facts: CaptureFacts) -> [Finding] {
      guard facts.droppedByKernel > 0 else { return [] }
      return [
        Finding(
          id: CaptureGaps.id, severity: .note, confidence: .certain, connections: [], frames: [],
          time: .epoch,
          summary:
            "The kernel dropped \(facts.droppedByKernel) frames while capturing; no "
            + "acknowledgment shows which.",
          advice: "Capture with a larger buffer and fewer bytes per frame "
            + "(`tcpdump -B 65536 -s 128`).",
          values: [("dropped_by_kernel", .integer(Int64(clamping: facts.droppedByKernel)))],
          causeKey: "capture")
      ]
    }
  }

  public var page: ExplanationPage {
    ExplanationPage(
      mechanism: [
        "A capturing host that is too slow, a full buffer, or an overloaded mirror port drops frames that the real receiver gets. The receiver then acknowledges data which the capture does not contain.",
        "Retransmissions and holes near such places are no proof of loss on the network; findings that touch them carry less confidence.",
      ],
      ladder: [
        "  sender            capture             receiver",
        "    --- seq 1, len 1448 --|------------->",
        "    --- seq 1449, len 1448 -------------->   not captured",
        "    <---------------------|-- ack 2897 ---   covers both",
      ],
      proof: [
        "An acknowledgment number beyond everything captured of the other side, and the data never appears."
      ],
      lookAlikes: [
        "Loss on the network: the receiver repeats its acknowledgment and the data is sent again.",
        "Frames out of order in the file: the data stands a little further on (capture-time-disorder).",
        "One direction only: see capture-one-sided.",
      ],
      confirmation: [
        .init("tcpdump -ni IFACE -w FILE", "its last line: packets dropped by kernel, above 0"),
        .init("ethtool -S IFACE", "rx_missed, rx_no_buffer and similar: the card itself dropped"),
        .init(
          "tshark -r FILE -z expert,warn -q",
          "how often Wireshark says: ACKed segment that wasn't captured, previous segment not captured"
        ),
      ],
      remedies: [
        "Larger buffer (tcpdump -B, KiB), shorter snap length (-s 128), a filter, a file on a fast disk.",
        "On a mirror port: both directions of a full link do not fit into one port of the same speed.",
      ],
      references: ["RFC 9293 §3.4", "pcap_stats(3PCAP)"])
  }
}
