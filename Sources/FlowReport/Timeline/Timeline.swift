public import FlowDiagnosis
import PacketDecoding
public import TCPModel

/// A connection as a sequence of lines: segments, changes of state without one, what was left out.
/// How they look is somebody else's business.
public struct Timeline: Sendable {
  /// A line, from top to bottom in order of time.
  public enum Line: Sendable {
    /// A segment, with the states its passing led to.
    case segment(SegmentLine)
    /// Segments that were only counted.
    case omitted(UInt32)
    /// Nothing passed for so long, nanoseconds.
    case pause(Int64)
    /// A change of state by a timer, or by a segment that is not kept.
    case move(Transition)
    /// A frame has a role in the proof of a finding.
    case mark(Mark)
  }

  /// A segment and the states after it.
  public struct SegmentLine: Sendable {
    public var record: SegmentRecord
    /// The states of the client that the segment led through; empty when it changed nothing.
    public var client: [StateLabel]
    /// The same of the server.
    public var server: [StateLabel]
  }

  /// A state as it is shown beside a segment.
  public struct StateLabel: Sendable, Equatable {
    public var state: TCPState
    /// The frame that showed that it was never reached; 0 if it stands.
    public var revokedBy: UInt64
  }

  /// The role of a frame in a finding.
  public struct Mark: Sendable {
    public var id: String
    public var severity: Severity
    public var role: String
  }

  /// The connection.
  public let tracked: TrackedConnection
  /// What was found on it.
  public let findings: [Finding]
  /// The lines.
  public private(set) var lines: [Line] = []
  /// The states the connection began with.
  public private(set) var beginning: (client: TCPState, server: TCPState) = (.closed, .closed)

  /// By frame: the transitions on its line, in order.
  private var placed: [UInt64: [Transition]] = [:]

  /// Silence longer than this is a line of its own: the least retransmission time-out of Linux.
  private static let pause: Int64 = 200_000_000

  public init(_ tracked: TrackedConnection, findings: [Finding]) {
    self.tracked = tracked
    self.findings = findings
    build()
  }

  private mutating func build() {
    let transitions = tracked.transitions
    let kept = Set(tracked.segments.map(\.frame))
    place(transitions, among: kept)
    var moves = transitions.filter { $0.frame == 0 || !kept.contains($0.frame) }[...]
    var clientState = firstState(.client)
    var serverState = firstState(.server)
    beginning = (clientState, serverState)
    var last: CaptureTime?
    for record in tracked.segments {
      while let move = moves.first, move.time <= record.time {
        moves.removeFirst()
        append(move, after: &last)
        show(move, &clientState, &serverState)
      }
      if record.omittedBefore > 0 { lines.append(.omitted(record.omittedBefore)) }
      notePause(before: record.time, &last)
      let client = labels(.client, record, &clientState)
      let server = labels(.server, record, &serverState)
      lines.append(
        .segment(
          SegmentLine(record: record, client: client, server: server)))
      for finding in findings {
        for frame in finding.frames where frame.frame == record.frame {
          lines.append(
            .mark(Mark(id: finding.id, severity: finding.severity, role: frame.role)))
        }
      }
    }
    for move in moves { append(move, after: &last) }
  }

  /// Finds the line of each transition. One that a segment makes only once its receiver has sent
  /// something that passed later, as where FINs cross, stands there.
  private mutating func place(_ transitions: [Transition], among kept: Set<UInt64>) {
    var last: (client: UInt64, server: UInt64) = (0, 0)
    for transition in transitions where kept.contains(transition.frame) {
      let isClient = transition.endpoint == .client
      let frame = max(transition.frame, isClient ? last.client : last.server)
      if isClient { last.client = frame } else { last.server = frame }
      placed[frame, default: []].append(transition)
    }
  }

  private mutating func append(_ move: Transition, after last: inout CaptureTime?) {
    notePause(before: move.time, &last)
    lines.append(.move(move))
  }

  private mutating func notePause(before time: CaptureTime, _ last: inout CaptureTime?) {
    if let last {
      let silence = time.nanoseconds(since: last)
      if silence >= Timeline.pause { lines.append(.pause(silence)) }
    }
    last = max(last ?? time, time)
  }

  private func show(
    _ move: Transition, _ clientState: inout TCPState, _ serverState: inout TCPState
  ) {
    guard move.revokedBy == 0 else { return }
    if move.endpoint == .client {
      clientState = move.to
    } else {
      serverState = move.to
    }
  }

  /// The states of a side that a segment led through, and where the side stands then.
  private func labels(
    _ side: Side, _ record: SegmentRecord, _ shown: inout TCPState
  ) -> [StateLabel] {
    if side == .server, tracked.connection.traits.contains(.isSelf) { return [] }
    let moves = (placed[record.frame] ?? []).filter { $0.endpoint == side }
    // What a segment led to and showed wrong at once: the record was made before.
    let standing = moves.filter { $0.revokedBy != record.frame }
    var labels = standing.map { StateLabel(state: $0.to, revokedBy: $0.revokedBy) }
    let now = side == .client ? record.clientState : record.serverState
    if now != (labels.last?.state ?? shown), standing.count == moves.count,
      !record.annotations.contains(.previousIncarnation)
    {
      labels.append(StateLabel(state: now, revokedBy: 0))
    }
    if let last = labels.last { shown = last.state }
    return labels
  }

  private func firstState(_ side: Side) -> TCPState {
    if let first = tracked.transitions.first(where: { $0.endpoint == side }) { return first.from }
    guard let first = tracked.segments.first else { return tracked.connection[side].state }
    return side == .client ? first.clientState : first.serverState
  }
}
