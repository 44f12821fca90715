import PacketDecoding

extension Connection {
  /// Looks once more at a connection of which only one direction was captured, once it is done: who
  /// closed first shows only in what did not follow.
  ///
  /// The end that closes first acknowledges the other's FIN after its own. When the only end heard
  /// fell silent with its FIN, the other's FIN had come before, and that end closed second. Returns
  /// the changes; their evidence is `assumed`.
  mutating func reviewOneSided() -> [StateChange] {
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
    if side == .client {
      Connection.closeSecond(&client, first: &server, side: .client, context, &effects)
    } else {
      Connection.closeSecond(&server, first: &client, side: .server, context, &effects)
    }
    activeCloser = side == .client ? .server : .client
    return effects.changes
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
