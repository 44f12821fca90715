/// The state of one endpoint (RFC 9293 §3.3.2).
public enum TCPState: UInt8, CaseIterable, Sendable, BitwiseCopyable {
  case closed
  case listen
  case synSent
  case synReceived
  case established
  case finWait1
  case finWait2
  case closeWait
  case closing
  case lastAck
  case timeWait
}

extension TCPState {
  /// Whether both sides have exchanged their initial sequence numbers (RFC 9293 §3.5: ESTABLISHED
  /// and the states after it).
  @inlinable
  public var isSynchronized: Bool { rawValue >= TCPState.established.rawValue }

  /// Whether the endpoint holds nothing of this connection.
  @inlinable
  public var isIdle: Bool { rawValue <= TCPState.listen.rawValue }
}

extension TCPState: CustomStringConvertible {
  /// The name as RFC 9293 writes it.
  public var description: String {
    switch self {
    case .closed: "CLOSED"
    case .listen: "LISTEN"
    case .synSent: "SYN-SENT"
    case .synReceived: "SYN-RECEIVED"
    case .established: "ESTABLISHED"
    case .finWait1: "FIN-WAIT-1"
    case .finWait2: "FIN-WAIT-2"
    case .closeWait: "CLOSE-WAIT"
    case .closing: "CLOSING"
    case .lastAck: "LAST-ACK"
    case .timeWait: "TIME-WAIT"
    }
  }
}
