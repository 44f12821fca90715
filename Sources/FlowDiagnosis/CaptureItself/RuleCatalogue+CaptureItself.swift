extension RuleCatalogue {
  static let capture: [any Rule] = []
}
