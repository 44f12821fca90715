import Foundation
import SegmentScripts
import Testing

/// However many threads work on it, an input comes to the same, byte for byte.
@Suite struct ThreadsTests {
  private static let all = ExpectedOutputTests.paths.map {
    ExpectedOutputTests.folder.appending(path: $0).path
  }

  private func compare(
    _ arguments: [String], input: Data? = nil, threads: [Int] = [2, 3, 5, 9]
  ) throws {
    let alone = try Program.run(arguments + ["--threads", "1"], input: input)
    #expect(!alone.output.isEmpty)
    for count in threads {
      let result = try Program.run(arguments + ["--threads", "\(count)"], input: input)
      #expect(result.status == alone.status)
      #expect(result.errors == alone.errors)
      // Whole outputs are too long to be shown.
      let difference = firstDifference(result.lines.map(String.init), alone.lines.map(String.init))
      #expect(difference == nil, "\(count) threads")
    }
  }

  @Test(
    "All captures together, in every form",
    arguments: [
      ["analyze", "--json"], ["analyze", "--all"], ["analyze", "--csv"],
      ["analyze", "--json", "--records", "transition,finding,summary"],
      ["timeline", "--limit", "400"],
    ])
  func allTogether(arguments: [String]) throws {
    try compare(arguments + ThreadsTests.all)
  }

  @Test(
    "Where room has to be made, which one tracker for all does",
    arguments: [
      ["--max-connections", "5000"], ["--max-connections", "40"], ["--max-memory", "68M"],
      ["--max-memory", "1M"],
    ])
  func bounded(bounds: [String]) throws {
    try compare(["analyze", "--json"] + bounds + ThreadsTests.all, threads: [3, 4])
  }

  @Test(
    "A capture that ends earlier, as it comes through a pipe",
    arguments: [
      "teardown/retransmission-timeout/capture.pcap", "teardown/fin-unanswered/capture.pcap",
      "teardown/keepalive-dead-peer/capture.pcap", "reuse/rst-on-reuse/capture.pcap",
    ])
  func cut(capture: String) throws {
    let bytes = try Data(contentsOf: ExpectedOutputTests.folder.appending(path: capture))
    var ends: [Int] = []
    var end = 24
    while end + 16 <= bytes.count {
      let length = bytes[(end + 8)..<(end + 12)].reversed().reduce(0) { $0 << 8 | Int($1) }
      end += 16 + length
      ends.append(end)
    }
    #expect(ends.last == bytes.count && ends.count > 10)
    for end in ends.dropFirst(4).prefix(20) {
      try compare(["analyze", "--json", "-"], input: bytes.prefix(end), threads: [2, 4])
    }
  }
}
