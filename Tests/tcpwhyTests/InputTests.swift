import Foundation
import Testing

@Suite("What can be given as input")
struct InputTests {
  @Test("A missing file is status 3 and one line that names it")
  func missing() throws {
    let result = try Program.run(["/no/such/file.pcap"])
    #expect(result.status == 3)
    #expect(result.output.isEmpty)
    #expect(result.errors == "tcpwhy: /no/such/file.pcap: no such file\n")
  }

  @Test("What is no capture is status 3 and says so")
  func notACapture() throws {
    let scratch = try Scratch()
    let path = try scratch.write(Array("Dear diary, today I saw 3 packets.".utf8), as: "diary.pcap")
    let result = try Program.run(["analyze", path])
    #expect(result.status == 3)
    #expect(result.errors.contains("is not a capture"))
    #expect(result.errors.split(separator: "\n").count == 1)
  }

  @Test("A truncated capture is read up to the cut, which is reported")
  func truncated() throws {
    let scratch = try Scratch()
    let path = try scratch.write(CaptureBytes.handshake.dropLast(5), as: "cut.pcap")
    let result = try Program.run(["--json", path])
    #expect(result.status == 3)
    #expect(result.output.contains(#""tcp_segments":2"#))
    #expect(result.errors.contains("frame 3"))
  }

  @Test("Every truncation of a capture ends with a status, never with a signal")
  func everyTruncation() throws {
    let scratch = try Scratch()
    for length in stride(from: 0, to: CaptureBytes.refusal.count, by: 17) {
      let path = try scratch.write(Array(CaptureBytes.refusal.prefix(length)), as: "cut.pcap")
      let result = try Program.run(["--json", path])
      #expect(!result.wasKilled)
      #expect([0, 3].contains(result.status), "\(length) bytes")
    }
  }

  @Test("Frames of an unknown link type are counted and named, and the input not wholly read")
  func unknownLinkType() throws {
    let scratch = try Scratch()
    let bytes = CaptureBytes.pcap(linkType: 147, [[1, 2, 3], [4, 5, 6]])
    let result = try Program.run(["--json", scratch.write(bytes, as: "user.pcap")])
    #expect(result.status == 3)
    #expect(result.errors.contains("link type 147"))
    #expect(result.errors.split(separator: "\n").count == 1)
    #expect(result.output.contains(#""skipped":{"link-type":2}"#))
    let text = try Program.run([scratch.write(bytes, as: "user.pcap")])
    #expect(text.output.contains("2 of a link type that is not supported"))
  }

  @Test("- is standard input")
  func standardInput() throws {
    let result = try Program.run(["--json", "-"], input: Data(CaptureBytes.handshake))
    #expect(result.status == 0)
    #expect(result.output.contains(#""opened":"handshake""#))
  }

  @Test("Several files are one input, numbered through")
  func severalFiles() throws {
    let scratch = try Scratch()
    let first = try scratch.write(CaptureBytes.handshake, as: "a.pcap")
    let second = try scratch.write(CaptureBytes.pcap([]), as: "b.pcap")
    let result = try Program.run(["--json", first, second, "/nowhere"])
    #expect(result.status == 3)
    #expect(result.lines.last?.contains(#""files":2,"packets":3"#) == true)
  }

  @Test("Of a folder every capture is analysed, whatever its name, and what is none is passed over")
  func folder() throws {
    let scratch = try Scratch()
    _ = try scratch.write(CaptureBytes.refusal, as: "captures/one.pcap")
    _ = try scratch.write(CaptureBytes.handshake, as: "captures/deeper/two.log")
    _ = try scratch.write(Array("nothing".utf8), as: "captures/README.md")
    let folder = scratch.path("captures").path
    let text = try Program.run([folder])
    #expect(text.status == 0)
    #expect(text.lines.filter { $0.hasPrefix("── ") }.count == 2)
    #expect(text.errors.isEmpty)
    let json = try Program.run(["--json", "--records", "summary", folder])
    #expect(json.lines.count == 2)
    #expect(json.lines.allSatisfy { $0.contains("\"file\":\"\(folder)/") })
  }

  @Test("A folder without captures is status 3")
  func emptyFolder() throws {
    let scratch = try Scratch()
    #expect(try Program.run([scratch.url.path]).status == 3)
  }

  @Test("A file name cannot steer the terminal")
  func hostileName() throws {
    let result = try Program.run(["/tmp/\u{1b}[2Jx"])
    #expect(!result.errors.contains("\u{1b}"))
    #expect(result.errors.contains("\\u{1b}"))
  }
}
