public import TCPModel

/// Holds a connection against all rules that one connection alone can show. Of several findings with
/// one cause the most specific stays.
public struct Examiner: Sendable {
  private let rules: [any ConnectionRule]
  private let gates: [ConnectionGate]
  /// By rule: those it makes superfluous.
  private let supersedes: [RuleSet]
  /// All rules, each one behind those that supersede it, so that it need not speak in vain.
  private let order: [Int]
  /// By id of a ledger's rule: those it makes superfluous.
  private let supersededByLedger: [String: RuleSet]
  /// Those whose findings the end of the input may explain better.
  private let reviewed: RuleSet
  private let places: [String: Int]

  public init() { self = Examiner.shared }

  private static let shared = Examiner(RuleCatalogue.connectionRules, RuleCatalogue.all)

  private init(_ rules: [any ConnectionRule], _ all: [any Rule]) {
    let places = Dictionary(uniqueKeysWithValues: rules.enumerated().map { ($1.id, $0) })
    func set(_ ids: [String]) -> RuleSet {
      ids.reduce(into: RuleSet()) { set, id in
        if let place = places[id] { set.insert(place) }
      }
    }
    let supersedes = rules.map { set($0.supersedes) }
    self.rules = rules
    self.supersedes = supersedes
    gates = rules.map(\.gate)
    var byLedger: [String: RuleSet] = [:]
    var reviewed = set(Review.rules)
    for rule in all where places[rule.id] == nil {
      let covered = set(rule.supersedes)
      byLedger[rule.id] = covered
      reviewed.formUnion(covered)
    }
    supersededByLedger = byLedger
    self.reviewed = reviewed
    self.places = places
    var order: [Int] = []
    var visited = RuleSet()
    func visit(_ rule: Int) {
      guard !visited.contains(rule) else { return }
      visited.insert(rule)
      for other in rules.indices where supersedes[other].contains(rule) { visit(other) }
      order.append(rule)
    }
    for rule in rules.indices { visit(rule) }
    self.order = order
  }

  /// What one connection shows.
  public func examine(_ tracked: TrackedConnection, _ facts: CaptureFacts) -> [Finding] {
    find(tracked, facts).map(\.finding)
  }

  /// What one connection shows, with the place of the rule that says so.
  func find(
    _ tracked: TrackedConnection, _ facts: CaptureFacts
  ) -> [(rule: Int, finding: Finding)] {
    let signs = ConnectionSigns(tracked.connection)
    var found: [(rule: Int, finding: Finding)] = []
    var dropped = RuleSet()
    for rule in order where gates[rule].admits(signs) {
      // What is said in vain need not be said, unless it drops others.
      if dropped.contains(rule), supersedes[rule].isSubset(of: dropped) { continue }
      guard rules[rule].mayApply(to: tracked.connection) else { continue }
      let findings = rules[rule].examine(tracked, facts)
      if findings.isEmpty { continue }
      for finding in findings {
        var superseded = supersedes[rule]
        for id in finding.spares {
          if let place = places[id] { superseded.remove(place) }
        }
        dropped.formUnion(superseded)
        found.append((rule, finding))
      }
    }
    if found.count > 1 {
      found.removeAll { dropped.contains($0.rule) }
      found.sort { $0.rule < $1.rule }
    }
    return found
  }

  /// Whether the end of the input may explain a finding better, or take it back.
  func mayRevise(_ finding: Finding, of rule: Int) -> Bool {
    reviewed.contains(rule) || finding.trust.isConditional
  }

  /// Whether a ledger's rule makes another one superfluous.
  func ledgerRule(_ id: String, supersedes rule: Int) -> Bool {
    supersededByLedger[id]?.contains(rule) == true
  }
}
