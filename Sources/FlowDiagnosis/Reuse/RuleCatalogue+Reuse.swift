extension RuleCatalogue {
  static let reuse: [any ConnectionRule] = [
    RSTOnReuse(), PAWSRejectedReuse(), ReuseRefusedInTimeWait(), ReuseInTimeWait(),
    PortReusedTooSoon(), StaleSegment(), TimeWaitAssassination(),
  ]
}
