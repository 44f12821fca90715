extension RuleCatalogue {
  static let setup: [any Rule] = []
}
