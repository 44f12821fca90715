import PacketDecoding

extension Connection {
  /// Looks once more at a connection of which only one direction was captured, once it is done: who
  /// closed first shows only in what did not follow.
  ///
  /// The end that closes first acknowledges the other's FIN after its own. When the only end heard
  /// fell silent with its FIN, the other's FIN had come before, and that end closed second; when
  /// its last word was an ACK, the other's FIN came after. Returns the changes; their evidence is
  /// `assumed`.
  mutating func reviewOneSided(_ timers: Timers) -> [StateChange] {
    let side: Side = client.marks.contains(.seen) ? .client : .server
    let heard = self[side]
    guard !self[side.peer].marks.contains(.seen), !traits.contains(.isSelf),
      heard.state == .finWait1 || heard.state == .finWait2 || heard.state == .closed,
      heard.marks.contains(.finSent), heard.finCount == 1, heard.rstCount == 0,
      heard.marks.isDisjoint(with: [.finArrived, .wasReset, .reset]),
      heard.marks.contains(.acknowledgedSomething), heard.sendNext == heard.finSequence + 1,
      heard.lastFrame == lastFrame
    else { return [] }
    let context = StepContext(
      sender: side, time: heard.lastTime, frame: heard.lastFrame, senderRoundTrip: 0)
    var effects = StepEffects()
    guard heard.fellSilentClosing(timers) else {
      if side == .client {
        Connection.closeFirst(&client, second: &server, side: .client, context, &effects)
      } else {
        Connection.closeFirst(&server, second: &client, side: .server, context, &effects)
      }
      return effects.changes
    }
    if side == .client {
      Connection.closeSecond(&client, first: &server, side: .client, context, &effects)
    } else {
      Connection.closeSecond(&server, first: &client, side: .server, context, &effects)
    }
    activeCloser = side == .client ? .server : .client
    return effects.changes
  }

  private static func closeFirst(
    _ first: inout Endpoint, second: inout Endpoint, side: Side, _ context: StepContext,
    _ effects: inout StepEffects
  ) {
    guard second.state == .closeWait else { return }
    if first.state == .closed { first.takeBack(to: .finWait1, side: side, context, &effects) }
    first.marks.remove(.timedOut)
    first.marks.formUnion([.finAcknowledged, .finArrived])
    first.move(to: .finWait2, .assumed, side: side, context, &effects)
    first.move(to: .timeWait, .assumed, side: side, context, &effects)
    second.marks.formUnion([.finSent, .finAcknowledged, .closedSecond])
    second.move(to: .lastAck, .assumed, side: side.peer, context, &effects)
    second.move(to: .closed, .received, side: side.peer, context, &effects)
  }

  private static func closeSecond(
    _ second: inout Endpoint, first: inout Endpoint, side: Side, _ context: StepContext,
    _ effects: inout StepEffects
  ) {
    second.takeBack(to: .established, side: side, context, &effects)
    second.marks.formUnion([.finArrived, .closedSecond])
    second.move(to: .closeWait, .assumed, side: side, context, &effects)
    second.move(to: .lastAck, .sent, side: side, context, &effects)
    first.takeBack(to: .established, side: side.peer, context, &effects)
    first.marks.formUnion([.finSent, .finAcknowledged, .finArrived])
    first.move(to: .finWait1, .assumed, side: side.peer, context, &effects)
    first.move(to: .finWait2, .assumed, side: side.peer, context, &effects)
    first.move(to: .timeWait, .received, side: side.peer, context, &effects)
  }
}

extension Endpoint {
  /// Whether nothing followed its FIN, which started the timer of its state.
  fileprivate func fellSilentClosing(_ timers: Timers) -> Bool {
    let limit = state == .closed ? timers.closing : 0
    return lastTime.advanced(byNanoseconds: limit) == timerStart
  }
}
