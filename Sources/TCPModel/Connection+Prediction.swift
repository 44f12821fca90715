import PacketDecoding

// Header prediction (Van Jacobson's idea, RFC 7323 §5.6): most segments of an open connection are
// the very ones expected next. They are taken here in one go. Whatever is
// not expected goes the long way, which alone decides what it means; this is a short cut through
// the arms of `Endpoint.send` and `Endpoint.receive` for ESTABLISHED and gives what they give.

extension Connection {
  /// Takes a segment if it is in order, acknowledges nothing surprising, both ends are open for sure
  /// and nobody wants it in the history; else changes nothing.
  ///
  /// - Parameters:
  ///   - all: Whether all transitions are confirmed.
  ///   - meters: Where its stall meters are, which see the segment before the ends change.
  ///   - isSteady: Whether it is, set when the segment was taken.
  /// - Returns: Whether it was taken.
  @inline(__always)
  mutating func takePredicted(
    _ segment: inout Segment, sourceIsLow: Bool, confirmsAll all: Bool,
    _ meters: inout Slab<StallMeters>, _ isSteady: inout Bool
  ) -> Bool {
    let side = ConnectionTracker.side(traits, sourceIsLow: sourceIsLow)
    let isOpen = Endpoint.areOpen(&client, &server)
    guard isPlain, meter != 0 || !isAboutToDeserveMeter, !confirms(side, all),
      isOpen || (side == .client ? client.isOpen(to: &server) : server.isOpen(to: &client)),
      takeSteady(&segment, sourceIsLow: sourceIsLow, &meters)
    else { return false }
    isSteady = isOpen && meter != 0 && !confirms(side.peer, all)
    return true
  }

  /// Whether `takePredicted` looks at the segment alone, whichever side sends it. What makes it so is
  /// changed by nothing that `takePredicted` takes, and so debug builds check it where it is made use of.
  /// Changes nothing; it is passed by address.
  mutating func isSteady(confirmsAll all: Bool) -> Bool {
    isPlain && meter != 0 && !confirms(.client, all) && !confirms(.server, all)
      && Endpoint.areOpen(&client, &server)
  }

  /// Whether it is one of two hosts, and of one incarnation, between its opening and its close.
  @inline(__always)
  private var isPlain: Bool {
    activeCloser == .none && completionTime != .epoch && older == 0 && newer == 0
      && !traits.contains(.isSelf) && segments.count >= Connection.recordedOpening
  }

  /// `takePredicted` for one that is steady.
  @inline(__always)
  mutating func takeSteady(
    _ segment: inout Segment, sourceIsLow: Bool, _ meters: inout Slab<StallMeters>
  ) -> Bool {
    let idle = segment.time.nanoseconds(since: lastTime)
    guard segment.flags.subtracting(.psh) == .ack, segment.checksum != .invalid, idle >= 0,
      idle <= Connection.noteworthyIdle
    else { return false }
    let side = ConnectionTracker.side(traits, sourceIsLow: sourceIsLow)
    let isTaken =
      side == .client
      ? Connection.takePredicted(
        &segment, from: &client, to: &server, &clientRoundTrip, side, &meters, meter)
      : Connection.takePredicted(
        &segment, from: &server, to: &client, &serverRoundTrip, side, &meters, meter)
    guard isTaken else { return false }
    if idle > longestIdle { longestIdle = idle }
    lastFrame = segment.frame
    lastTime = segment.time
    omitted &+= 1
    return true
  }

  // One function for both sides, in which all the rest is in line.

  /// The share of the ends in it.
  @inline(never)
  private static func takePredicted(
    _ segment: inout Segment, from sender: inout Endpoint, to receiver: inout Endpoint,
    _ roundTrip: inout Int64, _ side: Side, _ meters: inout Slab<StallMeters>, _ meter: UInt32
  ) -> Bool {
    guard sender.hopLimit == segment.hopLimit || sender.marks.contains(.varyingHopLimit),
      !sender.repeatsAcknowledgment(segment, to: receiver)
    else { return false }
    let identity = sender.identityInSequence(of: segment, to: receiver)
    guard identity != 0 else { return false }
    if meter != 0 {
      meters[meter].observe(
        &segment, [], from: &sender, to: &receiver, roundTrip: roundTrip, sender: side)
    }
    sender.takeInOrder(segment, identity: identity, &receiver, &roundTrip)
    return true
  }

  /// Segments of the beginning that are kept in the history, whatever they are.
  static let recordedOpening: UInt32 = 5

  /// The same of this connection: more where the opening did not go straight, so that the echoes
  /// which tell what was lost and what was late are there.
  var recordedOpening: UInt32 {
    noticed.isDisjoint(with: .repeated.union(.revokes)) ? Connection.recordedOpening : 16
  }
}

extension Endpoint {
  // Not array literals: the compiler allocates those here.
  private static var openForSure: EndpointMarks { .seen.union(.establishedConfirmed) }

  /// Whether it and its peer are open for sure, and nothing keeps what it sends from being in order.
  /// Changes none; they are passed by address.
  @inline(__always)
  fileprivate mutating func isOpen(to peer: inout Endpoint) -> Bool {
    state == .established && peer.state == .established && marks.contains(Endpoint.openForSure)
      && peer.marks.contains(Endpoint.openForSure) && !marks.contains(.finArrived)
      && isUndisturbed(to: peer)
  }

  /// Whether both ends are open like that.
  @inline(__always)
  fileprivate static func areOpen(_ one: inout Endpoint, _ other: inout Endpoint) -> Bool {
    one.isOpen(to: &other) && !other.marks.contains(.finArrived) && other.isUndisturbed(to: one)
  }
}
