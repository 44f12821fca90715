import PacketDecoding

// Looking at connections while they live, for a live view.

extension ConnectionTracker {
  /// Puts a connection in line to be looked at while it lives.
  mutating func watch(
    _ segment: Segment, _ annotations: SegmentAnnotations, _ place: UInt32
  ) {
    guard
      !annotations.isDisjoint(with: ConnectionTracker.disturbances)
        || segment.flags.contains(.rst) || connections[place].traits.contains(.isSelf),
      !connections[place].traits.contains(.watched)
    else { return }
    connections[place].traits.insert(.watched)
    disturbed.append((connections[place].id, place, segment.time))
  }

  private static let disturbances: SegmentAnnotations = [
    .repeated, .revokes, .unacceptableEcho, .unacceptableAcknowledgment, .previousIncarnation,
    .ignoredReset, .doubtfulReset, .resurrects, .oldTimestamp, .timestampRegression,
  ]

  /// The next living connection in which something went wrong at least `quiet` nanoseconds ago, as
  /// it stands; nil if there is none. It stays tracked, and comes again when more goes wrong.
  public mutating func nextDisturbed(quiet: Int64 = Timers.second) -> TrackedConnection? {
    while let first = disturbed.first {
      guard now.nanoseconds(since: first.time) >= quiet else { return nil }
      disturbed.removeFirst()
      guard connections[first.place].id == first.id else { continue }
      connections[first.place].traits.remove(.watched)
      return snapshot(first.place)
    }
    return nil
  }

  /// A connection as it stands, without letting it go.
  private func snapshot(_ place: UInt32) -> TrackedConnection {
    let connection = connections[place]
    return TrackedConnection(
      connection: connection, segments: records.elements(of: connection.segments),
      transitions: transitions.elements(of: connection.transitions),
      previous: previousIncarnations[place],
      icmpErrors: icmpErrors[place] ?? [],
      stalls: connection.meter == 0 ? nil : meters[connection.meter])
  }

  /// How many endpoints of tracked connections are in each state, by `TCPState.rawValue`.
  public func statesHeld() -> [Int] {
    var counts = [Int](repeating: 0, count: TCPState.allCases.count)
    for place in [wheel.places(), evictable.places].joined() {
      counts[Int(connections[place].client.state.rawValue)] += 1
      if !connections[place].traits.contains(.isSelf) {
        counts[Int(connections[place].server.state.rawValue)] += 1
      }
    }
    return counts
  }
}
