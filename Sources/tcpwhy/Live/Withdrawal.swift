import FlowReport
import PacketDecoding

/// A finding that was told while its connection lived and does not stand any more: what came later
/// has another explanation, or none is needed.
struct Withdrawal {
  /// The id of the finding.
  var finding: String
  /// The connection it was told of.
  var connection: UInt64
  /// The finding that stands in its place, nil for none.
  var replacement: String?
  var time: CaptureTime
}
