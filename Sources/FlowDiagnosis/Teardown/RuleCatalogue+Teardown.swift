extension RuleCatalogue {
  static let teardown: [any Rule] = [
    MissingFinalAck(), TimeWaitMissing(), FINLost(), FINUnanswered(), FINWait2Orphan(),
    SimultaneousClose(), HalfClose(), RSTClose(), RSTAfterFIN(), ForgedReset(), ChallengeACK(),
    HalfOpenConnection(), KeepaliveDeadPeer(), RetransmissionTimeout(),
  ]
}
