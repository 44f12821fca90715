/// Every diagnosis there is, in the order in which the catalogue prints them.
public enum RuleCatalogue {
  // Arrays are mapped rather than cast: a cast looks each element's conformance up.

  /// All rules, group by group.
  public static let all: [any Rule] =
    setup + reuse.map { $0 } + teardown + pressure + stalls.map { $0 } + capture

  /// Those that one connection alone can show, in the order of the catalogue.
  public static let connectionRules: [any ConnectionRule] =
    setupOfConnections + reuse + teardownOfConnections + stalls

  /// The rule with an id, or nil.
  public static func rule(_ id: String) -> (any Rule)? { byID[id] }

  private static let byID = Dictionary(uniqueKeysWithValues: all.map { ($0.id, $0) })
}
