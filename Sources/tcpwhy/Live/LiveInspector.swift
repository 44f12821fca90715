import FlowDiagnosis
import TCPModel

/// Examines connections while they live. Ledgers wait until a connection is let go.
struct LiveInspector {
  private let rules: [any ConnectionRule]
  private let superseded: [String: [String]]
  /// What has been told, by connection.
  private var told: [UInt64: [String]] = [:]

  init() {
    rules = RuleCatalogue.all.compactMap { $0 as? any ConnectionRule }
    superseded = Dictionary(uniqueKeysWithValues: rules.map { ($0.id, $0.supersedes) })
  }

  /// What a living connection shows and was not told before.
  mutating func news(of tracked: TrackedConnection, _ facts: CaptureFacts) -> [Finding] {
    var findings: [Finding] = []
    for rule in rules where rule.mayApply(to: tracked.connection) {
      findings += rule.examine(tracked, facts)
    }
    let dropped = Set(findings.flatMap { superseded[$0.id] ?? [] })
    findings.removeAll { dropped.contains($0.id) }
    let known = told[tracked.connection.id] ?? []
    findings.removeAll { known.contains($0.id) }
    if !findings.isEmpty {
      told[tracked.connection.id, default: []] += Set(findings.map(\.id)).sorted()
    }
    return findings
  }

  /// Those of the last findings on a connection that were not told while it lived. It is forgotten.
  mutating func remainder(of findings: [Finding], on id: UInt64) -> [Finding] {
    guard let known = told.removeValue(forKey: id) else { return findings }
    return findings.filter { !known.contains($0.id) }
  }
}
