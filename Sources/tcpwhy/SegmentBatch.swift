import FlowReport
import PacketCapture
import PacketDecoding
import TCPModel

/// What some frames turned out to be: segments in their order, the ICMP errors between them, and
/// counts of the rest.
struct SegmentBatch: Sendable {
  /// Room for `capacity` segments, of which `count` are filled.
  var segments: [Segment]
  var count = 0
  /// ICMP errors, each with how many segments of the batch came before it.
  var errors: [(position: Int, error: ICMPError)] = []
  /// What shards have to know, if there are any.
  var deal = ShardDeal()
  /// Frames decoded.
  var packets: UInt64 = 0
  /// Whether everything that had been read has been decoded: more may take its time.
  var isCaughtUp = false
  /// How far the input has been read.
  var bytesRead: UInt64 = 0
  var totalBytes: UInt64?

  init(capacity: Int) {
    segments = [Segment](repeating: Segment(), count: capacity)
  }

  mutating func removeAll() {
    count = 0
    if !errors.isEmpty { errors.removeAll(keepingCapacity: true) }
    packets = 0
    isCaughtUp = false
  }
}
