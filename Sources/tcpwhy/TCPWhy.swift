import ArgumentParser

@main
struct TCPWhy: ParsableCommand {
  static let configuration = CommandConfiguration(commandName: "tcpwhy")
}
