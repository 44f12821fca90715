import ArgumentParser
import FlowReport
import PacketCapture

@main
struct TCPWhy: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tcpwhy",
    abstract: "Names what went wrong in TCP connections, from the packets.",
    usage: "tcpwhy FILE…\ntcpwhy <subcommand> …",
    version: "tcpwhy 0.1.0, \(libpcapVersion())",
    subcommands: [
      Analyze.self, Sniff.self, TimelineCommand.self, Report.self, Explain.self, PrintSchema.self,
      Interfaces.self,
    ],
    defaultSubcommand: Analyze.self)

  /// Parses the command line, runs what it asks for and ends with the status that says how it went.
  static func main() {
    ignoreBrokenPipes()
    do {
      var command = try command(Array(CommandLine.arguments.dropFirst()))
      try command.run()
    } catch let status as EndStatus {
      status.leave()
    } catch {
      let code = exitCode(for: error)
      let text = fullMessage(for: error)
      guard code != .success else {
        var output = StandardOutput()
        output.buffer.write(text)
        output.buffer.write("\n")
        output.flush()
        EndStatus.done.leave()
      }
      StandardError.write(line: text)
      EndStatus.wrongUsage.leave()
    }
  }

  /// The command that arguments ask for. It is tried by itself first: on the way from the root the
  /// parser makes itself a picture of it several times over. What it does not simply take goes all
  /// the way, so that help and errors are those of the root.
  private static func command(_ arguments: [String]) throws -> any ParsableCommand {
    guard let first = arguments.first, !first.hasPrefix("-"), first != "help" else {
      return try parseAsRoot(arguments)
    }
    let named = configuration.subcommands.first { $0.configuration.commandName == first }
    do {
      return try named?.parse(Array(arguments.dropFirst())) ?? Analyze.parse(arguments)
    } catch {
      return try parseAsRoot(arguments)
    }
  }
}
