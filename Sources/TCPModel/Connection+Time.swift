import PacketDecoding

extension Connection {
  /// Makes the moves that need no packet: timers that ran out at or before `now`.
  mutating func expireTimers(_ timers: Timers, now: CaptureTime, _ effects: inout StepEffects) {
    client.expireTimer(.client, timers, now: now, &effects)
    if !traits.contains(.isSelf) { server.expireTimer(.server, timers, now: now, &effects) }
  }

  /// Whether nothing more is to be expected of it: over, and remembered long enough.
  func isDone(_ options: TrackerOptions, now: CaptureTime) -> Bool {
    let silence = now.nanoseconds(since: lastTime)
    if isOver { return silence >= options.timers.remembrance }
    guard let limit = options.idleLimit else { return false }
    return silence >= limit
  }

  /// When it is worth looking at again: the next timer of an end, or when it may have been silent long
  /// enough to be let go.
  func nextReview(_ options: TrackerOptions, now: CaptureTime) -> CaptureTime {
    let silent = lastTime.advanced(byNanoseconds: options.shortestLife)
    if isOver { return silent }
    var review = now < silent ? silent : now.advanced(byNanoseconds: options.shortestLife)
    if let limit = options.timers.limit(of: client.state) {
      review = min(review, client.timerStart.advanced(byNanoseconds: limit))
    }
    if let limit = options.timers.limit(of: server.state) {
      review = min(review, server.timerStart.advanced(byNanoseconds: limit))
    }
    return max(review, now)
  }

  /// Whether each end has proved that the connection is open.
  var isOpenedForSure: Bool {
    client.marks.contains(.establishedConfirmed) && server.marks.contains(.establishedConfirmed)
  }
}

extension Endpoint {
  /// RFC 9293 §3.10.8: the user timeout, which shows in that retransmissions have ceased, and the
  /// time-wait timeout. FIN-WAIT-2 has none there (Linux, for orphans).
  fileprivate mutating func expireTimer(
    _ side: Side, _ timers: Timers, now: CaptureTime, _ effects: inout StepEffects
  ) {
    guard let limit = timers.limit(of: state) else { return }
    let start = state == .synSent || state == .synReceived ? max(timerStart, lastTime) : timerStart
    let end = start.advanced(byNanoseconds: limit)
    guard end <= now else { return }
    if state == .lastAck, finAcknowledgedTime != .epoch, lastFINTime <= finAcknowledgedTime {
      // What was held to have missed the acknowledgment of its FIN would have sent the FIN again.
      let arrival = StepContext(
        sender: side, time: finAcknowledgedTime, frame: 0, senderRoundTrip: 0)
      marks.insert(.finAcknowledged)
      move(to: .closed, .assumed, side: side, arrival, &effects)
      return
    }
    let context = StepContext(sender: side, time: end, frame: 0, senderRoundTrip: 0)
    if state != .timeWait { marks.insert(.timedOut) }
    let isPassive = state == .synReceived && !marks.contains(.simultaneous)
    move(to: isPassive ? .listen : .closed, .timer, side: side, context, &effects)
  }
}
