public import TCPModel

/// A diagnosis: what it is, how it is proved, and what to do about it.
///
/// A rule is a value without state. Its file has, in this order: id, severity, the definition, the
/// page that explains it, and `examine`.
public protocol Rule: Sendable {
  /// The name by which users meet it: lower case words with hyphens.
  var id: String { get }
  /// What it is in a few words, without a full stop.
  var title: String { get }
  /// Where it stands in the catalogue.
  var group: RuleGroup { get }
  /// The worst severity it gives.
  var severity: Severity { get }
  /// Ids of less specific rules that this one makes superfluous on the same connection.
  var supersedes: [String] { get }
  /// What `tcpwhy explain` prints.
  var page: ExplanationPage { get }
}

extension Rule {
  public var supersedes: [String] { [] }
}

/// A rule that one connection alone can show.
public protocol ConnectionRule: Rule {
  /// What a connection must have shown for `mayApply` to hold: a condition that is tested without
  /// calling the rule. It may let more pass than `mayApply`, never less.
  var gate: ConnectionGate { get }
  /// A cheap test that lets most connections pass by; `examine` is called only when it holds.
  func mayApply(to connection: Connection) -> Bool
  /// What the connection shows. Pure: the same connection, the same findings.
  func examine(_ tracked: TrackedConnection, _ facts: CaptureFacts) -> [Finding]
}

extension ConnectionRule {
  public var gate: ConnectionGate { ConnectionGate() }
}

/// A rule that needs many connections. Its ledger, one of `Ledgers`, takes compact notes of each
/// connection as it is let go, in bounded space.
public protocol LedgerRule: Rule {}

/// The groups of the catalogue.
public enum RuleGroup: String, CaseIterable, Sendable {
  case setup = "Set-up"
  case reuse = "Reuse of a 4-tuple"
  case teardown = "Tear-down"
  case pressure = "Pressure"
  case stalls = "Stalls"
  case capture = "The capture itself"
}

/// What users can ask of the rules.
public struct DiagnosisOptions: Sendable {
  public var timers = Timers()
  /// New connections per source above which `connection-rate` speaks: count and seconds.
  public var rateLimit: (count: Int, seconds: Double)?
  /// Concurrent connections per source above which `connection-rate` speaks.
  public var concurrencyLimit: Int?
  /// The secret of the ledgers' hash.
  public var hashSeed = HashSeed.fixed

  public init() {}
}
