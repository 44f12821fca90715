extension RuleCatalogue {
  static let stalls: [any Rule] = []
}
