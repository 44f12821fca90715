import PacketDecoding
public import TCPModel

extension Connection {
  /// Whether nothing about it can interest a rule that looks at one connection: opened by three
  /// segments without delay, closed by two FINs or still open when the capture ended, and nothing
  /// noticed in between but silence. Most connections are like that, and pass by all rules at the
  /// cost of this test.
  public var isUneventful: Bool {
    noticed.isSubset(of: [.moves, .duplicateAcknowledgment, .afterIdle])
      && (!noticed.contains(.afterIdle) || closedQuickly)
      && opening == .handshake && answerTime != .epoch && completionTime != .epoch
      && traits.isSubset(of: [.clientIsLow, .clientKnown, .openAtEnd, .unsettledEvidence])
      && (activeCloser == .none
        ? traits.contains(.openAtEnd) && client.isUneventfullyOpen && server.isUneventfullyOpen
        : activeCloser != .both && client.isUneventful && server.isUneventful)
      && timeReversals == 0
      && completionTime.nanoseconds(since: firstTime) < Connection.quickHandshake
  }

  /// Whether it was closed within a second, if at all, so that it was silent only while it was open.
  private var closedQuickly: Bool {
    activeCloser == .none
      || lastTime.nanoseconds(since: min(client.lastFINTime, server.lastFINTime)) <= Timers.second
  }

  /// How soon a handshake is completed that no rule takes an interest in, nanoseconds.
  fileprivate static let quickHandshake: Int64 = 250_000_000

  /// Whether it is one SYN and nothing else, whose time has not run out: the rest of it may yet
  /// come, and a flood consists of such. No rule that looks at one connection has anything to say.
  public var isMereCall: Bool {
    client.packets == 1 && server.packets == 0 && client.synCount == 1
      && client.state == .synSent && timeReversals == 0
      && noticed.isSubset(of: .moves)
      && traits.isSubset(of: [
        .clientIsLow, .clientKnown, .openAtEnd, .evicted, .unsettledEvidence,
      ])
      && client.marks.isDisjoint(with: [.timedOut, .finSent, .synAckSent, .timeWaitReuse])
      && server.marks.isDisjoint(with: [.seen, .synSent, .finSent])
  }
}

extension ConnectionBrief {
  /// The same of a connection that took the ordinary course; a mere call is uneventful too.
  @inline(__always)
  var isUneventful: Bool {
    completionTime == .epoch
      || completionTime.nanoseconds(since: firstTime) < Connection.quickHandshake
  }
}

extension Endpoint {
  fileprivate var isUneventfullyOpen: Bool {
    synCount == 1 && finCount == 0 && rstCount == 0 && state == .established
      && marks.isDisjoint(with: [.timedOut, .acknowledgmentIgnored, .timeWaitReuse])
  }

  fileprivate var isUneventful: Bool {
    synCount == 1 && finCount == 1 && rstCount == 0
      && (state == .closed || state == .timeWait)
      && marks.isDisjoint(with: [.timedOut, .acknowledgmentIgnored, .timeWaitReuse])
  }
}
