public import TCPModel

/// Examines connections as they are let go, and the ledgers once the input has ended. Of several
/// findings with one cause the most specific stays.
public struct Diagnostician {
  private let rules: [any ConnectionRule]
  private var ledgers: [any Ledger]
  private let superseded: [String: [String]]
  /// Findings of ids that a ledger may yet explain better; they wait for `conclude`.
  private var waiting: [Finding] = []
  /// Those of the connection examined last.
  public private(set) var pending: [Finding] = []
  private let coverable: Set<String>
  private static let waitingLimit = 50_000
  /// Whether findings that a ledger may yet explain better wait for `conclude`. Off where findings
  /// are wanted at once.
  public var waitsForLedgers = false
  /// What is known about the capture as a whole; set before `conclude`.
  public var facts = CaptureFacts()

  public init(_ options: DiagnosisOptions = DiagnosisOptions()) {
    rules = RuleCatalogue.all.compactMap { $0 as? any ConnectionRule }
    ledgers = RuleCatalogue.all.compactMap { $0 as? any LedgerRule }
      .map { $0.makeLedger(options) }
    coverable = Set(
      RuleCatalogue.all.filter { $0 is any LedgerRule }.flatMap(\.supersedes))
    superseded = Dictionary(
      uniqueKeysWithValues: RuleCatalogue.all.map { ($0.id, $0.supersedes) })
  }

  /// Whether `examine` looks at a connection's segments and transitions; where it does not, they
  /// need not be copied out of the tracker.
  public static func wantsHistory(of connection: Connection) -> Bool { !connection.isUneventful }

  /// What one connection shows.
  public mutating func examine(_ tracked: TrackedConnection) -> [Finding] {
    for index in ledgers.indices { ledgers[index].observe(tracked) }
    if !pending.isEmpty { pending = [] }
    if tracked.connection.isUneventful { return [] }
    var findings: [Finding] = []
    for rule in rules where rule.mayApply(to: tracked.connection) {
      findings += rule.examine(tracked, facts)
    }
    if findings.count > 1 {
      let dropped = Set(findings.flatMap { superseded[$0.id] ?? [] })
      findings.removeAll { dropped.contains($0.id) }
    }
    if waitsForLedgers, waiting.count < Diagnostician.waitingLimit,
      findings.contains(where: { coverable.contains($0.id) })
    {
      pending = findings.filter { coverable.contains($0.id) }
      waiting += pending
      findings.removeAll { coverable.contains($0.id) }
    }
    return findings
  }

  /// What all connections together show, and what had been waiting for that.
  public mutating func conclude() -> [Finding] {
    var findings: [Finding] = []
    for index in ledgers.indices { findings += ledgers[index].conclude(facts) }
    let kept = waiting.filter { finding in
      !findings.contains { other in
        superseded[other.id]?.contains(finding.id) == true
          && finding.connections.allSatisfy(other.covers.contains)
      }
    }
    waiting = []
    return kept + findings
  }
}
