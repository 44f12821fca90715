/// The times after which endpoints move without a packet (RFC 9293 §3.10.8), in nanoseconds. The
/// defaults are those of Linux.
public struct Timers: Sendable, BitwiseCopyable {
  /// TIME-WAIT (2 × MSL, RFC 9293 §3.6.1; an MSL is 2 minutes, §3.4.2); Linux: 60 s, a compile-time
  /// constant.
  public var timeWait: Int64 = 60 * Timers.second
  /// FIN-WAIT-2 of a socket that its process has closed; Linux: `tcp_fin_timeout`, 60 s.
  public var finWait2: Int64 = 60 * Timers.second
  /// Silence after the last SYN before a caller is taken to have given up; Linux retries at up to
  /// 64 s distance by default (`tcp_syn_retries` 6).
  public var synSent: Int64 = 130 * Timers.second
  /// The same for an unanswered SYN,ACK (`tcp_synack_retries` 5: 32 s after the last one).
  public var synReceived: Int64 = 65 * Timers.second
  /// Silence after the last segment of an endpoint in FIN-WAIT-1, CLOSING or LAST-ACK before it is
  /// taken to have given up (`tcp_orphan_retries` 0, which means 8).
  public var closing: Int64 = 120 * Timers.second
  /// How long a closed connection is remembered, so that late duplicates, answers to them and a
  /// reuse of its ports are recognised.
  public var remembrance: Int64 = 60 * Timers.second

  /// Nanoseconds in a second.
  public static let second: Int64 = 1_000_000_000

  public init() {}

  /// How long an endpoint stays in `state` after its timer was last started, or nil where no timer
  /// ends the state.
  func limit(of state: TCPState) -> Int64? {
    switch state {
    case .synSent: synSent
    case .synReceived: synReceived
    case .finWait1, .closing, .lastAck: closing
    case .finWait2: finWait2
    case .timeWait: timeWait
    case .closed, .listen, .established, .closeWait: nil
    }
  }
}
