public import PacketDecoding
public import TCPModel

extension Endpoint {
  /// What is left at `now` of the timer that will end its state without a packet, nanoseconds: of
  /// TIME-WAIT (RFC 9293 §3.6.1, 2 MSL), and of FIN-WAIT-2 where the process has gone. Nil in other
  /// states.
  public func timerLeft(at now: CaptureTime, _ timers: Timers) -> Int64? {
    TimerLeft.nanoseconds(of: state, since: timerStart, at: now, timers)
  }
}

/// What is left of the timer that will end a state without a packet.
enum TimerLeft {
  /// As `Endpoint.timerLeft`, of an endpoint whose timer was last started at `start`.
  static func nanoseconds(
    of state: TCPState, since start: CaptureTime, at now: CaptureTime, _ timers: Timers
  ) -> Int64? {
    let length: Int64
    switch state {
    case .timeWait: length = timers.timeWait
    case .finWait2: length = timers.finWait2
    default: return nil
    }
    return max(0, start.advanced(byNanoseconds: length).nanoseconds(since: now))
  }
}
