import PacketDecoding

// Header prediction (the idea of Van Jacobson's receive path, RFC 1144's author): most segments of
// an open connection are the very ones expected next. They are taken here in one go. Whatever is
// not expected goes the long way, which alone decides what it means; this is a short cut through
// the arms of `Endpoint.send` and `Endpoint.receive` for ESTABLISHED and gives what they give.

extension Connection {
  /// Takes a segment if it is in order, acknowledges nothing surprising, and both ends are open for
  /// sure; else changes nothing.
  ///
  /// - Parameters:
  ///   - meter: Lets the stall meters see the segment, before the ends change.
  /// - Returns: Whether it was taken.
  @inline(__always)
  mutating func takePredicted(
    _ segment: Segment, sender side: Side, meter: (inout Connection) -> Void
  ) -> Bool {
    let idle = segment.time.nanoseconds(since: lastTime)
    guard segment.flags.subtracting(.psh) == .ack, segment.window != 0,
      segment.options.isSubset(of: .timestamps), segment.checksum != .invalid,
      activeCloser == .none, completionTime != .epoch, older == 0, newer == 0,
      !traits.contains(.isSelf),
      idle >= 0, idle <= Connection.noteworthyIdle
    else { return false }
    if side == .client {
      guard client.predicts(segment, to: server) else { return false }
      meter(&self)
      client.takeInOrder(segment, &server, &clientRoundTrip)
    } else {
      guard server.predicts(segment, to: client) else { return false }
      meter(&self)
      server.takeInOrder(segment, &client, &serverRoundTrip)
    }
    if idle > longestIdle { longestIdle = idle }
    lastFrame = segment.frame
    lastTime = segment.time
    omitted &+= 1
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

  /// Whether the segment is what this endpoint, open for sure, sends next, and in order for `peer`.
  @inline(__always)
  fileprivate func predicts(_ segment: Segment, to peer: Endpoint) -> Bool {
    state == .established && peer.state == .established
      && marks.contains(Endpoint.openForSure) && peer.marks.contains(Endpoint.openForSure)
      && !marks.contains(.finArrived)
      && (hopLimit == segment.hopLimit || marks.contains(.varyingHopLimit))
      && sendsInOrder(segment, to: peer) && !repeatsAcknowledgment(segment, to: peer)
  }
}
