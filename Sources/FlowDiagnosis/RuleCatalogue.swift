/// Every diagnosis there is, in the order in which the catalogue prints them.
public enum RuleCatalogue {
  /// All rules, group by group.
  public static let all: [any Rule] = setup + reuse + teardown + pressure + stalls + capture

  /// Those that one connection alone can show, in the order of the catalogue.
  public static let connectionRules: [any ConnectionRule] =
    setupOfConnections + reuse + teardownOfConnections + stalls

  /// The rule with an id, or nil.
  public static func rule(_ id: String) -> (any Rule)? {
    all.first { $0.id == id }
  }
}
