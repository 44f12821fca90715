extension RuleCatalogue {
  static let setup: [any Rule] = [
    ConnectionRefused(),
    SynUnanswered(),
    SynAckTsecrMismatch(),
    SelfConnect(),
  ]
}
