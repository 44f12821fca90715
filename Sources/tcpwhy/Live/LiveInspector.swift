import FlowDiagnosis
import PacketDecoding
import TCPModel

/// Examines connections while they live. Ledgers wait until a connection is let go.
struct LiveInspector {
  private let examiner = Examiner()
  /// What has been told, by connection.
  private var told: [UInt64: [Told]] = [:]

  private struct Told {
    var id: String
    var severity: Severity

    /// Whether it is this finding, no worse than it was.
    func covers(_ finding: Finding) -> Bool { id == finding.id && severity == finding.severity }
  }

  /// What is to be told of a connection.
  struct News {
    /// Findings that were not told before.
    var findings: [Finding]
    /// Those told before that do not stand any more.
    var withdrawals: [Withdrawal]
  }

  /// What a living connection shows and was not told before, and what another finding now replaces.
  /// That a finding does not show for a while is nothing yet.
  mutating func news(
    of tracked: TrackedConnection, _ facts: CaptureFacts, from severity: Severity, now: CaptureTime
  ) -> News {
    let id = tracked.connection.id
    var findings = examiner.examine(tracked, facts).compactMap(facts.weigh)
    findings.removeAll { $0.severity < severity || isPremature($0, tracked.connection, now) }
    let known = told[id] ?? []
    let withdrawals = known.filter { told in !findings.contains(where: told.covers) }
      .map { withdrawal(of: $0, for: findings, on: id, now) }
      .filter { $0.replacement != nil }
    findings.removeAll { finding in known.contains { $0.covers(finding) } }
    if !findings.isEmpty || !withdrawals.isEmpty {
      told[id] =
        known.filter { told in !withdrawals.contains { $0.finding == told.id } }
        + findings.map { Told(id: $0.id, severity: $0.severity) }.sorted { $0.id < $1.id }
    }
    return News(findings: findings, withdrawals: withdrawals)
  }

  private func withdrawal(
    of told: Told, for findings: [Finding], on id: UInt64, _ now: CaptureTime
  ) -> Withdrawal {
    let replacement = findings.first {
      $0.id == told.id || RuleCatalogue.rule($0.id)?.supersedes.contains(told.id) == true
    }
    return Withdrawal(
      finding: told.id, connection: id, cause: nil, replacement: replacement?.id, time: now)
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
  /// The first two repetitions of a SYN have had no answer either (RFC 6298 §2.1, §5.5: after 1 s and
  /// 3 s; Linux: after 1 s each).
  private static let patience = 3 * Timers.second

  /// Those of the last findings on a connection that were not told while it lived, and what was
  /// told and is not among them. The connection is forgotten.
  mutating func remainder(of findings: [Finding], on id: UInt64, now: CaptureTime) -> News {
    guard let known = told.removeValue(forKey: id) else {
      return News(findings: findings, withdrawals: [])
    }
    let gone = known.filter { told in !findings.contains(where: told.covers) }
    return News(
      findings: findings.filter { finding in !known.contains { $0.covers(finding) } },
      withdrawals: gone.map { withdrawal(of: $0, for: findings, on: id, now) })
  }
}
