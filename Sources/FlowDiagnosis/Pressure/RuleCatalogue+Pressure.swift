extension RuleCatalogue {
  static let pressure: [any Rule] = []
}
