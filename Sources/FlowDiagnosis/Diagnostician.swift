public import TCPModel

/// Examines connections as they are let go, and the ledgers once the input has ended.
public struct Diagnostician: ~Copyable {
  private let examiner = Examiner()
  private var ledgers: Ledgers
  /// Findings that a ledger may yet explain better, with their rules; they wait for `conclude`.
  private var waiting: [(rule: Int, finding: Finding)] = []
  /// Those of the connection examined last.
  public private(set) var pending: [Finding] = []
  private static let waitingLimit = 50_000
  /// Whether findings that a ledger may yet explain better wait for `conclude`. Off where findings
  /// are wanted at once.
  public var waitsForLedgers = false
  /// What is known about the capture as a whole; set before `conclude`.
  public var facts = CaptureFacts()

  public init(_ options: DiagnosisOptions = DiagnosisOptions()) {
    ledgers = Ledgers(options)
  }

  /// Whether `examine` looks at a connection's segments and transitions; where it does not, they
  /// need not be copied out of the tracker, and `note` does all that `examine` would do.
  @inline(__always)
  public static func wantsHistory(of connection: Connection) -> Bool {
    !connection.isUneventful && !connection.isMereCall
  }

  /// Notes a connection in which no rule that looks at one connection finds anything.
  public mutating func note(_ connection: Connection) {
    if !pending.isEmpty { pending = [] }
    ledgers.note(connection)
  }

  /// What one connection shows.
  public mutating func examine(_ tracked: TrackedConnection) -> [Finding] {
    note(tracked.connection)
    guard Diagnostician.wantsHistory(of: tracked.connection) else { return [] }
    ledgers.noteEvents(tracked)
    let found = examiner.find(tracked, facts)
    if found.isEmpty { return [] }
    guard waitsForLedgers, waiting.count < Diagnostician.waitingLimit,
      found.contains(where: { examiner.coverable.contains($0.rule) })
    else { return found.map(\.finding) }
    var findings: [Finding] = []
    for entry in found {
      if examiner.coverable.contains(entry.rule) {
        pending.append(entry.finding)
        waiting.append(entry)
      } else {
        findings.append(entry.finding)
      }
    }
    return findings
  }

  /// What all connections together show by now.
  public func causes() -> [Finding] { ledgers.conclude(facts) }

  /// What all connections together show, and what had been waiting for that.
  public mutating func conclude() -> [Finding] {
    let findings = causes()
    let covering = findings.filter { !$0.covers.isEmpty }
    let kept = waiting.filter { entry in
      !covering.contains { other in
        examiner.ledgerRule(other.id, supersedes: entry.rule)
          && entry.finding.connections.allSatisfy(other.covers.contains)
      }
    }
    waiting = []
    return kept.map(\.finding) + findings
  }
}
