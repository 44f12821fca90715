import FlowDiagnosis
import PacketDecoding
import TCPModel
import Testing

@testable import FlowReport

@Suite("The page to share")
struct HTMLReportTests {
  private func page(input: String) throws -> String {
    let tracked = try #require(ScriptedConnection.withLostAcknowledgment(whole: true))
    let finding = Finding(
      id: "handshake-ack-lost", severity: .warning, confidence: .likely, connections: [1],
      frames: [FrameRole(3, "ACK <lost>"), FrameRole(4, "SYN,ACK again")],
      time: tracked.connection.lastTime, summary: "The \"ACK\" & more <b>", advice: "Look.")
    var groups = FindingGroups()
    groups.add(finding)
    var rows = ConnectionRows(limit: 10)
    var line = ConnectionLine(tracked.connection)
    rows.add(&line, [finding])
    var totals = AnalysisTotals()
    totals.count(tracked.connection)
    return OutputBuffer.text {
      HTMLReport(input: input, timers: Timers(), end: tracked.connection.lastTime)
        .write(totals, groups, rows, [Timeline(tracked, findings: [finding])], to: &$0)
    }
  }

  @Test("It loads nothing and runs nothing")
  func selfContained() throws {
    let page = try page(input: "a.pcap")
    for word in ["<script", "http:", "https:", "url(", "@import", "src="] {
      #expect(!page.contains(word), "\(word)")
    }
  }

  @Test("Text from the input stays text")
  func escaping() throws {
    let page = try page(input: "<img src=x onerror=alert(1)>")
    #expect(!page.contains("<img"))
    #expect(page.contains("&lt;img"))
    #expect(page.contains("The &quot;ACK&quot; &amp; more &lt;b&gt;"))
    #expect(page.contains("ACK &lt;lost&gt;"))
  }

  @Test("Every element that is opened is closed")
  func balance() throws {
    let page = try page(input: "a.pcap")
    for name in ["section", "svg", "text", "table", "tr", "td", "div", "p", "h3", "li", "g"] {
      let opened = page.ranges(of: "<\(name)>").count + page.ranges(of: "<\(name) ").count
      #expect(opened == page.ranges(of: "</\(name)>").count, "\(name)")
    }
  }

  @Test("The ladder has an arrow for each segment, marks, and what was revoked")
  func ladder() throws {
    let page = try page(input: "a.pcap")
    #expect(page.ranges(of: "class=\"arrow\"").count == 10)
    #expect(page.contains("class=\"state revoked\""))
    #expect(page.contains("▲ handshake-ack-lost: SYN,ACK again"))
    #expect(page.contains("S 0:0(0) win 64240"))
  }
}
