extension RuleCatalogue {
  static let teardown: [any Rule] = [
    MissingFinalAck(), TimeWaitMissing(), RSTClose(), RSTAfterFIN(), FINWait2Orphan(),
  ]
}
