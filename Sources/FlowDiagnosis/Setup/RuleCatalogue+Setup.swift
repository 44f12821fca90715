extension RuleCatalogue {
  static let setup: [any Rule] =
    setupOfConnections.map { $0 } + [SynFlood(), NATTimestampDrop(), OptionsStripped()]

  static let setupOfConnections: [any ConnectionRule] = [
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
  ]
}
