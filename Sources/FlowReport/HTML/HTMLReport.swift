import FlowDiagnosis
public import PacketDecoding
public import TCPModel

/// A page to share: what was found, the connections, ladders of those with findings. It needs no
/// other file and runs no script.
public struct HTMLReport: Sendable {
  /// The name of the input.
  private let input: String
  private let timers: Timers
  private let end: CaptureTime

  /// - Parameters:
  ///   - input: The name of the input.
  ///   - timers: What the states were rebuilt with.
  ///   - end: When the capture ended.
  public init(input: String, timers: Timers, end: CaptureTime) {
    self.input = input
    self.timers = timers
    self.end = end
  }

  /// Appends the page.
  ///
  /// - Parameters:
  ///   - totals: What was counted.
  ///   - groups: What was found.
  ///   - rows: The connections to list.
  ///   - timelines: The connections to draw.
  ///   - out: What the page is appended to.
  public func write(
    _ totals: AnalysisTotals, _ groups: FindingGroups, _ rows: ConnectionRows,
    _ timelines: [Timeline], to out: inout OutputBuffer
  ) {
    let name = input.escapedForHTML
    out.write(
      """
      <!DOCTYPE html>
      <html lang="en">
      <head>
      <meta charset="utf-8">
      <meta name="viewport" content="width=device-width">
      <title>tcpwhy: \(name)</title>
      <style>
      \(HTMLReport.style)
      </style>
      </head>
      <body>
      <h1>\(name)</h1>
      <p>\(TotalsText.count(totals.packets, "frame")), \
      \(TotalsText.count(totals.segments, "TCP segment")) in \
      \(TotalsText.count(totals.connections, "connection")).</p>
      <h2>Findings</h2>

      """)
    let drawn = Set(timelines.map(\.tracked.connection.id))
    let sorted = groups.sorted
    if sorted.isEmpty { out.write("<p>None.</p>\n") }
    for group in sorted { write(group, drawn, to: &out) }
    write(rows, drawn, to: &out)
    if !timelines.isEmpty { out.write("<h2>Timelines</h2>\n") }
    for timeline in timelines { write(timeline, to: &out) }
    out.write("</body>\n</html>\n")
  }

  private func write(
    _ group: FindingGroups.Group, _ drawn: Set<UInt64>, to out: inout OutputBuffer
  ) {
    let finding = group.example
    out.write("<section class=\"finding \(finding.severity)\">\n")
    out.write("<h3>\(finding.id.escapedForHTML) <small>\(finding.severity), ")
    out.write("\(finding.confidence)</small></h3>\n")
    out.write("<p>\(finding.summary.escapedForHTML)</p>\n")
    if !finding.frames.isEmpty {
      out.write("<ol class=\"frames\">\n")
      for frame in finding.frames.prefix(32) {
        out.write("<li><b>\(frame.frame)</b> \(frame.role.escapedForHTML)</li>\n")
      }
      out.write("</ol>\n")
    }
    if !finding.advice.isEmpty {
      out.write("<p class=\"advice\">\(finding.advice.escapedForHTML)</p>\n")
    }
    if !group.connections.isEmpty {
      let links = group.connections.prefix(24).map { id in
        drawn.contains(id) ? "<a href=\"#c\(id)\">\(id)</a>" : "\(id)"
      }
      let more =
        group.connectionCount > links.count ? ", … (\(group.connectionCount) in all)" : ""
      out.write("<p class=\"faint\">\(group.connectionCount == 1 ? "Connection" : "Connections") ")
      out.write("\(links.joined(separator: ", "))\(more)</p>\n")
    }
    out.write("</section>\n")
  }

