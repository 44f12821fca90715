import Foundation
import Testing

@Suite("Filters for files")
struct FilterTests {
  /// A handshake on one port and a refusal on another, one after the other.
  private static func both(_ scratch: Scratch) throws -> [String] {
    [
      try scratch.write(CaptureBytes.handshake, as: "handshake.pcap"),
      try scratch.write(CaptureBytes.refusal, as: "refusal.pcap"),
    ]
  }

  @Test(
    "keep the frames they want, as words at the end or with -f",
    arguments: [
      (["tcp[tcpflags] & tcp-rst != 0"], 1), (["tcp", "and", "port", "1"], 0),
      (["not", "tcp"], 0), (["(tcp)"], 3), (["ip"], 3),
    ])
  func words(filter: [String], packets: Int) throws {
    let scratch = try Scratch()
    let path = try scratch.write(
      filter.first?.contains("rst") == true ? CaptureBytes.refusal : CaptureBytes.handshake,
      as: "one.pcap")
    let wanted = #""packets":\#(packets),"#
    let after = try Program.run(["--json", "--records", "summary", path] + filter)
    #expect(after.status == 0)
    #expect(after.output.contains(wanted), "\(after.output)")
    let before = try Program.run(
      ["-f", filter.joined(separator: " "), "--json", "--records", "summary", path])
    #expect(before.output == after.output)
  }

  @Test("leave the frames their numbers")
  func numbers() throws {
    let scratch = try Scratch()
    let paths = try Self.both(scratch)
    let result = try Program.run(
      ["--json", "--records", "connection"] + paths + ["tcp[tcpflags] & tcp-rst != 0"])
    #expect(result.status == 0)
    #expect(result.lines.count == 1)
    #expect(!result.output.contains(#""first_frame":1,"#))
  }

  @Test("are understood by every command that reads captures")
  func commands() throws {
    let scratch = try Scratch()
    let path = try scratch.write(CaptureBytes.handshake, as: "one.pcap")
    let ladder = try Program.run(["timeline", path, "port", "1"])
    #expect(ladder.errors.contains("no connection matches"))
    let page = try Program.run(["report", "-o", "-", path, "port", "1"])
    #expect(page.status == 0)
    #expect(!page.output.contains("ESTABLISHED"))
  }

  @Test(
    "that are none, or are given twice, are wrong usage",
    arguments: [["port", "many"], ["tcp", "and"], ["-f", "tcp", "ip"], ["("]])
  func wrong(words: [String]) throws {
    let scratch = try Scratch()
    let path = try scratch.write(CaptureBytes.handshake, as: "one.pcap")
    let result = try Program.run([path] + words)
    #expect(result.status == 2)
    #expect(result.output.isEmpty)
  }

  @Test("drop frames of a link type they cannot be said for, and say so after the rest")
  func linkTypes() throws {
    let scratch = try Scratch()
    let paths = [
      try scratch.write(CaptureBytes.handshake, as: "ip.pcap"),
      try scratch.write(CaptureBytes.pcap(linkType: 147, [[1, 2, 3]]), as: "user.pcap"),
    ]
    let result = try Program.run(["--json", "--records", "summary"] + paths + ["tcp"])
    #expect(result.status == 3)
    #expect(result.output.contains(#""packets":3,"#))
    #expect(result.errors.contains("tcp: not a filter"))
    #expect(result.errors.split(separator: "\n").count == 1)
  }

  @Test("do not stand in the way of a file that is called like a word of theirs")
  func fileNames() throws {
    let scratch = try Scratch()
    _ = try scratch.write(CaptureBytes.handshake, as: "one.pcap")
    _ = try scratch.write(CaptureBytes.handshake, as: "tcp")
    let result = try Program.run(
      ["--json", "--records", "summary", "one.pcap", "tcp"], folder: scratch.url)
    #expect(result.output.contains(#""files":2,"packets":6,"#))
    let missing = try Program.run(["one.pcap", "tow.pcap"], folder: scratch.url)
    #expect(missing.errors.contains("tow.pcap: no such file"))
  }
}
