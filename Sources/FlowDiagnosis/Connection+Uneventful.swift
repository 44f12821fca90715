import PacketDecoding
public import TCPModel

extension Connection {
  /// Whether nothing about it can interest a rule that looks at one connection: opened by three
  /// segments without delay, closed by two FINs, and nothing noticed in between. Most connections
  /// are like that, and pass by all rules at the cost of this test.
  public var isUneventful: Bool {
    noticed.isSubset(of: [.moves, .duplicateAcknowledgment])
      && opening == .handshake && answerTime != .epoch && completionTime != .epoch
      && traits.isSubset(of: [.clientIsLow, .clientKnown, .openAtEnd, .unsettledEvidence])
      && (activeCloser == .client || activeCloser == .server)
      && client.isUneventful && server.isUneventful
      && timeReversals == 0
      && completionTime.nanoseconds(since: firstTime) < 250_000_000
  }
}

extension Endpoint {
  fileprivate var isUneventful: Bool {
    synCount == 1 && finCount == 1 && rstCount == 0
      && (state == .closed || state == .timeWait)
      && marks.isDisjoint(with: [.timedOut, .acknowledgmentIgnored, .timeWaitReuse])
  }
}
