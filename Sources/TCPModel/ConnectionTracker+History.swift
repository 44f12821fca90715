import PacketDecoding

// What is kept of a connection besides its two ends: segments, and transitions with what proves or
// takes them back.

extension ConnectionTracker {
  mutating func record(
    _ segment: Segment, _ side: Side, _ annotations: SegmentAnnotations, at place: UInt32
  ) {
    guard
      options.keepsAllSegments || isNotable(segment, annotations)
        || connections[place].segments.count < connections[place].recordedOpening
        || connections[place].activeCloser != .none
        || !connections[place].isOpenedForSure
    else {
      connections[place].omitted &+= 1
      return
    }
    var entry = SegmentRecord(segment, sender: side, annotations: annotations)
    entry.clientState = connections[place].client.state
    entry.serverState = connections[place].server.state
    entry.omittedBefore = connections[place].omitted
    connections[place].omitted = 0
    if connections[place].segments.count >= options.maximumSegments {
      connections[place].traits.insert(.abridged)
    }
    records.append(entry, to: &connections[place].segments, limit: options.maximumSegments)
  }

  /// Whether a segment belongs into a history for its own sake. The beginning of data, and all that
  /// follows the first FIN or RST, is kept besides.
  private func isNotable(_ segment: Segment, _ annotations: SegmentAnnotations) -> Bool {
    !segment.flags.isDisjoint(with: [.syn, .fin, .rst])
      || !annotations.isSubset(of: [.duplicateAcknowledgment, .captureDuplicate])
  }

  /// Writes the changes of a step into the connection's list of transitions.
  mutating func log(_ changes: [StateChange], of place: UInt32) {
    guard options.keepsTransitions else { return }
    for change in changes {
      switch change {
      case .transition(let transition):
        transitions.append(
          transition, to: &connections[place].transitions, limit: options.maximumTransitions)
        watch(transition, of: place)
      case .takeBack(let side, let state):
        revoke(side, to: state, at: place)
      }
    }
  }

  mutating func log(
    _ effects: borrowing StepEffects, of place: UInt32, by segment: Segment, _ side: Side
  ) {
    if !effects.changes.isEmpty {
      log(effects.changes, of: place)
      for change in effects.changes {
        if case .transition(let transition) = change, transition.evidence == .received {
          connections[place].setUnconfirmed(transition.endpoint, true)
        }
      }
    }
    if confirms(side, at: place) { confirm(segment, side, at: place) }
  }

  /// Whether a segment of a side may confirm a transition of it that somebody asks about.
  @inline(__always)
  func confirms(_ side: Side, at place: UInt32) -> Bool {
    connections[place].confirms(side, options.confirmsTransitions)
  }

  /// Marks as revoked what an endpoint is held to have done since it left `state`.
  private mutating func revoke(_ side: Side, to state: TCPState, at place: UInt32) {
    var chain = standing(side, at: place)
    let frame = connections[place].lastFrame
    while let last = chain.popLast() {
      transitions[last].revokedBy = frame
      watch(transitions[last], of: place)
      if transitions[last].from == state { return }
    }
  }

  /// The transitions of a side that were not taken back.
  func standing(_ side: Side, at place: UInt32) -> [UInt32] {
    var chain: [UInt32] = []
    var index = connections[place].transitions.first
    while index != 0 {
      let transition = transitions[index]
      if transition.endpoint == side, transition.revokedBy == 0 { chain.append(index) }
      index = transitions.next(index)
    }
    return chain
  }

  /// Marks what the endpoint's segment proves.
  private mutating func confirm(_ segment: Segment, _ side: Side, at place: UInt32) {
    guard segment.flags.contains(.ack), segment.flags.isDisjoint(with: [.syn, .rst]) else { return }
    var remaining = false
    var index = connections[place].transitions.first
    while index != 0 {
      let transition = transitions[index]
      if transition.endpoint == side, transition.evidence == .received,
        transition.confirmedBy == 0, transition.revokedBy == 0
      {
        if transition.isProved(by: segment) {
          transitions[index].confirmedBy = segment.frame
        } else {
          remaining = true
        }
      }
      index = transitions.next(index)
    }
    connections[place].setUnconfirmed(side, remaining)
  }
}
