import FlowDiagnosis
import FlowReport
import PacketCapture
import PacketDecoding
import TCPModel

/// The live view as a screen that refreshes in place. The report at the end goes to the screen that
/// was there before.
struct LiveDashboard: LiveView {
  let reportsAtEnd = true
  private let device: String
  private let palette: Palette
  private var report: LiveReport
  private var summary: LiveSummary?
  private var findings = RecentFindings()
  private var listeners = ListenerCounts()
  private var isShown = false

  private static let enter = "\u{1B}[?1049h\u{1B}[?25l"
  private static let leave = "\u{1B}[?25h\u{1B}[?1049l"

  init(device: String, palette: Palette, report: LiveReport) {
    self.device = device
    self.palette = palette
    self.report = report
  }

  mutating func show(
    _ finding: Finding, on tracked: TrackedConnection?, now: CaptureTime,
    to out: inout OutputBuffer
  ) {
    findings.add(finding)
  }

  mutating func show(_ withdrawal: Withdrawal, to out: inout OutputBuffer) {
    if let connection = withdrawal.connection {
      findings.remove(withdrawal.finding, on: connection)
    }
  }

  mutating func show(
    _ transition: Transition, of connection: Connection, to out: inout OutputBuffer
  ) {
    listeners.count(transition, of: connection)
  }

  mutating func settle(
    _ tracked: TrackedConnection, _ findings: [Finding], pending: [Finding],
    to out: inout OutputBuffer
  ) {
    report.add(tracked, findings, pending: pending)
  }

  mutating func show(_ summary: LiveSummary, now: CaptureTime, to out: inout OutputBuffer) {
    self.summary = summary
    draw(to: &out)
    listeners.beginInterval()
  }

  mutating func redraw(to out: inout OutputBuffer) {
    draw(to: &out)
  }

  mutating func pause(to out: inout OutputBuffer) {
    if isShown { out.write(LiveDashboard.leave) }
    isShown = false
  }

  mutating func end(
    _ totals: AnalysisTotals, _ conclusion: LiveConclusion, now: CaptureTime,
    to out: inout OutputBuffer
  ) {
    pause(to: &out)
    report.write(totals, conclusion, now: now, to: &out)
  }

  // MARK: Drawing

  private mutating func draw(to out: inout OutputBuffer) {
    guard let summary else { return }
    if !isShown { out.write(LiveDashboard.enter) }
    isShown = true
    let size = ScreenSize.current
    out.write("\u{1B}[H")
    let lines = lines(summary, size)
    for (index, line) in lines.prefix(size.rows).enumerated() {
      if index > 0 { out.write("\r\n") }
      out.write(line)
      out.write("\u{1B}[K")
    }
    out.write("\u{1B}[J")
  }

  private func lines(_ summary: LiveSummary, _ size: ScreenSize) -> [String] {
    let time = WallClock.now
    var clock = OutputBuffer()
    clock.write(
      timeOfDay: CaptureTime(nanoseconds: time.nanoseconds / 1_000_000_000 * 1_000_000_000))
    var lines = [
      palette.bold(
        size.cut(
          "\(device)  \(clock.text.prefix(8)) UTC  \(summary.rate(summary.interval.frames)) frames/s  "
            + "\(summary.rate(summary.opened)) new/s  \(summary.rate(summary.interval.closed)) "
            + "closed/s  \(summary.held) held")),
      size.cut("dropped \(summary.droppedText); \(summary.evicted) let go early"), "",
      palette.bold("States"),
    ]
    lines += summary.heldStates.map { size.cut("  \(LiveDashboard.right($0.count)) \($0.state)") }
    if summary.heldStates.isEmpty { lines.append("  none held") }
    lines += ["", palette.bold(size.cut("Listeners with the most new connections: now, in all"))]
    lines += listeners.top(5).map { listener in
      size.cut(
        "  \(LiveDashboard.right(summary.rate(listener.recent) + "/s"))"
          + " \(LiveDashboard.right(listener.total)) \(listener.name)")
    }
    if summary.interval.handshakes.count > 0 {
      lines += ["", size.cut("Handshakes  \(summary.handshakesText)")]
    }
    if summary.interval.closed > 0 { lines.append(size.cut("Closed by   \(summary.closersText)")) }
    lines += ["", palette.bold(size.cut("Findings, the latest first"))]
    for (finding, count) in findings.latest(max(1, size.rows - lines.count)) {
      let text = "  \(finding.id) ×\(count)  \(finding.summary.escapedForTerminal)"
      lines.append(palette.severity(finding.severity, size.cut(text)))
    }
    if findings.isEmpty { lines.append("  none") }
    return lines
  }

  private static func right(_ value: some CustomStringConvertible) -> String {
    let text = "\(value)"
    return String(repeating: " ", count: max(0, 8 - text.count)) + text
  }
}
