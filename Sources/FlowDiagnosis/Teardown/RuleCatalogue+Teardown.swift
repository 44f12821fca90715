extension RuleCatalogue {
  static let teardown: [any Rule] = [
    MissingFinalAck()
  ]
}
