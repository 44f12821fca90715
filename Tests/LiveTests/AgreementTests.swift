import ArgumentParser
import FlowDiagnosis
import FlowReport
import Foundation
import PacketCapture
import PacketDecoding
import TCPModel
import Testing

@testable import tcpwhy

@Suite("All commands find the same")
struct AgreementTests {
  /// What a live capture reports at its end.
  struct LiveFindings: LiveView {
    let reportsAtEnd = false
    var findings: [String] = []
    /// The records of the findings told, as they stand once withdrawals are taken into account.
    var stream = LiveRecords(.finding)

    mutating func show(
      _ finding: Finding, on tracked: TrackedConnection?, now: CaptureTime,
      to out: inout OutputBuffer
    ) {
      stream.show(finding, on: tracked, now: now, to: &out)
    }

    mutating func show(_ withdrawal: Withdrawal, to out: inout OutputBuffer) {
      stream.show(withdrawal, to: &out)
    }

    mutating func show(
      _ transition: Transition, of connection: Connection, to out: inout OutputBuffer
    ) {}

    mutating func settle(
      _ tracked: TrackedConnection, _ findings: [Finding], pending: [Finding],
      to out: inout OutputBuffer
    ) {
      self.findings += AgreementTests.lines(findings)
    }

    mutating func show(_ summary: LiveSummary, now: CaptureTime, to out: inout OutputBuffer) {}

    mutating func end(
      _ totals: AnalysisTotals, _ conclusion: LiveConclusion, now: CaptureTime,
      to out: inout OutputBuffer
    ) {
      findings += AgreementTests.lines(conclusion.findings)
      stream.end(totals, conclusion, now: now, to: &out)
    }
  }

  /// The JSON record of each finding.
  static func lines(_ findings: [Finding]) -> [String] {
    var out = OutputBuffer()
    RecordWriter(.finding).write(findings, to: &out)
    return out.text.split(separator: "\n").map(String.init)
  }

  /// The findings of an offline command, in order, and those on each connection that is drawn.
  private func offline(
    _ path: String, wantsEveryHistory: Bool
  ) throws -> (findings: [Finding], drawn: [UInt64: [Finding]]) {
    var analysis = Analysis(
      tracker: TrackerOptions(), diagnosis: DiagnosisOptions(),
      wantsEveryHistory: wantsEveryHistory, resources: try ResourceOptions.parse([]))
    var choice = TimelineChoice(limit: 100_000)
    var findings: [Finding] = []
    _ = analysis.read(CaptureInput(paths: [path])) { tracked, found, pending in
      findings += found
      choice.consider(tracked, found, pending: pending)
    }
    let concluded = analysis.conclude()
    let drawn = choice.conclude(concluded).map { ($0.connection.id, $1) }
    return (findings + concluded, Dictionary(uniqueKeysWithValues: drawn))
  }

  private func live(_ path: String) -> (findings: [String], stream: [String]) {
    var view = LiveFindings()
    let out = play(path, to: &view)
    return (view.findings, out.text.split(separator: "\n").map(String.init))
  }

  /// Shows a capture as if it happened now, and then so many seconds of silence.
  private func play(
    _ path: String, to view: inout some LiveView, silence: Int64 = 0
  ) -> OutputBuffer {
    var analysis = LiveAnalysis(
      tracker: TrackerOptions(), diagnosis: DiagnosisOptions(), minSeverity: .note,
      showsTransitions: false)
    var out = OutputBuffer()
    var files = CaptureFileSet(paths: [path])
    var batch = FrameBatch()
    var count = 0
    while files.read(into: &batch) {
      for index in 0..<batch.count {
        analysis.take(batch, at: index..<index + 1)
        analysis.tell(&view, to: &out)
        count += 1
        if count % 200 == 0 { analysis.tellCauses(&view, to: &out) }
      }
    }
    if silence > 0 {
      analysis.advance(to: analysis.now.advanced(byNanoseconds: silence * 1_000_000_000))
      analysis.tell(&view, to: &out)
    }
    analysis.finish(&view, to: &out)
    return out
  }

