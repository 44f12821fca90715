import Foundation
import Testing

@Suite("The command line")
struct CommandLineTests {
  private func refusal(_ scratch: Scratch) throws -> String {
    try scratch.write(CaptureBytes.refusal, as: "refused.pcap")
  }

  @Test(
    "Wrong usage is status 2, explained on standard error",
    arguments: [
      [], ["--no-such-flag", "x"], ["--json", "--csv", "x"], ["--records", "nonsense", "x"],
      ["--color", "blue", "x"], ["--fail-on", "panic", "x"], ["explain", "no-such-thing"],
      ["timeline", "x", "--finding", "no-such-thing"], ["--limit-rate", "a/b", "x"],
      ["--syn-sent", "0", "x"], ["--syn-received", "-1", "x"], ["--closing", "86401", "x"],
    ])
  func wrongUsage(arguments: [String]) throws {
    let result = try Program.run(arguments)
    #expect(result.status == 2)
    #expect(result.output.isEmpty)
    #expect(!result.errors.isEmpty)
  }

  @Test("Help is status 0 on standard output")
  func help() throws {
    let result = try Program.run(["--help"])
    #expect(result.status == 0)
    #expect(result.output.contains("timeline"))
    #expect(result.errors.isEmpty)
  }

  @Test("The version is told with that of libpcap, for reports of what went wrong")
  func version() throws {
    let result = try Program.run(["--version"])
    #expect(result.status == 0)
    #expect(result.output.hasPrefix("tcpwhy "))
    #expect(result.output.contains("libpcap version "))
    #expect(result.errors.isEmpty)
  }

  @Test(
    "A command says its usage as one of tcpwhy, whichever way it is asked",
    arguments: [
      (["analyze", "--help"], "tcpwhy analyze"), (["x.pcap", "--help"], "tcpwhy analyze"),
      (["help", "timeline"], "tcpwhy timeline"), (["timeline", "-h"], "tcpwhy timeline"),
      (["explain", "--no-such-flag"], "tcpwhy explain"),
      (["x.pcap", "--no-such-flag"], "tcpwhy analyze"),
    ] as [([String], String)])
  func usage(arguments: [String], name: String) throws {
    let result = try Program.run(arguments)
    #expect((result.output + result.errors).lowercased().contains("usage: \(name) "))
  }

