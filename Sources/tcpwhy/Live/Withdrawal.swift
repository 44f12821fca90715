import FlowReport
import PacketDecoding

/// A finding that was told and does not stand any more: what came later has another explanation, or
/// says more, or none is needed.
struct Withdrawal {
  /// The id of the finding.
  var finding: String
  /// The connection it was told of, nil for what many showed.
  var connection: UInt64?
  /// The cause key of what many showed.
  var cause: String?
  /// The finding that stands in its place, with the same id where that one says more; nil for none.
  var replacement: String?
  var time: CaptureTime
}
