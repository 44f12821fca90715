import FlowDiagnosis
import FlowReport
import PacketCapture
import PacketDecoding
import TCPModel

/// The live view as running text.
struct LiveText: LiveView {
  let reportsAtEnd = true
  private let layout: TextLayout
  private let timers: Timers
  private var causes = CauseLog()
  /// What was shown of living connections, so that it can be taken back.
  private var shown: [UInt64: Set<String>] = [:]
  private static let shownLimit = 4096
  private var report: LiveReport

  init(layout: TextLayout, timers: Timers, report: LiveReport) {
    self.layout = layout
    self.timers = timers
    self.report = report
  }

  mutating func show(
    _ finding: Finding, on tracked: TrackedConnection?, now: CaptureTime,
    to out: inout OutputBuffer
  ) {
    switch causes.count(finding) {
    case .full: writeFull(finding, tracked, now, to: &out)
    case .line(let count): writeLine(finding, count, to: &out)
    case .silent: return
    }
    if let tracked, shown.count < LiveText.shownLimit {
      shown[tracked.connection.id, default: []].insert(finding.id)
    }
  }

  private func writeFull(
    _ finding: Finding, _ tracked: TrackedConnection?, _ now: CaptureTime,
    to out: inout OutputBuffer
  ) {
    rule(finding.time, layout.palette.severity(finding.severity, finding.id), to: &out)
    guard let tracked else {
      var groups = FindingGroups()
      groups.add(finding)
      FindingText(layout, input: "").write(groups, limit: 1, to: &out)
      return
    }
    TimelineText(
      Timeline(tracked.excerpt(for: finding), findings: [finding]), layout, timers: timers,
      end: now, hasStreamNumber: false, ending: "now"
    ).write(to: &out)
    if !finding.advice.isEmpty {
      layout.paragraph(label: "do", finding.advice.escapedForTerminal, indent: 0, to: &out)
      out.write("\n")
    }
  }

  private func writeLine(_ finding: Finding, _ count: Int, to out: inout OutputBuffer) {
    time(finding.time, to: &out)
    out.write(" \(layout.palette.severity(finding.severity, finding.id)) ")
    out.write(layout.palette.faint("(number \(count) of this cause)"))
    out.write(" \(finding.summary.escapedForTerminal)\n")
  }

  mutating func show(_ withdrawal: Withdrawal, to out: inout OutputBuffer) {
    // What only says more now, the report says.
    guard withdrawal.replacement != withdrawal.finding, let connection = withdrawal.connection,
      shown[connection]?.remove(withdrawal.finding) != nil
    else { return }
    time(withdrawal.time, to: &out)
    out.write(" #\(connection) ")
    out.write(layout.palette.revoked(withdrawal.finding))
    let why = withdrawal.replacement.map { "; it is \($0)" } ?? ""
    out.write(layout.palette.faint(" (taken back\(why))"))
    out.write("\n")
  }

  mutating func show(
    _ transition: Transition, of connection: Connection, to out: inout OutputBuffer
  ) {
    time(transition.time, to: &out)
    let isRevoked = transition.revokedBy != 0
    let change = "\(transition.from) → \(transition.to)"
    out.write(" #\(connection.id) \(connection.name(.client)) → \(connection.name(.server)) ")
    out.write("\(transition.endpoint) \(isRevoked ? layout.palette.revoked(change) : change) ")
    let why =
      isRevoked
      ? "did not happen, frame \(transition.revokedBy) shows"
      : transition.frame == 0
        ? "\(transition.evidence)" : "\(transition.evidence), frame \(transition.frame)"
    out.write(layout.palette.faint("(\(why))"))
    out.write("\n")
  }

  mutating func settle(
    _ tracked: TrackedConnection, _ findings: [Finding], pending: [Finding],
    to out: inout OutputBuffer
  ) {
    // What is pending can still be taken back at the end.
    let rest = shown[tracked.connection.id]?.intersection(pending.map(\.id)) ?? []
    shown[tracked.connection.id] = rest.isEmpty ? nil : rest
    report.add(tracked, findings, pending: pending)
  }

  mutating func show(_ summary: LiveSummary, now: CaptureTime, to out: inout OutputBuffer) {
    rule(WallClock.now, "\(summary.rate(summary.interval.frames)) frames/s", to: &out)
    for (label, text) in summary.lines {
      layout.paragraph(label: label, text, indent: 2, to: &out)
    }
  }

  mutating func end(
    _ totals: AnalysisTotals, _ conclusion: LiveConclusion, now: CaptureTime,
    to out: inout OutputBuffer
  ) {
    rule(WallClock.now, "report", to: &out)
    report.write(totals, conclusion, now: now, to: &out)
  }

  private func time(_ time: CaptureTime, to out: inout OutputBuffer) {
    out.write(time, style: layout.timeStyle, since: .epoch)
  }

  /// A line that begins something.
  private func rule(_ time: CaptureTime, _ title: String, to out: inout OutputBuffer) {
    out.write(layout.palette.faint("── "))
    self.time(time, to: &out)
    out.write(" \(title)")
    out.write(layout.palette.faint(" ──"))
    out.write("\n")
  }
}