  /// How long an end waits before it has given up: option, segments before, and the change of state.
  static let patience: [(option: String, flags: [(Bool, UInt8)], change: String)] = [
    ("--syn-sent", [(true, 0x02)], #""from":"SYN-SENT","to":"CLOSED""#),
    ("--syn-received", [(true, 0x02), (false, 0x12)], #""from":"SYN-RECEIVED","to":"LISTEN""#),
    (
      "--closing", [(true, 0x02), (false, 0x12), (true, 0x10), (true, 0x11)],
      #""from":"FIN-WAIT-1","to":"CLOSED""#
    ),
    (
      "--fin-wait2", [(true, 0x02), (false, 0x12), (true, 0x10), (true, 0x11), (false, 0x10)],
      #""from":"FIN-WAIT-2","to":"CLOSED""#
    ),
  ]

  @Test("Ends give up after the time that the option says", arguments: patience.indices)
  func givingUp(index: Int) throws {
    let (option, flags, change) = CommandLineTests.patience[index]
    var sent: [Bool: UInt32] = [true: 1000, false: 5000]
    var frames = flags.map { fromClient, flags in
      defer { if flags & 0x03 != 0 { sent[fromClient]! += 1 } }
      return CaptureBytes.segment(
        fromClient: fromClient, flags: flags, sequence: sent[fromClient]!,
        acknowledgment: flags & 0x10 == 0 ? 0 : sent[!fromClient]!)
    }
    // Somebody else's SYN shows that time has passed.
    frames.append(
      CaptureBytes.segment(
        fromClient: true, flags: 0x02, sequence: 1, acknowledgment: 0, clientPort: [0x9c, 0x41]))
    let scratch = try Scratch()
    let path = try scratch.write(CaptureBytes.pcap(frames, lastAfter: 20), as: "silence.pcap")
    func changes(_ seconds: String) throws -> [Substring] {
      try Program.run(["--json", "--records", "transition", option, seconds, path]).lines
        .filter { $0.contains(change) && $0.contains(#""evidence":"timer""#) }
    }
    #expect(try changes("15").count == 1)
    #expect(try changes("25").isEmpty)
  }

  @Test("Findings alone are status 0; --fail-on makes them status 1")
  func failOn() throws {
    let scratch = try Scratch()
    let path = try refusal(scratch)
    let plain = try Program.run([path])
    #expect(plain.status == 0)
    #expect(plain.output.contains("connection-refused"))
    #expect(try Program.run(["--fail-on", "error", path]).status == 1)
    #expect(try Program.run(["--fail-on", "warning", path]).status == 1)
    let healthy = try scratch.write(CaptureBytes.handshake, as: "healthy.pcap")
    #expect(try Program.run(["--fail-on", "warning", healthy]).status == 0)
  }

  @Test("An input that could not be read outweighs a finding")
  func failOnUnreadable() throws {
    let scratch = try Scratch()
    let result = try Program.run(["--fail-on", "note", refusal(scratch), "/nowhere"])
    #expect(result.status == 3)
  }

  @Test("analyze is what happens without a subcommand")
  func defaultCommand() throws {
    let scratch = try Scratch()
    let path = try refusal(scratch)
    #expect(try Program.run([path]).output == Program.run(["analyze", path]).output)
  }

  @Test("The same input gives the same bytes", arguments: [["--json"], ["--csv"], []])
  func determinism(options: [String]) throws {
    let scratch = try Scratch()
    let path = try refusal(scratch)
    let first = try Program.run(options + [path])
    #expect(try first.output == Program.run(options + [path]).output)
    #expect(!first.output.isEmpty)
  }

  @Test("A pipe gets no colours unless they are asked for")
  func colors() throws {
    let scratch = try Scratch()
    let path = try refusal(scratch)
    #expect(try !Program.run([path]).output.contains("\u{1b}"))
    #expect(try Program.run(["--color", "always", path]).output.contains("\u{1b}[31;1mERROR"))
    #expect(try !Program.run(["--color", "never", path]).output.contains("\u{1b}"))
  }

  @Test("CSV has a header and a line per connection, each with as many fields")
  func csv() throws {
    let scratch = try Scratch()
    let result = try Program.run(["--csv", refusal(scratch)])
    #expect(result.lines.count == 2)
    let fields = result.lines.map {
      $0.split(separator: ",", omittingEmptySubsequences: false).count
    }
    #expect(Set(fields).count == 1)
    #expect(result.lines.first?.hasPrefix("id,incarnation") == true)
  }

  @Test("--min-severity leaves out what is milder")
  func minSeverity() throws {
    let scratch = try Scratch()
    let path = try refusal(scratch)
    let result = try Program.run([
      "--json", "--records", "finding", "--min-severity", "error", path,
    ])
    #expect(result.lines.allSatisfy { $0.contains(#""severity":"error""#) })
    #expect(!result.lines.isEmpty)
  }

  @Test("A timeline shows both ends and the frames of the proof")
  func timeline() throws {
    let scratch = try Scratch()
    let result = try Program.run(["timeline", refusal(scratch), "--finding", "connection-refused"])
    #expect(result.status == 0)
    #expect(result.output.contains("SYN-SENT"))
    #expect(result.output.contains("S 0:0(0) win 65535"))
    #expect(result.output.contains("▲ connection-refused"))
  }

  @Test("A timeline is of the connections asked for")
  func choice() throws {
    let scratch = try Scratch()
    let path = try refusal(scratch)
    for options in [["-n", "1"], ["--port", "80"], ["--address", "192.0.2.9"]] {
      #expect(try Program.run(["timeline", path] + options).output.contains("Connection 1"))
    }
    for options in [["-n", "2"], ["--port", "81"], ["--address", "192.0.2.8"]] {
      let result = try Program.run(["timeline", path] + options)
      #expect(result.output.isEmpty)
      #expect(result.errors.contains("no connection matches"))
    }
  }

  @Test("A report is one page with the findings in it")
  func report() throws {
    let scratch = try Scratch()
    let page = scratch.path("page.html")
    let result = try Program.run(["report", refusal(scratch), "-o", page.path])
    #expect(result.status == 0)
    #expect(result.output.isEmpty)
    let text = try String(contentsOf: page, encoding: .utf8)
    #expect(text.hasPrefix("<!DOCTYPE html>"))
    #expect(text.contains("connection-refused"))
    #expect(text.hasSuffix("</html>\n"))
    let nowhere = try Program.run(["report", refusal(scratch), "-o", "/no/such/folder/x.html"])
    #expect(nowhere.status == 3)
    #expect(nowhere.errors.contains("/no/such/folder/x.html"))
  }

  @Test("explain lists every diagnosis and has a page of each")
  func explain() throws {
    let catalogue = try Program.run(["explain"])
    #expect(catalogue.status == 0)
    let ids = catalogue.lines.filter { $0.hasPrefix("  ") && !$0.hasPrefix("   ") }
      .compactMap { $0.split(separator: " ").first.map(String.init) }
    #expect(ids.contains("connection-refused"))
    for id in ids {
      let page = try Program.run(["explain", id], environment: ["COLUMNS": "80"])
      #expect(page.status == 0, "\(id)")
      for heading in ["MECHANISM", "PROOF", "WHAT TO CHANGE", "REFERENCES"] {
        #expect(page.output.contains("\n\(heading)\n"), "\(id): \(heading)")
      }
    }
  }

  @Test("An unknown diagnosis brings the name that was meant")
  func nearMiss() throws {
    let result = try Program.run(["explain", "conection-refused"])
    #expect(result.status == 2)
    #expect(result.errors.contains("connection-refused"))
  }

  @Test("The schema is JSON")
  func schema() throws {
    let result = try Program.run(["schema"])
    let value = try JSONSerialization.jsonObject(with: Data(result.output.utf8))
    #expect((value as? [String: Any])?["$defs"] != nil)
  }
}
