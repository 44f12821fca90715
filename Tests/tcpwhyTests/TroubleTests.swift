import Foundation
import Testing

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// One clear line, and the status that says so.
@Suite("Trouble with files and outputs")
struct TroubleTests {
  /// Root without the right to read what it may not: setpriv(1) takes the capabilities away.
  private static let asNobodySpecial = [
    "/usr/bin/setpriv", "--inh-caps=-all", "--ambient-caps=-all", "--bounding-set=-all",
  ]

  private static let canLoseRights =
    geteuid() != 0 || FileManager.default.isExecutableFile(atPath: asNobodySpecial[0])

  private static func runWithoutRights(_ arguments: [String]) throws -> Program.Result {
    try Program.run(arguments, launcher: geteuid() == 0 ? asNobodySpecial : [])
  }

  private static func setRights(_ path: String, _ rights: Int) throws {
    try FileManager.default.setAttributes([.posixPermissions: rights], ofItemAtPath: path)
  }

  private static func expectOneLine(
    _ result: Program.Result, _ words: String..., status: Int32 = 3,
    location: SourceLocation = #_sourceLocation
  ) {
    #expect(result.status == status, sourceLocation: location)
    #expect(!result.wasKilled, sourceLocation: location)
    let lines = result.errors.split(separator: "\n")
    #expect(lines.count == 1, "\(result.errors)", sourceLocation: location)
    for text in words {
      #expect(result.errors.contains(text), "\(result.errors)", sourceLocation: location)
    }
  }

  @Test(
    "A file that may not be read", .enabled(if: canLoseRights, "needs setpriv"),
    arguments: ["analyze", "timeline", "report", "--json", "--csv"])
  func unreadableFile(command: String) throws {
    let scratch = try Scratch()
    let path = try scratch.write(CaptureBytes.handshake, as: "secret.pcap")
    try Self.setRights(path, 0)
    let output = command == "report" ? ["-o", scratch.path("page.html").path] : []
    Self.expectOneLine(
      try Self.runWithoutRights([command, path] + output), path, "permission denied")
  }

  @Test("A folder that may not be read", .enabled(if: canLoseRights, "needs setpriv"))
  func unreadableFolder() throws {
    let scratch = try Scratch()
    _ = try scratch.write(CaptureBytes.handshake, as: "captures/closed/one.pcap")
    let closed = scratch.path("captures/closed").path
    try Self.setRights(closed, 0)
    defer { try? Self.setRights(closed, 0o700) }
    Self.expectOneLine(try Self.runWithoutRights([closed]), closed, "permission denied")
    // What can be read beside it is reported first.
    _ = try scratch.write(CaptureBytes.handshake, as: "captures/two.pcap")
    let result = try Self.runWithoutRights([scratch.path("captures").path])
    Self.expectOneLine(result, closed, "permission denied")
    #expect(result.output.contains("two.pcap"))
  }

