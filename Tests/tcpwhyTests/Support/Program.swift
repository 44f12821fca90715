import Foundation
import Testing

/// The executable that was built beside the tests.
struct Program {
  /// What a run left behind.
  struct Result {
    var status: Int32
    var wasKilled: Bool
    var output: String
    var errors: String

    /// The lines of standard output.
    var lines: [Substring] { output.split(separator: "\n") }
  }

  private static var executable: URL {
    URL(fileURLWithPath: CommandLine.arguments[0]).resolvingSymlinksInPath()
      .deletingLastPathComponent().appendingPathComponent("tcpwhy")
  }

  /// Runs a shell command, in which it is `$0`.
  static func shell(_ command: String) throws -> Result {
    try run([], launcher: ["/bin/sh", "-c", command])
  }

  /// Runs it with arguments, with `input` on standard input, in `folder`, through `launcher`.
  static func run(
    _ arguments: [String], input: Data? = nil, environment: [String: String] = [:],
    folder: URL? = nil, launcher: [String] = []
  ) throws -> Result {
    let process = Process()
    if let folder { process.currentDirectoryURL = folder }
    let words = launcher + [executable.path] + arguments
    process.executableURL = URL(fileURLWithPath: words[0])
    process.arguments = Array(words.dropFirst())
    process.environment = ["PATH": "/usr/bin:/bin", "COLUMNS": "100"].merging(environment) { $1 }
    let scratch = try Scratch()
    let (output, errors, source) = (
      scratch.path("output"), scratch.path("errors"), scratch.path("input")
    )
    try Data().write(to: output)
    try Data().write(to: errors)
    try (input ?? Data()).write(to: source)
    process.standardOutput = try FileHandle(forWritingTo: output)
    process.standardError = try FileHandle(forWritingTo: errors)
    process.standardInput = try FileHandle(forReadingFrom: source)
    try process.run()
    process.waitUntilExit()
    return Result(
      status: process.terminationStatus,
      wasKilled: process.terminationReason == .uncaughtSignal,
      output: String(decoding: try Data(contentsOf: output), as: UTF8.self),
      errors: String(decoding: try Data(contentsOf: errors), as: UTF8.self))
  }
}

/// A folder that goes with the value.
final class Scratch {
  let url: URL

  init() throws {
    url = FileManager.default.temporaryDirectory
      .appendingPathComponent("tcpwhy-tests-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
  }

  deinit {
    try? FileManager.default.removeItem(at: url)
  }

  /// A path in the folder.
  func path(_ name: String) -> URL { url.appendingPathComponent(name) }

  /// Writes a file into the folder.
  func write(_ bytes: [UInt8], as name: String) throws -> String {
    let file = path(name)
    try FileManager.default.createDirectory(
      at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(bytes).write(to: file)
    return file.path
  }
}
