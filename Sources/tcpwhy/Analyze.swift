import ArgumentParser
import FlowDiagnosis
import FlowReport
import PacketCapture
import TCPModel

/// `tcpwhy analyze FILE…`
struct Analyze: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "analyze",
    abstract: "Read captures and say what is wrong and why, then list the connections.",
    discussion: """
      Exit status: 0 done, with findings or without; 1 with --fail-on, when a finding that severe \
      was made; 2 wrong usage; 3 an input could not be read, wholly or in part.
      """)

  @OptionGroup var input: InputArguments

  @Flag(help: "Write JSON lines; tcpwhy schema describes them.")
  var json = false

  @Option(
    help: ArgumentHelp(
      "JSON records to write: connection, transition, finding, summary.", valueName: "kinds"))
  var records = RecordChoice()

  @Flag(help: "Write the connections as comma-separated values.")
  var csv = false

  @Flag(name: [.customShort("a"), .long], help: "Show all causes and all connections.")
  var all = false

  @Option(
    help: ArgumentHelp(
      "End with status 1 on a finding: note, warning, error.", valueName: "severity"),
    transform: Severity.init(named:))
  var failOn: Severity?

  @Option(
    name: .customLong("min-severity"),
    help: ArgumentHelp("Leave out findings below: warning, error.", valueName: "severity"),
    transform: Severity.init(named:))
  var leastSeverity: Severity?

  private var minSeverity: Severity { leastSeverity ?? .note }

  @OptionGroup(title: "Tracking") var tracking: TrackingOptions
  @OptionGroup(title: "Resources") var resources: ResourceOptions
  @OptionGroup(title: "Display") var display: DisplayOptions

  func validate() throws {
    if json, csv { throw ValidationError("--json and --csv exclude each other.") }
  }

  func run() throws {
    var output = StandardOutput()
    var status = EndStatus.done
    let inputs = try input.inputs()
    if csv { ConnectionCSV.writeHeader(to: &output.buffer) }
    for input in inputs {
      var analysis = Analysis(
        tracker: tracking.tracker, diagnosis: tracking.diagnosis,
        wantsEveryConnection: !json || records.kinds.contains(.connection),
        wantsEveryHistory: json && records.kinds.contains(.transition),
        resources: resources)
      let problems: [String]
      if json {
        problems = writeRecords(input, &analysis, &output)
      } else if csv {
        var lines = ConnectionCSV()
        problems = analysis.read(
          input,
          { tracked, _, _ in
            var line = ConnectionLine(tracked.connection)
            lines.write(&line, to: &output.buffer)
            output.drain()
          },
          uneventful: { line in
            lines.write(&line, to: &output.buffer)
            output.drain()
          })
        lines.finish(to: &output.buffer)
      } else {
        problems = writeText(input, &analysis, &output)
      }
      output.flush()
      for problem in problems {
        StandardError.write(line: "tcpwhy: \(problem.escapedForTerminal)")
        status = .unreadableInput
      }
      if let failOn, let worst = analysis.totals.worstSeverity, worst >= failOn, status == .done {
        status = .foundFault
      }
    }
    if status != .done { throw status }
  }

  private func writeRecords(
    _ input: CaptureInput, _ analysis: inout Analysis, _ output: inout StandardOutput
  ) -> [String] {
    let writer = RecordWriter(records.kinds, file: input.isFromFolder ? input.paths[0] : nil)
    var connections = ConnectionRecords(writer)
    var translated = TranslatedConnections()
    let isLive = input.paths.contains("-")
    let least = minSeverity
    let problems = analysis.read(
      input,
      { tracked, findings, _ in
        var line = ConnectionLine(tracked.connection)
        connections.finish(to: &output.buffer)
        writer.write(
          tracked, findings.filter { $0.severity >= least },
          translationOf: translated.other(of: &line), to: &output.buffer)
        output.drain()
      },
      uneventful: { line in
        connections.write(&line, translationOf: translated.other(of: &line), to: &output.buffer)
        output.drain()
      },
      afterBatch: {
        guard isLive else { return }
        connections.finish(to: &output.buffer)
        output.flush()
      })
    connections.finish(to: &output.buffer)
    writer.write(
      analysis.conclude().filter { $0.severity >= least }, to: &output.buffer)
    writer.write(analysis.totals, to: &output.buffer)
    return problems
  }

  private func writeText(
    _ input: CaptureInput, _ analysis: inout Analysis, _ output: inout StandardOutput
  ) -> [String] {
    let layout = display.layout()
    let least = minSeverity
    var groups = FindingGroups()
    var rows = ConnectionRows(limit: all ? Int.max : 50)
    let problems = analysis.read(
      input,
      { tracked, findings, pending in
        let shown = findings.filter { $0.severity >= least }
        for finding in shown { groups.add(finding) }
        var line = ConnectionLine(tracked.connection)
        rows.add(
          &line, shown, pending: pending.filter { $0.severity >= least })
      },
      uneventful: { rows.add(&$0, []) })
    for finding in analysis.conclude() where finding.severity >= least { groups.add(finding) }
    rows.withdraw(analysis.revisions)
    let totals = analysis.totals
    guard totals.files > 0 else { return problems }
    if input.isFromFolder {
      output.buffer.write(layout.palette.bold("── \(input.name.escapedForTerminal) "))
      output.buffer.write("\n")
    }
    let text = TotalsText(layout)
    text.writeHeadline(totals, groups, to: &output.buffer)
    FindingText(layout, input: input.shellText.escapedForTerminal)
      .write(groups, limit: all ? Int.max : 50, to: &output.buffer)
    ConnectionTable(
      layout, timers: tracking.timers, now: analysis.now,
      hasStreamNumbers: input.hasStreamNumbers
    ).write(rows, to: &output.buffer, afterLine: StandardOutput.drain)
    text.write(totals, to: &output.buffer)
    if input.isFromFolder { output.buffer.write("\n") }
    return problems
  }
}
