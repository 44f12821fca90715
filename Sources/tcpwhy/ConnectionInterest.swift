import FlowDiagnosis
import TCPModel

/// What is wanted of connections.
struct ConnectionInterest: Sendable {
  /// Whether connections are wanted about which there is nothing to say.
  var everyConnection = true
  /// Whether segments and transitions are wanted of every connection, not only of those that the
  /// rules look at.
  var everyHistory = true

  /// Goes on to the next connection that is done. Its line is made besides its brief.
  @inline(__always)
  func next(of tracker: inout ConnectionTracker) -> SettledConnection {
    let settled = tracker.nextSettled(
      offersBriefs: !everyHistory, acceptsBrief: { Diagnostician.isContent(with: &$0) },
      wantsLine: everyConnection,
      wantsHistory: { everyHistory || Diagnostician.wantsHistory(of: $0) })
    if case .summary = settled {
      tracker.brief = ConnectionBrief(tracker.summary)
      if everyConnection { tracker.line = ConnectionLine(tracker.summary) }
    }
    return settled
  }
}
