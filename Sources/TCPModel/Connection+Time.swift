import PacketDecoding

extension Connection {
  /// Makes the moves that need no packet: timers that ran out at or before `now`.
  mutating func expireTimers(_ timers: Timers, now: CaptureTime, _ effects: inout StepEffects) {
    client.expireTimer(.client, timers, now: now, &effects)
    if !traits.contains(.isSelf) { server.expireTimer(.server, timers, now: now, &effects) }
  }

  /// When it is worth looking at again: the next timer of an end, or the end of remembrance.
  func nextDeadline(_ timers: Timers) -> CaptureTime {
    if isOver { return lastTime.advanced(byNanoseconds: timers.remembrance) }
    var deadline = lastTime.advanced(byNanoseconds: 300 * Timers.second)
    if let limit = timers.limit(of: client.state) {
      deadline = min(deadline, client.timerStart.advanced(byNanoseconds: limit))
    }
    if let limit = timers.limit(of: server.state) {
      deadline = min(deadline, server.timerStart.advanced(byNanoseconds: limit))
    }
    // A state without a timer lasts; it is only looked at from time to time.
    return max(deadline, lastTime.advanced(byNanoseconds: Timers.second))
  }
}

extension Endpoint {
  fileprivate mutating func expireTimer(
    _ side: Side, _ timers: Timers, now: CaptureTime, _ effects: inout StepEffects
  ) {
    guard let limit = timers.limit(of: state) else { return }
    let start = state == .synSent || state == .synReceived ? max(timerStart, lastTime) : timerStart
    let end = start.advanced(byNanoseconds: limit)
    guard end <= now else { return }
    let context = StepContext(sender: side, time: end, frame: 0, senderRoundTrip: 0)
    if state != .timeWait { marks.insert(.timedOut) }
    move(to: state == .synReceived ? .listen : .closed, .timer, side: side, context, &effects)
  }
}