  @Test("A folder in which nothing may be written", .enabled(if: canLoseRights, "needs setpriv"))
  func unwritableFolder() throws {
    let scratch = try Scratch()
    let path = try scratch.write(CaptureBytes.handshake, as: "one.pcap")
    let page = scratch.path("closed/page.html")
    try FileManager.default.createDirectory(
      at: page.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Self.setRights(page.deletingLastPathComponent().path, 0o500)
    Self.expectOneLine(
      try Self.runWithoutRights(["report", path, "-o", page.path]), page.path,
      "Permission denied")
  }

  @Test("Devices", arguments: [("/dev/null", "is empty"), ("/dev/zero", "is not a capture")])
  func devices(path: String, reason: String) throws {
    Self.expectOneLine(try Program.run([path]), path, reason)
  }

  @Test("A folder is passed over what waits for ever: fifos, sockets, links to them")
  func waitingFiles() throws {
    let scratch = try Scratch()
    _ = try scratch.write(CaptureBytes.handshake, as: "captures/one.pcap")
    _ = try Program.shell("mkfifo '\(scratch.path("captures/fifo.pcap").path)'")
    for (link, target) in [("link", "fifo.pcap"), ("zero", "/dev/zero"), ("none", "nowhere")] {
      try FileManager.default.createSymbolicLink(
        atPath: scratch.path("captures/\(link).pcap").path, withDestinationPath: target)
    }
    let result = try Program.run(["--json", "--records", "summary", scratch.path("captures").path])
    #expect(result.status == 0)
    #expect(result.errors.isEmpty)
    #expect(result.lines.count == 1)
  }

  @Test("A fifo is read like a file, and its end is the end")
  func fifo() throws {
    let scratch = try Scratch()
    let fifo = scratch.path("live.pcap").path
    let source = try scratch.write(CaptureBytes.handshake, as: "one.pcap")
    let result = try Program.shell(
      "mkfifo '\(fifo)'; cat '\(source)' >'\(fifo)' & exec \"$0\" --json '\(fifo)'")
    #expect(result.status == 0)
    #expect(result.output.contains(#""opened":"handshake""#))
  }

  @Test("A capture that grows while it is read is read as far as it is whole")
  func growing() throws {
    let scratch = try Scratch()
    let whole = CaptureBytes.handshake
    let path = try scratch.write(Array(whole.dropLast(30)), as: "growing.pcap")
    Self.expectOneLine(try Program.run([path]), "cut off inside frame 3", "30 bytes missing")
    _ = try scratch.write(whole, as: "growing.pcap")
    #expect(try Program.run([path]).status == 0)
    // What comes through a pipe in pieces is no cut.
    let pieces = "{ head -c 70 '\(path)'; sleep 0.3; tail -c +71 '\(path)'; } | \"$0\" --json -"
    let result = try Program.shell(pieces)
    #expect(result.status == 0)
    #expect(result.output.contains(#""tcp_segments":3"#))
  }

  @Test(
    "A full disk",
    arguments: [
      "", "--json", "--csv", "timeline", "explain", "schema", "--help",
    ])
  func fullDisk(command: String) throws {
    let scratch = try Scratch()
    let path = try scratch.write(CaptureBytes.refusal, as: "one.pcap")
    let input = ["explain", "schema", "--help"].contains(command) ? "" : "'\(path)'"
    let result = try Program.shell("exec \"$0\" \(command) \(input) >/dev/full")
    Self.expectOneLine(result, "standard output", "No space left on device")
  }

  @Test("A disk that fills while the page is written")
  func fullDiskOfThePage() throws {
    let scratch = try Scratch()
    let path = try scratch.write(CaptureBytes.refusal, as: "one.pcap")
    Self.expectOneLine(
      try Program.run(["report", path, "-o", "/dev/full"]), "/dev/full",
      "No space left on device")
  }

  @Test("A reader that goes ends it quietly", arguments: ["", "--json", "--csv", "explain"])
  func brokenPipe(command: String) throws {
    let scratch = try Scratch()
    let path = try scratch.write(CaptureBytes.refusal, as: "one.pcap")
    let input = command == "explain" ? "" : "'\(path)'"
    let result = try Program.shell(
      """
      mkfifo '\(scratch.path("pipe").path)'
      exec 3<>'\(scratch.path("pipe").path)' 4>'\(scratch.path("pipe").path)' 3>&-
      exec "$0" \(command) \(input) >&4
      """)
    #expect(result.status == 0)
    #expect(!result.wasKilled)
    #expect(result.errors.isEmpty)
  }

  @Test("Standard output that is closed")
  func closedOutput() throws {
    let scratch = try Scratch()
    let path = try scratch.write(CaptureBytes.refusal, as: "one.pcap")
    let result = try Program.shell("exec \"$0\" '\(path)' >&-")
    Self.expectOneLine(result, "standard output", "Bad file descriptor")
  }
}
