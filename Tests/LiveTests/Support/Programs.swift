import Foundation
import Testing

/// Where things are.
enum Place {
  /// The executable that was built beside the tests.
  static var executable: String {
    URL(fileURLWithPath: CommandLine.arguments[0]).resolvingSymlinksInPath()
      .deletingLastPathComponent().appendingPathComponent("tcpwhy").path
  }

  /// The folder of the package.
  static var package: URL {
    URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent()
  }

  static var captures: URL { package.appendingPathComponent("Captures") }

  /// A script of the tests.
  static func script(_ name: String) -> String {
    package.appendingPathComponent("Tests/LiveTests/Support/\(name)").path
  }
}

/// What the tests need of the system.
enum System {
  static var isRoot: Bool { geteuid() == 0 }

  /// Whether the live tests can run: root, and the tools that build networks.
  static var canCapture: Bool {
    isRoot && ["ip", "python3", "unshare", "nsenter"].allSatisfy(isInstalled)
  }

  static func isInstalled(_ program: String) -> Bool {
    (try? run("/bin/sh", ["-c", "command -v \(program)"]).status) == 0
  }

  /// A program's exit status and what it wrote to standard output.
  @discardableResult
  static func run(_ path: String, _ arguments: [String]) throws -> (status: Int32, output: String) {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: path)
    process.arguments = arguments
    let folder = try Folder()
    process.standardOutput = try folder.handle("output")
    process.standardError = try folder.handle("errors")
    process.standardInput = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    return (process.terminationStatus, folder.text("output"))
  }
}

/// A folder that goes with the value.
final class Folder {
  let url: URL

  init() throws {
    url = FileManager.default.temporaryDirectory
      .appendingPathComponent("tcpwhy-live-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
  }

  deinit {
    try? FileManager.default.removeItem(at: url)
  }

  func path(_ name: String) -> String { url.appendingPathComponent(name).path }

  /// What a file holds; nothing when it is not there.
  func text(_ name: String) -> String {
    (try? Data(contentsOf: url.appendingPathComponent(name)))
      .map { String(decoding: $0, as: UTF8.self) } ?? ""
  }

  /// An empty file to write to.
  func handle(_ name: String) throws -> FileHandle {
    try Data().write(to: url.appendingPathComponent(name))
    return try FileHandle(forWritingTo: url.appendingPathComponent(name))
  }
}
