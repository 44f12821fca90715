extension RuleCatalogue {
  static let stalls: [any Rule] = [
    DelayedAckStall(), ZeroWindowStall(), PathMTUBlackhole(), TimestampRegression(),
  ]
}
