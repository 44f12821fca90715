import FlowDiagnosis
import FlowReport
import Foundation
import PacketCapture
import PacketDecoding
import TCPModel
import Testing

@testable import tcpwhy

@Suite("Findings told early")
struct EarlyFindingsTests {
  /// Notes what is shown, and what is found in the end.
  struct Notes: LiveView {
    let reportsAtEnd = false
    var isEnding = false
    var early: Set<String> = []
    var last: Set<String> = []
    var transitions = 0
    var withdrawals: [Withdrawal] = []

    mutating func show(
      _ finding: Finding, on tracked: TrackedConnection?, now: CaptureTime,
      to out: inout OutputBuffer
    ) {
      guard let tracked, !isEnding else { return }
      early.insert("\(finding.id) on \(tracked.connection.id)")
    }

    mutating func show(_ withdrawal: Withdrawal, to out: inout OutputBuffer) {
      early.remove("\(withdrawal.finding) on \(withdrawal.connection ?? 0)")
      // What is told anew says more.
      if !isEnding, withdrawal.replacement != withdrawal.finding {
        withdrawals.append(withdrawal)
      }
    }

    mutating func show(
      _ transition: Transition, of connection: Connection, to out: inout OutputBuffer
    ) {
      if transition.revokedBy == 0 { transitions += 1 }
    }

    mutating func settle(
      _ tracked: TrackedConnection, _ findings: [Finding], pending: [Finding],
      to out: inout OutputBuffer
    ) {
      for finding in findings + pending { last.insert("\(finding.id) on \(tracked.connection.id)") }
      transitions -= tracked.transitions.count
    }

    mutating func show(_ summary: LiveSummary, now: CaptureTime, to out: inout OutputBuffer) {}

    mutating func end(
      _ totals: AnalysisTotals, _ conclusion: LiveConclusion, now: CaptureTime,
      to out: inout OutputBuffer
    ) {}
  }

  private static var captures: [String] {
    let all = FileManager.default.enumerator(atPath: Place.captures.path)
    let names = (all?.compactMap { $0 as? String } ?? []).filter { $0.hasSuffix(".pcap") }
    return names.sorted()
  }

  @Test(
    "stand when the connection is over: nothing is taken back before the end", arguments: captures)
  func told(capture: String) throws {
    let path = Place.captures.appendingPathComponent(capture).path
    var options = TrackerOptions()
    options.maximumTransitions = 100_000
    var analysis = LiveAnalysis(
      tracker: options, diagnosis: DiagnosisOptions(), minSeverity: .note, showsTransitions: true)
    var notes = Notes()
    var out = OutputBuffer()
    var files = CaptureFileSet(paths: [path])
    var batch = FrameBatch()
    while files.read(into: &batch) {
      for index in 0..<batch.count {
        analysis.take(batch, at: index..<index + 1)
        analysis.tell(&notes, to: &out)
      }
    }
    for _ in 0..<4 {
      analysis.advance(to: analysis.now.advanced(byNanoseconds: 500_000_000))
      analysis.tell(&notes, to: &out)
    }
    notes.isEnding = true
    analysis.finish(&notes, to: &out)
    #expect(notes.withdrawals.isEmpty)
    #expect(notes.early.subtracting(notes.last).isEmpty)
    #expect(notes.transitions == 0)
  }
}
