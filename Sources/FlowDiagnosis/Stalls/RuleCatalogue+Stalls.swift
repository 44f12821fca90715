extension RuleCatalogue {
  static let stalls: [any ConnectionRule] = [
    DelayedAckStall(), ZeroWindowStall(), PathMTUBlackhole(), TimestampRegression(),
  ]
}
