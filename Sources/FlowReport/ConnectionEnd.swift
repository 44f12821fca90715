import PacketDecoding
public import TCPModel

/// How a connection ended, as far as the capture shows.
public enum ConnectionEnd: String, Sendable, CaseIterable {
  /// Both sides sent a FIN.
  case fin
  /// A RST ended it.
  case rst
  /// An endpoint gave up waiting.
  case timeout
  /// Its SYN was answered by a RST.
  case refused
  /// Its SYN was not answered.
  case unanswered
  /// It was still alive when the capture ended.
  case open
  /// A new incarnation took its 4-tuple while it was alive.
  case reused

  /// Its place among all cases.
  @inline(__always)
  var index: Int {
    switch self {
    case .fin: 0
    case .rst: 1
    case .timeout: 2
    case .refused: 3
    case .unanswered: 4
    case .open: 5
    case .reused: 6
    }
  }
}

extension ConnectionLine {
  /// How it ended.
  @inline(__always)
  public var end: ConnectionEnd {
    let marks = client.marks.union(server.marks)
    if client.marks.contains(.refused) { return .refused }
    if marks.contains(.reset) || marks.contains(.wasReset) { return .rst }
    if client.marks.contains(.finSent), server.marks.contains(.finSent) { return .fin }
    if traits.contains(.isSelf), client.marks.contains(.finSent) { return .fin }
    if client.marks.contains(.synSent), server.packets == 0, !traits.contains(.isSelf) {
      return .unanswered
    }
    if traits.contains(.replaced) { return .reused }
    if marks.contains(.timedOut), client.state.isIdle || server.state.isIdle { return .timeout }
    return .open
  }

  /// From the first SYN to the ACK that completed the handshake, nanoseconds; nil where one of them
  /// was not seen, or the capture's clock was set back between.
  @inline(__always)
  public var handshakeTime: Int64? {
    ConnectionLine.handshakeTime(opening, firstTime, completionTime)
  }

  @inline(__always)
  fileprivate static func handshakeTime(
    _ opening: Opening, _ first: CaptureTime, _ completion: CaptureTime
  ) -> Int64? {
    guard opening == .handshake, completion != .epoch else { return nil }
    let time = completion.nanoseconds(since: first)
    return time < 0 ? nil : time
  }
}

extension Connection {
  /// As of its line.
  public var end: ConnectionEnd { ConnectionLine(self).end }

  /// As of its line.
  public var handshakeTime: Int64? {
    ConnectionLine.handshakeTime(opening, firstTime, completionTime)
  }
}

extension ConnectionBrief {
  /// As of its line.
  @inline(__always)
  var handshakeTime: Int64? { ConnectionLine.handshakeTime(opening, firstTime, completionTime) }
}
