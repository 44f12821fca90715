import FlowDiagnosis
import FlowReport
import PacketCapture
import PacketDecoding
import TCPModel

/// Shows what a live capture brings, while it runs and at its end.
protocol LiveView {
  /// Whether the report at the end repeats all findings, so that those of the connections that were
  /// alive then need not be shown one by one.
  var reportsAtEnd: Bool { get }
  /// A finding was made; `tracked` is the connection as it stands, nil for what many show.
  mutating func show(
    _ finding: Finding, on tracked: TrackedConnection?, now: CaptureTime,
    to out: inout OutputBuffer)
  /// A finding that was shown does not stand any more.
  mutating func show(_ withdrawal: Withdrawal, to out: inout OutputBuffer)
  /// An endpoint has changed its state, or a change was taken back.
  mutating func show(
    _ transition: Transition, of connection: Connection, to out: inout OutputBuffer)
  /// A connection was let go, with all that was found on it; `pending` may yet be withdrawn.
  mutating func settle(
    _ tracked: TrackedConnection, _ findings: [Finding], pending: [Finding],
    to out: inout OutputBuffer)
  /// An interval is over.
  mutating func show(_ summary: LiveSummary, now: CaptureTime, to out: inout OutputBuffer)
  /// Shows again what was shown, for a screen of another size.
  mutating func redraw(to out: inout OutputBuffer)
  /// Gives the terminal back for a while.
  mutating func pause(to out: inout OutputBuffer)
  /// The capture is over. `conclusion` is what had been pending and what all connections together
  /// show; where `reportsAtEnd` is false, what of it is new has been shown before.
  mutating func end(
    _ totals: AnalysisTotals, _ conclusion: LiveConclusion, now: CaptureTime,
    to out: inout OutputBuffer)
}

/// Running text keeps no screen.
extension LiveView {
  mutating func redraw(to out: inout OutputBuffer) {}

  mutating func pause(to out: inout OutputBuffer) {}
}
