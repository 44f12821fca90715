import ArgumentParser
import FlowDiagnosis
import FlowReport
import PacketCapture
import SystemPackage
import TCPModel

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// `tcpwhy sniff -i IFACE [BPF…]`
struct Sniff: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sniff",
    abstract: "Capture live and say what goes wrong while it happens.",
    discussion: """
      Needs root or cap_net_raw to open the device, and gives up all privileges before the first \
      packet is decoded. Ctrl-C, SIGTERM, -c and --duration end with the report of what was seen; \
      SIGUSR1 writes counters to standard error.

      Exit status: 0 done, with findings or without; 1 with --fail-on, when a finding that severe \
      was made; 2 wrong usage; 3 the device could not be captured to the end, or a file or the \
      output could not be written.
      """)

  @OptionGroup var source: SniffSource
  @OptionGroup(title: "Capture file") var file: SniffFile

  @Option(
    help: ArgumentHelp("Say how things stand this often: 5s, 1min.", valueName: "time"))
  var summary: TimeLength?

  @Flag(help: "Show every change of state.")
  var transitions = false

  @Flag(help: "Show a screen that refreshes in place; the report comes at the end.")
  var dashboard = false

  @Flag(help: "Write JSON lines as things happen; tcpwhy schema describes them.")
  var json = false

  @Option(
    help: ArgumentHelp(
      "JSON records to write: connection, transition, finding, summary.", valueName: "kinds"))
  var records = RecordChoice()

  @Flag(
    name: [.customShort("a"), .long], help: "Report all causes and all connections at the end.")
  var all = false

  @Option(
    help: ArgumentHelp(
      "End with status 1 on a finding: note, warning, error.", valueName: "severity"),
    transform: Severity.init(named:))
  var failOn: Severity?

  @Option(
    help: ArgumentHelp("Leave out findings below: note, warning, error.", valueName: "severity"),
    transform: Severity.init(named:))
  var minSeverity = Severity.note

  @Option(
    help: ArgumentHelp(
      "Hold no more connections at once; closed ones go first.", valueName: "count"))
  var maxConnections = 250_000

  @Option(
    help: ArgumentHelp("Let a connection go after this silence.", valueName: "time"))
  var idleLimit: TimeLength?

  @OptionGroup(title: "Tracking") var tracking: TrackingOptions
  @OptionGroup(title: "Display") var display: DisplayOptions

  func validate() throws {
    if dashboard {
      guard !json, !transitions, file.path != "-" else {
        throw ValidationError("--dashboard goes with neither --json, --transitions nor -w -.")
      }
      guard StandardStreams.isOutputTerminal else {
        throw ValidationError("--dashboard needs a terminal on standard output.")
      }
    }
    guard (16...100_000_000).contains(maxConnections) else {
      throw ValidationError("--max-connections is between 16 and 100000000.")
    }
  }

  func run() throws {
    let ending: Ending
    do throws(CaptureError) {
      let user = try Privileges.user(named: source.user)
      let capture = try LiveCapture(device: source.interface, options: source.options(file))
      let writer = try file.open(capture.linkType, capture.snapLength, user)
      try Privileges.drop(to: user)
      try file.checkRotation()
      ending = try sniff(capture, writer)
    } catch {
      StandardError.write(line: "tcpwhy: \("\(error)".escapedForTerminal)")
      throw error.isUsage ? EndStatus.wrongUsage : EndStatus.unreadableInput
    }
    if let line = ending.line { StandardError.write(line: "tcpwhy: \(line.escapedForTerminal)") }
    if ending.status != .done { throw ending.status }
    if let failOn, let worst = ending.worst, worst >= failOn { throw EndStatus.foundFault }
  }

  private func sniff(
    _ capture: consuming LiveCapture, _ writer: consuming CaptureWriter?
  ) throws(CaptureError) -> Ending {
    let signals: SignalPipe
    do throws(Errno) {
      // The screen has to be given back, however often we are asked to end.
      let ending = [SIGINT, SIGTERM, SIGHUP]
      signals =
        try dashboard
        ? SignalPipe(ending: [], other: ending + [SIGQUIT, SIGTSTP, SIGWINCH, SIGUSR1])
        : SignalPipe(ending: ending, other: [SIGUSR1])
    } catch {
      throw CaptureError(
        .system(error.rawValue, doing: "making a pipe"), source: "signals")
    }
    announce(capture)
    let layout = display.layout()
    let report = LiveReport(
      layout: layout, timers: tracking.timers, limit: all ? Int.max : 50, file: file.path)
    if json { return show(LiveRecords(records.kinds), capture, writer, signals) }
    if dashboard {
      let view = LiveDashboard(
        device: source.interface.escapedForTerminal, palette: layout.palette, report: report)
      return show(view, capture, writer, signals)
    }
    let view = LiveText(layout: layout, timers: tracking.timers, report: report)
    return show(view, capture, writer, signals)
  }

  private func show(
    _ view: some LiveView, _ capture: consuming LiveCapture, _ writer: consuming CaptureWriter?,
    _ signals: SignalPipe
  ) -> Ending {
    let analysis = LiveAnalysis(
      tracker: trackerOptions, diagnosis: tracking.diagnosis, minSeverity: minSeverity,
      showsTransitions: transitions || json || dashboard)
    var session = LiveSession(
      capture: capture, writer: writer, analysis: analysis, view: view,
      output: LiveOutput(file.path == "-" ? .standardError : .standardOutput), signals: signals,
      limits: LiveLimits(
        frames: source.count, duration: source.duration?.duration,
        summary: summary?.duration ?? (dashboard ? .seconds(1) : nil)))
    return Ending(session.run(), worst: session.worstSeverity)
  }

  private var trackerOptions: TrackerOptions {
    var options = tracking.tracker
    options.maximumConnections = maxConnections
    // A little longer than Linux keeps a silent connection before it probes (tcp_keepalive_time).
    options.idleLimit = idleLimit?.nanoseconds ?? 3 * 3600 * Timers.second
    var random = SystemRandomNumberGenerator()
    options.hashSeed = HashSeed(random.next(), random.next())
    return options
  }

  /// Says on standard error what is captured, and as whom.
  private func announce(_ capture: borrowing LiveCapture) {
    if !capture.warning.isEmpty {
      StandardError.write(line: "tcpwhy: \(source.interface): \(capture.warning)")
    }
    StandardError.write(
      line: "tcpwhy: listening on \(source.interface.escapedForTerminal), snap length "
        + "\(capture.snapLength) bytes, as user \(Privileges.currentUser)")
  }
}
