import ArgumentParser
import FlowDiagnosis
import FlowReport
import PacketCapture
import SystemPackage
import TCPModel

/// `tcpwhy report FILE… -o report.html`
struct Report: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "report",
    abstract: "Write one page of HTML to share: findings, connections, ladders.")

  @Argument(
    help: ArgumentHelp(
      "Captures to read, as one input in order of time. Words after them are a filter.",
      valueName: "file"))
  var files: [String]

  @OptionGroup var filter: FilterArguments

  @Option(
    name: [.customShort("o"), .long],
    help: ArgumentHelp("Where to write; - is standard output.", valueName: "path"))
  var output = "report.html"

  @Option(help: ArgumentHelp("Draw no more connections than this.", valueName: "count"))
  var limit = 40

  @OptionGroup(title: "Tracking") var tracking: TrackingOptions
  @OptionGroup(title: "Resources") var resources: ResourceOptions

  func validate() throws {
    _ = try filter.words(files)
    guard (0...10_000).contains(limit) else {
      throw ValidationError("--limit is between 0 and 10000.")
    }
  }

  func run() throws {
    let words = try filter.words(files)
    let input = CaptureInput(paths: words.paths, filter: words.filter)
    var analysis = Analysis(
      tracker: tracking.tracker, diagnosis: tracking.diagnosis, resources: resources)
    var groups = FindingGroups()
    var rows = ConnectionRows(limit: 500)
    var choice = TimelineChoice(limit: limit, drawsUnremarkable: false)
    let problems = analysis.read(
      input,
      { tracked, findings, pending in
        for finding in findings { groups.add(finding) }
        var line = ConnectionLine(tracked.connection)
        rows.add(&line, findings, pending: pending)
        choice.consider(tracked, findings, pending: pending)
      })
    let concluded = analysis.conclude()
    for finding in concluded { groups.add(finding) }
    rows.withdraw(analysis.revisions)
    let timelines = choice.conclude(concluded).map { Timeline($0, findings: $1) }
    if analysis.totals.files > 0 {
      var page = OutputBuffer()
      HTMLReport(input: input.name, timers: tracking.timers, end: analysis.now)
        .write(analysis.totals, groups, rows, timelines, to: &page)
      try write(page)
    }
    for problem in problems {
      StandardError.write(line: "tcpwhy: \(problem.escapedForTerminal)")
    }
    if !problems.isEmpty { throw EndStatus.unreadableInput }
  }

  private func write(_ page: OutputBuffer) throws {
    guard output != "-" else {
      var standard = StandardOutput()
      standard.buffer.write(bytes: page.bytes)
      standard.flush()
      return
    }
    do {
      let file = try FileDescriptor.open(
        FilePath(output), .writeOnly, options: [.create, .truncate, .closeOnExec],
        permissions: [.ownerReadWrite, .groupRead, .otherRead])
      try file.closeAfter { _ = try file.writeAll(page.bytes) }
    } catch {
      StandardError.write(line: "tcpwhy: \(output.escapedForTerminal): \(error)")
      throw EndStatus.unreadableInput
    }
  }
}