  private func write(
    _ rows: ConnectionRows, _ drawn: Set<UInt64>, to out: inout OutputBuffer
  ) {
    let shown = Array(rows.pages.joined())
    out.write("<h2>Connections</h2>\n")
    if rows.total > shown.count {
      out.write("<p class=\"faint\">\(shown.count) of \(rows.total)</p>\n")
    }
    out.write("<div class=\"wide\"><table><thead><tr>")
    for title in [
      "#", "client", "server", "opened", "end", "client state", "server state", "packets", "bytes",
      "handshake",
    ] {
      out.write("<th>\(title)</th>")
    }
    out.write("</tr></thead>\n<tbody>\n")
    for row in shown {
      let id = drawn.contains(row.id) ? "<a href=\"#c\(row.id)\">\(row.id)</a>" : "\(row.id)"
      let cells = [
        id, OutputBuffer.text { $0.write(socket: row.socket(.client)) },
        OutputBuffer.text { $0.write(socket: row.socket(.server)) }, "\(row.opening)",
        row.end.rawValue, "\(row.client)", row.isSelf ? "the same" : "\(row.server)",
        "\(row.packets)", OutputBuffer.text { $0.write(byteCount: row.bytes) },
        row.handshakeTime.map { time in OutputBuffer.text { $0.write(duration: time) } } ?? "",
      ]
      out.write("<tr class=\"\(row.severity.map { "\($0)" } ?? "")\">")
      for cell in cells { out.write("<td>\(cell)</td>") }
      out.write("</tr>\n")
    }
    out.write("</tbody></table></div>\n")
  }

  private func write(_ timeline: Timeline, to out: inout OutputBuffer) {
    let connection = timeline.tracked.connection
    out.write("<section class=\"timeline\" id=\"c\(connection.id)\">\n<h3>")
    out.write("Connection \(connection.id) <small>\(connection.name(.client)) → ")
    out.write("\(connection.name(.server)), from ")
    out.write(connection.firstTime, style: .utc, since: .epoch)
    out.write(" UTC</small></h3>\n")
    TimelineSVG(timeline, timers: timers, end: end).write(to: &out)
    out.write("</section>\n")
  }

  private static let style = """
    :root { color-scheme: light dark; --ink: #1c1f24; --paper: #fff; --faint: #6b7280;
      --rule: #d4d7dc; --error: #b42318; --warning: #a15c00; --note: #0b6e8a; }
    @media (prefers-color-scheme: dark) {
      :root { --ink: #e6e7ea; --paper: #15171b; --faint: #9aa0aa; --rule: #3a3e46;
        --error: #ff8a7a; --warning: #f3b257; --note: #6cc7e0; } }
    body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper);
      max-width: 62rem; margin: 2rem auto; padding: 0 1rem; }
    h1 { font-size: 1.4rem; overflow-wrap: anywhere; } h2 { font-size: 1.15rem; margin-top: 2rem; }
    h3 { font-size: 1rem; margin: 0 0 .3rem; } small, .faint { color: var(--faint); }
    p { margin: .3rem 0; }
    .finding { border-left: .3rem solid var(--note); padding: .1rem 0 .1rem .9rem;
      margin: 1rem 0; }
    .finding.error { border-color: var(--error); } .finding.warning { border-color: var(--warning); }
    .frames { list-style: none; padding: 0; margin: .4rem 0; }
    .advice::before { content: "→ "; }
    .wide { overflow-x: auto; } table { border-collapse: collapse; font-size: .85rem; }
    th, td { text-align: left; padding: .15rem .8rem .15rem 0; white-space: nowrap; }
    th { color: var(--faint); font-weight: normal; } tbody tr { border-top: 1px solid var(--rule); }
    tr.error td { color: var(--error); } tr.warning td { color: var(--warning); }
    a { color: inherit; } .timeline { margin: 1.5rem 0; overflow-x: auto; }
    svg { width: 100%; min-width: 46rem; font: 12px ui-monospace, monospace; }
    svg text { fill: var(--ink); } svg .life { stroke: var(--faint); }
    svg .arrow { stroke: var(--ink); } svg .head { fill: var(--ink); }
    svg .frame, svg .time, svg .options { fill: var(--faint); font-size: 10px; }
    svg .state { font-weight: bold; } svg .revoked { text-decoration: line-through; opacity: .6; }
    svg .foreign { opacity: .5; } svg .mark.error { fill: var(--error); }
    svg .mark.warning { fill: var(--warning); } svg .mark.note { fill: var(--note); }
    """
}
