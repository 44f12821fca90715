extension RuleCatalogue {
  static let setup: [any Rule] = [
    ConnectionRefused(),
    HostUnreachable(),
    SynUnanswered(),
    SynLost(),
    SynAckLost(),
    HandshakeAckLost(),
    AcceptQueueOverflow(),
    HandshakeNeverCompleted(),
    SynAckTsecrMismatch(),
    SynAckWrongAck(),
    SelfConnect(),
    SimultaneousOpen(),
    SlowHandshake(),
    SynFlood(),
    NATTimestampDrop(),
    OptionsStripped(),
  ]
}
