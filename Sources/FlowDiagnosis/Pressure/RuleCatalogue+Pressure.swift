extension RuleCatalogue {
  static let pressure: [any Rule] = [
    TimeWaitPileup(), PortExhaustion(), ConnectionRate(), ShortConnections(),
  ]
}
