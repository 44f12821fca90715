/// A set of connection rules, by their places in `RuleCatalogue.connectionRules`.
struct RuleSet {
  private var bits: UInt128 = 0

  var isEmpty: Bool { bits == 0 }

  func contains(_ rule: Int) -> Bool { bits >> UInt128(rule) & 1 != 0 }

  func isSubset(of other: RuleSet) -> Bool { bits & ~other.bits == 0 }

  mutating func insert(_ rule: Int) { bits |= 1 << UInt128(rule) }

  mutating func remove(_ rule: Int) { bits &= ~(1 << UInt128(rule)) }

  mutating func formUnion(_ other: RuleSet) { bits |= other.bits }
}
