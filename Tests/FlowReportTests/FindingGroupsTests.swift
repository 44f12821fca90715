import FlowDiagnosis
import PacketDecoding
import TCPModel
import Testing

@testable import FlowReport

@Suite("Findings grouped by cause")
struct FindingGroupsTests {
  private func finding(
    _ id: String, _ severity: Severity, connection: UInt64, cause: String, cost: Double? = nil
  ) -> Finding {
    Finding(
      id: id, severity: severity, confidence: .certain, connections: [connection],
      frames: [FrameRole(connection * 10, "SYN"), FrameRole(connection * 10 + 1, "RST")],
      time: CaptureTime(nanoseconds: Int64(connection)), summary: "summary of \(connection)",
      advice: "advice", costSeconds: cost, causeKey: cause)
  }

  @Test("One rule and one cause key are one group, the first of the most severe speaks for it")
  func grouping() throws {
    var groups = FindingGroups()
    groups.add(finding("a", .warning, connection: 1, cause: "x", cost: 1))
    groups.add(finding("a", .error, connection: 2, cause: "x", cost: 0.5))
    groups.add(finding("a", .warning, connection: 3, cause: "y"))
    groups.add(finding("b", .note, connection: 1, cause: "x"))
    let sorted = groups.sorted
    #expect(sorted.map(\.count) == [2, 1, 1])
    let first = try #require(sorted.first)
    #expect(first.example.connections == [2])
    #expect(first.costSeconds == 1.5)
    #expect(sorted.map(\.example.severity) == [.error, .warning, .note])
    #expect([.error, .warning, .note].map(groups.count(of:)) == [1, 2, 1])
  }

  @Test("A connection that several findings name counts once; those not listed count besides")
  func distinctConnections() throws {
    var groups = FindingGroups()
    for connections in [[1, 2], [2, 3], [2]] as [[UInt64]] {
      var finding = finding("a", .warning, connection: connections[0], cause: "x")
      finding.connections = connections
      finding.connectionCount = connections.count
      groups.add(finding)
    }
    var ledger = finding("b", .warning, connection: 7, cause: "x")
    ledger.connectionCount = 100
    groups.add(ledger)
    let sorted = groups.sorted
    #expect(sorted.map(\.connectionCount) == [100, 3])
    #expect(sorted.map(\.connections) == [[7], [1, 2, 3]])
    let text = OutputBuffer.text {
      FindingText(TextLayout(width: 80), input: "f.pcap").write(groups, limit: 5, to: &$0)
    }
    #expect(text.contains("WARNING a (certain, 3 connections)"))
    let page = OutputBuffer.text {
      HTMLReport(input: "f.pcap", timers: Timers(), end: .epoch)
        .write(AnalysisTotals(), groups, ConnectionRows(limit: 5), [], to: &$0)
    }
    #expect(page.contains("Connections 1, 2, 3</p>"))
    #expect(page.contains("Connections 7, … (100 in all)</p>"))
  }

  @Test("Any number of causes takes bounded space, and none is forgotten silently")
  func bounds() {
    var groups = FindingGroups()
    for index in 0..<3000 {
      groups.add(finding("a", .note, connection: UInt64(index), cause: "\(index)"))
    }
    #expect(groups.sorted.count == 2000)
    #expect(groups.overflow == 1000)
  }

  @Test("A group is a paragraph with frames, advice and the way to the others")
  func paragraph() {
    var groups = FindingGroups()
    groups.add(finding("a", .error, connection: 1, cause: "x"))
    groups.add(finding("a", .error, connection: 2, cause: "x"))
    let text = OutputBuffer.text {
      FindingText(TextLayout(width: 80), input: "f.pcap").write(groups, limit: 5, to: &$0)
    }
    #expect(
      text == """
        ERROR a (certain, 2 connections)
          summary of 1
          frames   10 SYN · 11 RST
          do       advice
          also     1 more like it, on connection 2: tcpwhy timeline f.pcap --finding a

        """ + "\n")
  }

  @Test("Frame numbers in a row are joined")
  func ranges() {
    #expect(FindingText.ranges([3]) == "3")
    #expect(FindingText.ranges([3, 4, 5, 9]) == "3-5, 9")
    #expect(FindingText.ranges([1, 3, 5, 7, 9, 11, 13]) == "1, 3, 5, 7, 9, 11, …")
    #expect(FindingText.ranges([UInt64.max, 1]) == "18446744073709551615, 1")
  }
}
