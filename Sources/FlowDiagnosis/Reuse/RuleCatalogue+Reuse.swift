extension RuleCatalogue {
  static let reuse: [any Rule] = [
    RSTOnReuse()
  ]
}
