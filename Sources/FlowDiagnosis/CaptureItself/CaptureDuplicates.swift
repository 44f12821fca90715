import PacketDecoding
import TCPModel

/// Frames are in the capture twice because of where it was taken.
public struct CaptureDuplicates: LedgerRule {
  static let id = "capture-duplicates"
  public var id: String { CaptureDuplicates.id }
  public let title = "frames were captured twice because of where the capture was taken"
  public let group = RuleGroup.capture
  public let severity = Severity.note

  // Definition:
  // 1. A frame repeats an earlier one of its sender: same sequence and acknowledgment numbers,
  //    flags, window, length, timestamps and IP identification, within a second.
  // 2. At least two of five frames of a direction are such copies, pure ACKs as well as data; a
  //    host repeats data only, and with another IP identification.
  // What disproves it: the receiver reports the copies as duplicates (D-SACK, RFC 2883): then the
  // network delivered them twice, unless both directions are full of copies.

  public init() {}

  struct Notes {
    var sample = ConnectionSample()
    var frames: UInt64 = 0
    var copies: UInt64 = 0
    /// The first pair on record; of a long connection the record may lack all.
    private var example: Example?
    private var exampleID = UInt64.max
    private var firstFrame: UInt64 = 0
    var last = CaptureTime.epoch

    mutating func observe(_ tracked: TrackedConnection) {
      let connection = tracked.connection
      guard connection.noticed.contains(.captureDuplicate) else { return }
      let client = Notes.isDoubled(connection.client)
      let server = Notes.isDoubled(connection.server)
      guard client || server else { return }
      if connection.noticed.contains(.duplicateReport), !(client && server) { return }
      sample.add(connection.id)
      frames &+= connection.client.packets &+ connection.server.packets
      copies &+= UInt64(connection.client.captureDuplicates)
      copies &+= UInt64(connection.server.captureDuplicates)
      last = max(last, connection.lastTime)
      if connection.id < exampleID, let pair = Example(tracked) {
        example = pair
        exampleID = connection.id
      }
      if sample.isFirst(connection.id) { firstFrame = connection.firstFrame }
    }

    private static func isDoubled(_ endpoint: Endpoint) -> Bool {
      let copies = UInt64(endpoint.captureDuplicates)
      // The count saturates; so does the comparison.
      return copies > 0 && (copies * 5 >= endpoint.packets * 2 || copies == UInt64(UInt16.max))
    }

    func conclude() -> [Finding] {
      guard sample.count > 0, copies > 2 else { return [] }
      var proof = [FrameRole(firstFrame, "first frame of a connection with copies")]
      var detail = ""
      var values: [(name: String, value: FindingValue)] = [
        ("copies", .integer(Int64(clamping: copies))),
        ("frames", .integer(Int64(clamping: frames))),
      ]
      if let example {
        proof = [
          FrameRole(example.original.frame, "a frame of \(example.sender)"),
          FrameRole(example.copy.frame, "the same frame again"),
        ]
        let later = example.copy.time.nanoseconds(since: example.original.time)
        detail =
          " (frame \(example.copy.frame) is frame \(example.original.frame) again, "
          + (later == 0 ? "at the same time" : "\(ProofText.duration(later)) later")
          + "\(example.pathPhrase))"
        values.append(("copy_delay_seconds", .seconds(later.seconds)))
        values.append(("first_hop_limit", .integer(Int64(example.original.hopLimit))))
        values.append(("copy_hop_limit", .integer(Int64(example.copy.hopLimit))))
      }
      let place =
        example.map {
          $0.copy.hopLimit == $0.original.hopLimit
            ? "Capture one port or one direction of the mirror only, or one interface instead of "
              + "`any`"
            : "Capture on one side of the router only: `-i` with one interface instead of `any`"
        } ?? "Capture at one place of the path only"
      return [
        Finding(
          id: CaptureDuplicates.id, severity: .note, confidence: .certain,
          connections: sample.first,
          connectionCount: sample.count, frames: proof, time: last,
          summary:
            "The capture holds frames more than once: \(copies) of the \(frames) frames of "
            + "\(sample.phrase) are copies\(detail). They are no retransmissions and are left out "
            + "of every proof.",
          advice:
            "\(place), or take the copies out afterwards (`editcap -d` finds those that are the "
            + "same to the last byte).",
          values: values, causeKey: "capture")
      ]
    }
  }

  /// A frame and its copy.
  private struct Example {
    var sender: String
    var original: SegmentRecord
    var copy: SegmentRecord

    init?(_ tracked: TrackedConnection) {
      for (index, copy) in tracked.segments.enumerated()
      where copy.annotations.contains(.captureDuplicate) {
        let original = tracked.segments[..<index].last {
          $0.sender == copy.sender && $0.sequence == copy.sequence
            && $0.acknowledgment == copy.acknowledgment && $0.flags == copy.flags
            && $0.length == copy.length && $0.identification == copy.identification
        }
        guard let original else { continue }
        sender = tracked.connection.name(copy.sender)
        self.original = original
        self.copy = copy
        return
      }
      return nil
    }

    var pathPhrase: String {
      original.hopLimit == copy.hopLimit
        ? ", with the same TTL"
        : ", TTL \(original.hopLimit) then \(copy.hopLimit): before and after a router"
    }
  }

  public var page: ExplanationPage {
    ExplanationPage(
      mechanism: [
        "A capture on several interfaces of one router (-i any), on a mirror port that copies what enters and what leaves, or on a bridge and its member port sees one packet at several places. The packet went over the wire once; the file has it twice.",
        "Tools that take the copies for retransmissions report losses that never were. Here they are recognised and left out.",
      ],
      ladder: [
        "  host A          router (-i any)          host B",
        "    --- SYN, ttl 64 -->|                         frame 1",
        "                       |--- SYN, ttl 63 -->      frame 2, the copy",
        "                       |<-- SYN,ACK, ttl 64 ---  frame 3",
        "    <-- SYN,ACK, ttl 63|                         frame 4, the copy",
      ],
      proof: [
        "Copies have the same IPv4 identification and TCP timestamps as the original; a host that sends again uses a new identification.",
        "Pure ACKs are doubled like data. TCP never repeats an ACK by itself.",
        "A TTL (hop limit) one less shows a router between the two places; the same TTL a mirror, a VLAN or a bridge.",
      ],
      lookAlikes: [
        "Retransmissions: data only, another IP identification, a later TSval, and not within microseconds.",
        "Duplicates made by the network: the receiver answers each with a D-SACK (RFC 2883), and they reach a few segments, not all.",
      ],
      confirmation: [
        .init(
          "tshark -r FILE -T fields -e frame.number -e ip.id -e ip.ttl -e tcp.seq",
          "the same ip.id and tcp.seq twice in a row"),
        .init("tcpdump -D", "the interfaces to choose from instead of any"),
      ],
      remedies: [
        "Capture on one interface, or mirror one direction per port.",
        "Remove exact copies with editcap -d; copies behind a router differ in MAC addresses, TTL and checksum, and need -i at capture time.",
      ],
      references: ["RFC 2883 §4", "RFC 6864 §4"])
  }
}
