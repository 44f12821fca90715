import FlowDiagnosis
import FlowReport
import PacketDecoding
import TCPModel

/// What the report at the end is made of, and that report.
struct LiveReport {
  private var groups = FindingGroups()
  private var rows: ConnectionRows
  private let layout: TextLayout
  private let timers: Timers
  private let limit: Int
  /// The file that is written, as it is named in commands.
  private let file: String

  init(layout: TextLayout, timers: Timers, limit: Int, file: String?) {
    self.layout = layout
    self.timers = timers
    self.limit = limit
    self.file = CaptureInput(paths: [file ?? "FILE"]).shellText.escapedForTerminal
    rows = ConnectionRows(limit: limit)
  }

  mutating func add(_ tracked: TrackedConnection, _ findings: [Finding], pending: [Finding]) {
    for finding in findings { groups.add(finding) }
    var line = ConnectionLine(tracked.connection)
    rows.add(&line, findings, pending: pending)
  }

  mutating func write(
    _ totals: AnalysisTotals, _ conclusion: LiveConclusion, now: CaptureTime,
    to out: inout OutputBuffer
  ) {
    for finding in conclusion.findings { groups.add(finding) }
    rows.withdraw(conclusion.revisions)
    let text = TotalsText(layout)
    text.writeHeadline(totals, groups, to: &out)
    FindingText(layout, input: file).write(groups, limit: limit, to: &out)
    ConnectionTable(layout, timers: timers, now: now, hasStreamNumbers: false)
      .write(rows, to: &out)
    text.write(totals, to: &out)
  }
}
