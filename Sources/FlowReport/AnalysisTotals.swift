public import FlowDiagnosis
public import TCPModel

/// What is counted over a whole input.
public struct AnalysisTotals: Sendable {
  /// Files read, wholly or in part.
  public var files: UInt64 = 0
  /// Frames read.
  public var packets: UInt64 = 0
  /// Of them, TCP segments.
  public var segments: UInt64 = 0
  /// Frames that were of no use.
  public var skipped = SkippedFrames()
  /// Frames the kernel dropped while capturing; nil where the source does not tell.
  public var droppedByKernel: UInt64?
  /// Connections seen.
  public private(set) var connections: UInt64 = 0
  /// States held by endpoints when the capture ended, CLOSED and LISTEN left out, and those of
  /// connections that were let go early.
  public private(set) var states = InlineArray<11, UInt64>(repeating: 0)
  /// Who closed first, by `Closer.rawValue`.
  public private(set) var closers = InlineArray<4, UInt64>(repeating: 0)
  /// How long handshakes took.
  public private(set) var handshakes = DurationHistogram()
  /// What the tracker counted, once it has finished.
  public var tracker = TrackerCounts()
  /// Findings by rule, in no order.
  public private(set) var findings: [String: UInt64] = [:]
  /// The worst finding, nil for none.
  public private(set) var worstSeverity: Severity?

  /// Nothing counted yet.
  public init() {}

  /// Counts a connection that has been let go.
  public mutating func count(_ connection: Connection) {
    var brief = ConnectionBrief(connection)
    count(&brief)
  }

  /// Counts a connection that has been let go. It is passed by address, not changed.
  public mutating func count(_ connection: inout ConnectionBrief) {
    connections += 1
    // What became of one that was let go early is not known.
    if !connection.traits.contains(.evicted) {
      count(connection.client.state)
      if !connection.traits.contains(.isSelf) { count(connection.server.state) }
    }
    closers[Int(connection.activeCloser.rawValue)] += 1
    if let time = connection.handshakeTime { handshakes.count(time) }
  }

  /// What was put out of memory before its end was known; nil for nothing.
  var evictions: String? {
    let parts = [
      (tracker.evictedClosed, "closed"), (tracker.evictedHalfOpen, "half-open"),
      (tracker.evictedOpen, "open"),
    ]
    let list = parts.filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }
    return list.isEmpty
      ? nil : "\(list.joined(separator: ", ")) connections early, for want of memory"
  }

  private mutating func count(_ state: TCPState) {
    guard !state.isIdle else { return }
    states[Int(state.rawValue)] += 1
  }

  /// Counts a finding.
  public mutating func count(_ finding: Finding) {
    findings[finding.id, default: 0] += 1
    worstSeverity = max(worstSeverity ?? finding.severity, finding.severity)
  }
}
