import FlowDiagnosis
import PacketDecoding
import TCPModel

/// Examines connections while they live. Ledgers wait until a connection is let go.
struct LiveInspector {
  private let examiner = Examiner()
  /// What has been told, by connection.
  private var told: [UInt64: [String]] = [:]

  /// What a living connection shows and was not told before.
  mutating func news(
    of tracked: TrackedConnection, _ facts: CaptureFacts, now: CaptureTime
  ) -> [Finding] {
    var findings = examiner.examine(tracked, facts)
    findings.removeAll { isPremature($0, tracked.connection, now) }
    let known = told[tracked.connection.id] ?? []
    findings.removeAll { known.contains($0.id) }
    if !findings.isEmpty {
      told[tracked.connection.id, default: []] += Set(findings.map(\.id)).sorted()
    }
    return findings
  }

  /// Whether a finding says that something did not come which still may.
  private func isPremature(
    _ finding: Finding, _ connection: Connection, _ now: CaptureTime
  ) -> Bool {
    LiveInspector.absences.contains(finding.id)
      && now.nanoseconds(since: connection.firstTime) < LiveInspector.patience
  }

  private static let absences: Set<String> = [
    "syn-unanswered", "handshake-never-completed", "fin-unanswered",
  ]
  /// The first two repetitions of a SYN have had no answer either (RFC 6298 §2.1: after 1 s and
  /// 3 s; Linux: after 1 s each).
  private static let patience = 3 * Timers.second

  /// Those of the last findings on a connection that were not told while it lived. It is forgotten.
  mutating func remainder(of findings: [Finding], on id: UInt64) -> [Finding] {
    guard let known = told.removeValue(forKey: id) else { return findings }
    return findings.filter { !known.contains($0.id) }
  }
}
