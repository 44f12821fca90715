import ArgumentParser
import FlowDiagnosis
import FlowReport
import PacketCapture
import PacketDecoding
import TCPModel

/// `tcpwhy timeline FILE…`
struct TimelineCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "timeline",
    abstract: "Draw connections as ladders, the states of both ends at the sides.",
    discussion: """
      Without a choice, the connections with findings are drawn, those with the worst where there \
      are too many, or all if there are none. × marks a state that was never reached, as a later \
      frame showed.
      """)

  @OptionGroup var input: InputArguments

  @Option(
    name: [.customShort("n", allowingJoined: true), .customLong("connection")],
    help: ArgumentHelp("Connections by number; may be repeated.", valueName: "number"))
  var connections: [UInt64] = []

  @Option(help: ArgumentHelp("Connections with this finding.", valueName: "id"))
  var finding: String?

  @Option(help: ArgumentHelp("Connections with this address at one end.", valueName: "address"))
  var address: IPAddress?

  @Option(help: ArgumentHelp("Connections with this port at one end.", valueName: "port"))
  var port: UInt16?

  @Flag(name: [.customShort("a"), .long], help: "Draw every segment, undisturbed data as well.")
  var all = false

  @Option(help: ArgumentHelp("Draw no more connections than this.", valueName: "count"))
  var limit = 20

  @OptionGroup(title: "Tracking") var tracking: TrackingOptions
  @OptionGroup(title: "Resources") var resources: ResourceOptions
  @OptionGroup(title: "Display") var display: DisplayOptions

  func validate() throws {
    if let finding, RuleCatalogue.rule(finding) == nil { throw unknownRule(finding) }
    guard limit > 0 else { throw ValidationError("--limit takes a number above 0.") }
  }

  func run() throws {
    var output = StandardOutput()
    var status = EndStatus.done
    for input in try input.inputs() {
      var options = tracking.tracker
      if all {
        options.keepsAllSegments = true
        options.maximumSegments = 100_000
        options.maximumTransitions = 1000
      }
      var analysis = Analysis(
        tracker: options, diagnosis: tracking.diagnosis, resources: resources)
      var choice = TimelineChoice(
        limit: limit, connections: connections, finding: finding, address: address, port: port)
      let problems = analysis.read(
        input,
        { tracked, findings, pending in
          choice.consider(tracked, findings, pending: pending)
        })
      let chosen = choice.conclude(analysis.conclude())
      let layout = display.layout(.relative)
      if input.isFromFolder, !chosen.isEmpty {
        output.buffer.write(layout.palette.bold("── \(input.name.escapedForTerminal) "))
        output.buffer.write("\n")
      }
      for (tracked, findings) in chosen {
        TimelineText(
          Timeline(tracked, findings: findings), layout, timers: tracking.timers,
          end: analysis.now, hasStreamNumber: input.hasStreamNumbers
        ).write(to: &output.buffer)
        output.drain()
      }
      output.flush()
      if choice.overflow > 0 {
        StandardError.write(
          line: "tcpwhy: \(choice.overflow) more connections match; --limit draws more, "
            + "--connection, --finding, --address or --port choose")
      }
      if chosen.isEmpty, problems.isEmpty, !input.isFromFolder {
        StandardError.write(line: "tcpwhy: no connection matches")
      }
      for problem in problems {
        StandardError.write(line: "tcpwhy: \(problem.escapedForTerminal)")
        status = .unreadableInput
      }
    }
    if status != .done { throw status }
  }
}

/// Says which name may have been meant.
func unknownRule(_ id: String) -> ValidationError {
  let names = NearMiss.suggestions(for: id, among: RuleCatalogue.all.map(\.id))
  let hint =
    names.isEmpty
    ? "tcpwhy explain lists them." : "Did you mean \(names.joined(separator: " or "))?"
  return ValidationError("There is no diagnosis \(id.escapedForTerminal). \(hint)")
}
