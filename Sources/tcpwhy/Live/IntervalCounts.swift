import FlowReport
import TCPModel

/// What happened since the last summary.
struct IntervalCounts {
  /// Frames that came.
  var frames: UInt64 = 0
  /// Connections whose client has done with them: in TIME-WAIT or CLOSED.
  private(set) var closed: UInt64 = 0
  /// Who closed those first, by `Closer.rawValue`.
  private(set) var closers = [UInt64](repeating: 0, count: 4)
  /// How long the handshakes took that were completed.
  private(set) var handshakes = DurationHistogram()

  /// Counts a change of state.
  mutating func count(_ transition: Transition, of connection: Connection) {
    let isRevoked = transition.revokedBy != 0
    switch (transition.endpoint, transition.to) {
    case (.server, .established) where !isRevoked:
      if let time = connection.handshakeTime { handshakes.count(time) }
    case (.client, .timeWait), (.client, .closed):
      guard transition.from != .timeWait, !transition.from.isIdle else { return }
      let closer = Int(connection.activeCloser.rawValue)
      if !isRevoked {
        closed += 1
        closers[closer] += 1
      } else if closed > 0, closers[closer] > 0 {
        closed -= 1
        closers[closer] -= 1
      }
    default: break
    }
  }
}

/// How things stand, and what happened since the last summary.
struct LiveSummary {
  var interval: IntervalCounts
  /// How long the interval was.
  var length: Duration
  /// Connections that began in it.
  var opened: UInt64
  /// Endpoints in each state, by `TCPState.rawValue`.
  var states: [Int]
  /// Connections held.
  var held: Int
  /// Frames dropped by the kernel, in the interval and in all.
  var dropped: (interval: UInt64, total: UInt64)
  /// Frames dropped by the device, in all.
  var droppedByInterface: UInt64
  /// Connections let go early for want of room, in all.
  var evicted: UInt64
  /// Findings in all.
  var findings: UInt64

  /// A count as a rate per second: whole numbers from ten on, one decimal below.
  func rate(_ count: UInt64) -> String {
    let rate = Double(count) / max(length / .seconds(1), 0.001)
    let tenths = Int((min(rate, 1e15) * 10).rounded())
    return tenths < 100 && tenths % 10 != 0
      ? "\(tenths / 10).\(tenths % 10)" : "\((tenths + 5) / 10)"
  }
}
