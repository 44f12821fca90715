extension RuleCatalogue {
  static let teardown: [any Rule] = [
    MissingFinalAck(), TimeWaitMissing(), FINLost(), FINUnanswered(), CloseWaitLeak(),
    FINWait2Orphan(),
    SimultaneousClose(), HalfClose(), RSTClose(), RSTAfterFIN(), ForgedReset(), ChallengeACK(),
    HalfOpenConnection(), KeepaliveDeadPeer(), RetransmissionTimeout(),
  ]
}
