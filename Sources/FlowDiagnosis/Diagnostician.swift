public import TCPModel

/// Examines connections as they are let go, and the ledgers once the input has ended.
public struct Diagnostician: ~Copyable {
  private let examiner = Examiner()
  private var ledgers: Ledgers
  /// Findings that all connections together may explain better; they wait for `conclude`.
  private var waiting: [WaitingFinding] = []
  /// Those of the connection examined last.
  public private(set) var pending: [Finding] = []
  /// How many findings wait at most; those beyond stand as they were made.
  public var waitingLimit = 50_000
  /// What became of findings that had been waiting and do not stand as they were, once `conclude` has
  /// been called.
  public private(set) var revisions: [Revision] = []
  /// What is known about the capture as a whole: `end` is to be set once it is known, whether it is
  /// one-sided is found out here.
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

  /// Whether a connection that took the ordinary course is so ordinary that no rule that looks at
  /// one connection has anything to say: then `note` is all that `examine` would do.
  /// Passed by address, not changed.
  @inline(__always)
  public static func isContent(with connection: inout ConnectionBrief) -> Bool {
    connection.isUneventful
  }

  /// Notes a connection in which no rule that looks at one connection finds anything. It is passed by
  /// address, not changed.
  public mutating func note(_ connection: inout ConnectionBrief) {
    if !pending.isEmpty { pending = [] }
    ledgers.note(&connection)
    if connection.survivedSilence > 0 { ledgers.noteSilence(connection) }
  }

  /// Makes ready for a connection that will be noted or examined after `expectationLead` others, so
  /// that what is known of its parties is in the cache then. Called before each connection. Changes
  /// nothing but speed.
  public mutating func expect(_ upcoming: UpcomingConnection?) {
    ledgers.expect(upcoming)
  }

  /// How many connections ahead `expect` wants to be told.
  public static var expectationLead: Int { Expectations.lead }

  /// What one connection shows, but for what waits: that is `pending`.
  public mutating func examine(_ tracked: TrackedConnection) -> [Finding] {
    var brief = ConnectionBrief(tracked.connection)
    guard Diagnostician.wantsHistory(of: tracked.connection) else {
      note(&brief)
      return []
    }
    if !pending.isEmpty { pending = [] }
    ledgers.note(&brief)
    ledgers.noteEvents(tracked)
    facts.isOneSided = ledgers.isOneSided
    let found = examiner.find(tracked, facts)
    if !found.contains(where: { $0.finding.severity == .error }) {
      ledgers.noteSilence(brief)
    }
    if found.isEmpty { return [] }
    guard found.contains(where: { examiner.mayRevise($0.finding, of: $0.rule) }) else {
      return found.map(\.finding)
    }
    guard waiting.count < waitingLimit else {
      return found.compactMap { facts.weigh($0.finding) }
    }
    let caller = Caller(brief)
    var findings: [Finding] = []
    for entry in found {
      if examiner.mayRevise(entry.finding, of: entry.rule) {
        pending.append(entry.finding)
        waiting.append(
          WaitingFinding(
            rule: entry.rule, connection: tracked.connection.id, finding: entry.finding,
            caller: caller, start: tracked.connection.firstTime))
      } else {
        findings.append(entry.finding)
      }
    }
    return findings
  }

  /// What all connections together show by now.
  public func causes() -> [Finding] {
    var review = Review(waiting: [], findings: ledgers.conclude(facts))
    review.dropSuperseded()
    return review.findings
  }

  /// What all connections together show, and what had been waiting for that.
  public mutating func conclude() -> [Finding] {
    facts.isOneSided = ledgers.isOneSided
    var review = Review(waiting: waiting, findings: causes())
    waiting = []
    if !review.waiting.isEmpty {
      review.dropCovered(examiner)
      review.absorbIntoFloods(examiner)
      review.absorbIntoOverflows()
      review.tellFatalSilences { ledgers.survivedSilence(of: $0) }
      review.nameEchoed { ledgers.calls(with: $0, most: $1) }
      review.weigh(facts)
    }
    revisions = review.revisions
    return review.waiting.map(\.finding) + review.findings
  }
}
