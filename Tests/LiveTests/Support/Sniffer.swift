import Foundation
import Testing

/// `tcpwhy sniff` in a network of its own, which goes when the last process in it has gone.
final class Sniffer {
  let folder = try? Folder()
  let process = Process()

  /// Starts it and waits until it listens.
  ///
  /// - Parameters:
  ///   - arguments: What follows `tcpwhy sniff`.
  ///   - isolation: What is its own, in the letters of unshare(1).
  ///   - setup: Shell words that prepare the network.
  ///   - launcher: What the program is started by.
  ///   - afterwards: A shell command to run when it has ended; without one, the process is the
  ///     program itself.
  ///   - output: Where standard output goes; nil for a file.
  init(
    _ arguments: [String], isolation: String = "-n", setup: String = "ip link set lo up",
    launcher: String = "", afterwards: String? = nil, output: FileHandle? = nil
  ) throws {
    let folder = try #require(folder)
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    let program = "\(launcher) \"$@\""
    let command = afterwards.map { "{ \(program); s=$?; \($0); exit $s; }" } ?? "exec \(program)"
    process.arguments =
      ["unshare"] + isolation.split(separator: " ").map(String.init)
      + ["sh", "-c", "\(setup) && \(command)", "sh", Place.executable, "sniff"] + arguments
    process.standardOutput = try output ?? folder.handle("output")
    process.standardError = try folder.handle("errors")
    process.standardInput = FileHandle.nullDevice
    try process.run()
    try wait("the program listens") { self.errors.contains("listening on") }
  }

  deinit {
    if process.isRunning { kill(process.processIdentifier, SIGKILL) }
  }

  var output: String { folder?.text("output") ?? "" }
  var errors: String { folder?.text("errors") ?? "" }

  /// Runs a shell command in its network; what it wrote.
  @discardableResult
  func shell(_ command: String) throws -> String {
    let result = try System.run(
      "/usr/bin/env",
      ["nsenter", "-t", "\(process.processIdentifier)", "-n", "sh", "-c", command])
    #expect(result.status == 0, "\(command)")
    return result.output
  }

  /// Makes traffic in its network; what the script wrote.
  @discardableResult
  func traffic(_ words: String) throws -> String {
    try shell("python3 '\(Place.script("traffic.py"))' \(words)")
  }

  /// A number of `/proc/PID/status`, or the words of a line.
  func status(_ name: String) -> [Substring] {
    let path = "/proc/\(process.processIdentifier)/status"
    let text = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
    let line = text.split(separator: "\n").first { $0.hasPrefix(name + ":") }
    return line.map { Array($0.split(whereSeparator: \.isWhitespace).dropFirst()) } ?? []
  }

  /// Kilobytes of memory it holds.
  var residentKilobytes: Int { status("VmRSS").first.flatMap { Int($0) } ?? 0 }

  /// Sends a signal and, unless told otherwise, waits for the end; the exit status.
  @discardableResult
  func end(_ signal: Int32 = SIGINT) throws -> Int32 {
    kill(process.processIdentifier, signal)
    return try waitForEnd()
  }

  /// Waits until it ends by itself; the exit status.
  @discardableResult
  func waitForEnd() throws -> Int32 {
    try wait("the program ends") { !self.process.isRunning }
    #expect(process.terminationReason == .exit)
    return process.terminationStatus
  }

  /// Waits until something holds, but not for ever.
  func wait(_ what: String, seconds: Double = 20, _ condition: () -> Bool) throws {
    let end = Date(timeIntervalSinceNow: seconds)
    while !condition() {
      let isOver = Date() > end
      try #require(!isOver, "\(what), within \(seconds) s: \(errors)")
      usleep(20_000)
    }
  }
}