  /// What stands of a stream: id, and connection or cause, of each finding not withdrawn.
  private func standing(_ stream: [String]) throws -> [String] {
    var told: [String] = []
    for line in stream {
      let record = try #require(
        try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
      let id = try #require(record["id"] as? String)
      if record["type"] as? String == "finding" {
        told.append(name(id, record["connections"] as? [Int] ?? [], record["cause"] as? String))
      } else {
        let connection = record["connection"] as? Int
        let gone = name(id, connection.map { [$0] } ?? [], record["cause"] as? String)
        // Of a connection rule the first connection is enough.
        let place = told.lastIndex { $0 == gone || connection != nil && $0.hasPrefix(gone + " ") }
        told.remove(at: try #require(place, "\(line) was never told"))
      }
    }
    return told.sorted()
  }

  private func name(_ id: String, _ connections: [Int], _ cause: String?) -> String {
    RuleCatalogue.rule(id) is any LedgerRule
      ? "\(id) of \(cause ?? "")"
      : "\(id) on \(connections.map(String.init).joined(separator: " "))"
  }

  private static var captures: [String] {
    let all = FileManager.default.enumerator(atPath: Place.captures.path)
    return (all?.compactMap { $0 as? String } ?? []).filter { $0.hasSuffix(".pcap") }.sorted()
  }

  @Test("analyze, timeline, report and sniff over the same frames", arguments: captures)
  func agree(capture: String) throws {
    let path = Place.captures.appendingPathComponent(capture).path
    let analyzed = try offline(path, wantsEveryHistory: false)
    let drawn = try offline(path, wantsEveryHistory: true)
    let lines = AgreementTests.lines(analyzed.findings)
    #expect(AgreementTests.lines(drawn.findings) == lines)
    for (connection, findings) in drawn.drawn {
      let named = analyzed.findings.filter { $0.connections.contains(connection) }
      #expect(AgreementTests.lines(findings) == AgreementTests.lines(named))
    }
    // Connections that only a ledger names are drawn when it is asked for, or nothing else is there.
    let own = analyzed.findings.filter { RuleCatalogue.rule($0.id) is any ConnectionRule }
    for finding in own {
      #expect(finding.connections.contains { drawn.drawn[$0] != nil }, "\(finding.summary)")
    }

    // That connections were open before is nothing to be told of a live capture.
    let toTell = analyzed.findings.filter { $0.id != "capture-midstream" }
    let told = live(path)
    #expect(told.findings.sorted() == AgreementTests.lines(toTell).sorted())
    let names = toTell.map {
      name($0.id, $0.connections.map(Int.init), $0.causeKey)
    }
    #expect(try standing(told.stream) == names.sorted())
  }

  @Test("Running text takes back what the end explains better, and the report lacks it")
  func takenBack() throws {
    let path = Place.captures.appendingPathComponent("setup/syn-flood/capture.pcap").path
    let layout = TextLayout(timeStyle: .utc)
    var view = LiveText(
      layout: layout, timers: Timers(),
      report: LiveReport(layout: layout, timers: Timers(), limit: 50, file: nil))
    let text = play(path, to: &view, silence: 400).text
    let parts = text.components(separatedBy: " report ──")
    try #require(parts.count == 2)
    #expect(parts[0].contains("syn-unanswered (taken back; it is syn-flood)"))
    #expect(parts[1].contains(" syn-flood ") && !parts[1].contains(" syn-unanswered "))
  }

  @Test(
    "The programs themselves",
    arguments: [
      "setup/syn-flood/capture", "setup/accept-queue-overflow/capture",
      "setup/nat-timestamp-drop/capture", "teardown/half-open-connection/capture",
      "capture/capture-one-sided/capture",
    ])
  func programs(capture: String) throws {
    let path = Place.captures.appendingPathComponent("\(capture).pcap").path
    let records = try System.run(Place.executable, [path, "--json", "--records", "finding"]).output
    let page = try System.run(Place.executable, ["report", path, "-o", "-"]).output
    let ladders = try System.run(
      "/usr/bin/env",
      ["COLUMNS=100000", Place.executable, "timeline", path, "--limit", "100000"]
    ).output
    var causes: Set<String> = []
    var ids: Set<String> = []
    for line in records.split(separator: "\n") {
      let record = try #require(
        try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
      let id = try #require(record["id"] as? String)
      ids.insert(id)
      causes.insert("\(id) \(record["cause"] ?? "")")
    }
    #expect(!ids.isEmpty)
    #expect(page.components(separatedBy: "<section class=\"finding").count - 1 == causes.count)
    for id in ids { #expect(page.contains("<h3>\(id) ")) }
    for rule in RuleCatalogue.all where !ids.contains(rule.id) {
      #expect(!page.contains("<h3>\(rule.id) ") && !ladders.contains(" \(rule.id): "))
    }
    for id in ids where RuleCatalogue.rule(id) is any ConnectionRule {
      #expect(ladders.contains(" \(id): "))
    }
  }
}
