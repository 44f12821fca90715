import ArgumentParser
import FlowDiagnosis
import FlowReport

/// `tcpwhy explain [ID]`
struct Explain: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "explain",
    abstract: "List the diagnoses, or explain one: mechanism, proof, look-alikes, what to change.")

  @Argument(help: ArgumentHelp("The diagnosis.", valueName: "id"))
  var id: String?

  @OptionGroup(title: "Display") var display: DisplayOptions

  func validate() throws {
    if let id, RuleCatalogue.rule(id) == nil { throw unknownRule(id) }
  }

  func run() throws {
    var output = StandardOutput()
    let text = ExplanationText(display.layout())
    if let id, let rule = RuleCatalogue.rule(id) {
      text.write(rule, to: &output.buffer)
    } else {
      text.writeCatalogue(RuleCatalogue.all, to: &output.buffer)
    }
    output.flush()
  }
}
