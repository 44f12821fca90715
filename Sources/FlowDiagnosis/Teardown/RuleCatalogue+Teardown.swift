extension RuleCatalogue {
  static let teardown: [any Rule] =
    unfinishedCloses.map { $0 } + [CloseWaitLeak()] + otherEnds.map { $0 }

  static let teardownOfConnections: [any ConnectionRule] = unfinishedCloses + otherEnds

  private static let unfinishedCloses: [any ConnectionRule] = [
    MissingFinalAck(), TimeWaitMissing(), FINLost(), FINUnanswered(),
  ]

  private static let otherEnds: [any ConnectionRule] = [
    FINWait2Orphan(), SimultaneousClose(), HalfClose(), RSTClose(), RSTAfterFIN(), ForgedReset(),
    ChallengeACK(), HalfOpenConnection(), KeepaliveDeadPeer(), RetransmissionTimeout(),
  ]
}
