import Foundation
import Testing

@Suite(
  "Live diagnoses", .enabled(if: System.canCapture, "needs root, iproute2, util-linux, python3"),
  .serialized)
struct NamedDiagnosesTests {
  /// A finding as far as a live run and one over the file must agree.
  struct Found: Hashable, Comparable {
    var id: String
    var connections: [Int]
    var frames: [Int]

    static func < (left: Found, right: Found) -> Bool { "\(left)" < "\(right)" }
  }

  private func records(_ text: String) throws -> [[String: Any]] {
    try text.split(separator: "\n").map { line in
      try #require(
        try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any], "\(line)")
    }
  }

  private func findings(_ text: String) throws -> [Found] {
    try records(text).filter { $0["type"] as? String == "finding" }.map { record in
      let frames = record["frames"] as? [[String: Any]] ?? []
      return Found(
        id: record["id"] as? String ?? "", connections: record["connections"] as? [Int] ?? [],
        frames: frames.compactMap { $0["frame"] as? Int })
    }.sorted()
  }

  @Test(
    "The named causes are told while they happen, and are those of the file that was written",
    arguments: [
      "teardown/missing-final-ack/capture", "reuse/rst-on-reuse/capture",
      "setup/self-connect/capture", "setup/synack-tsecr-mismatch/capture",
    ])
  func named(scenario: String) throws {
    let folder = try Folder()
    let played = try System.run(
      "/usr/bin/env",
      [
        "python3", Place.script("play.py"), Place.executable, Place.captures.path, scenario,
        folder.url.path, "--json",
      ])
    try #require(played.status == 0, "\(folder.text("errors"))")
    let id = scenario.split(separator: "/")[1]
    #expect(try findings(folder.text("early")).contains { $0.id == id })
    #expect(folder.text("status") == "0")

    let offline = try System.run(Place.executable, ["--json", folder.path("live.pcap")])
    #expect(offline.status == 0)
    #expect(try findings(folder.text("output")) == findings(offline.output))
    for type in ["connection", "transition", "summary"] {
      #expect(folder.text("output").contains(#"{"type":"\#(type)""#))
    }
    expectNoPrivileges(folder.text("process"))
  }

  /// Neither root nor a capability, and no way back.
  private func expectNoPrivileges(_ process: String) {
    var lines: [String: [Substring]] = [:]
    for line in process.split(separator: "\n") {
      let words = line.split(whereSeparator: \.isWhitespace)
      if let name = words.first { lines[String(name)] = Array(words.dropFirst()) }
    }
    for name in ["Uid:", "Gid:"] {
      #expect(lines[name]?.count == 4)
      #expect(lines[name]?.allSatisfy { $0 != "0" } == true)
    }
    for name in ["CapInh:", "CapPrm:", "CapEff:", "CapBnd:", "CapAmb:"] {
      #expect(lines[name] == ["0000000000000000"], "\(name)")
    }
    #expect(lines["NoNewPrivs:"] == ["1"])
  }
}
