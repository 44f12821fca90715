import ArgumentParser
import FlowReport

/// `tcpwhy schema`
struct PrintSchema: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "schema", abstract: "Print the JSON Schema of the records of analyze --json.")

  func run() throws {
    var output = StandardOutput()
    output.buffer.write(RecordSchema.text)
    output.flush()
  }
}
