extension RuleCatalogue {
  static let reuse: [any Rule] = [
    RSTOnReuse(), PAWSRejectedReuse(), ReuseRefusedInTimeWait(), ReuseInTimeWait(),
    PortReusedTooSoon(), StaleSegment(), TimeWaitAssassination(),
  ]
}
