public import TCPModel

/// Examines connections as they are let go, and the ledgers once the input has ended. Of several
/// findings with one cause the most specific stays.
public struct Diagnostician {
  private let rules: [any ConnectionRule]
  private var ledgers: [any Ledger]
  private let superseded: [String: [String]]
  /// What is known about the capture as a whole; set before `conclude`.
  public var facts = CaptureFacts()

  public init(_ options: DiagnosisOptions = DiagnosisOptions()) {
    rules = RuleCatalogue.all.compactMap { $0 as? any ConnectionRule }
    ledgers = RuleCatalogue.all.compactMap { $0 as? any LedgerRule }
      .map { $0.makeLedger(options) }
    superseded = Dictionary(
      uniqueKeysWithValues: RuleCatalogue.all.map { ($0.id, $0.supersedes) })
  }

  /// Whether `examine` looks at a connection's segments and transitions; where it does not, they
  /// need not be copied out of the tracker.
  public static func wantsHistory(of connection: Connection) -> Bool { !connection.isUneventful }

  /// What one connection shows.
  public mutating func examine(_ tracked: TrackedConnection) -> [Finding] {
    for index in ledgers.indices { ledgers[index].observe(tracked) }
    if tracked.connection.isUneventful { return [] }
    var findings: [Finding] = []
    for rule in rules where rule.mayApply(to: tracked.connection) {
      findings += rule.examine(tracked, facts)
    }
    guard findings.count > 1 else { return findings }
    let dropped = Set(findings.flatMap { superseded[$0.id] ?? [] })
    return findings.filter { !dropped.contains($0.id) }
  }

  /// What all connections together show.
  public mutating func conclude() -> [Finding] {
    var findings: [Finding] = []
    for index in ledgers.indices { findings += ledgers[index].conclude(facts) }
    return findings
  }
}
