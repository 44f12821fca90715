import PacketDecoding

// A 4-tuple used again while what it was used for before is not settled: its incarnations form a chain,
// and each segment goes to the one whose numbers it fits best.

extension ConnectionTracker {
  /// Incarnations of a 4-tuple that can be met at once: one that an end still holds, an attempt that it
  /// refused, that attempt's successor, and one more. The eldest of more than these meets nothing any
  /// more.
  private static let chainLength = 4

  /// The incarnation of a 4-tuple that a segment belongs to; a new one if it begins one.
  ///
  /// - Parameter place: The newest.
  mutating func incarnation(
    of place: UInt32, _ segment: Segment, _ key: FlowKey, _ tag: UInt32, sourceIsLow: Bool
  ) -> UInt32 {
    let older = connections[place].older
    let control = segment.flags.intersection(.syn.union(.ack).union(.rst))
    // Nearly always: one incarnation, neither beginning nor over.
    if control == .ack, older == 0, !connections[place].isOver { return place }
    let side = ConnectionTracker.side(connections[place].traits, sourceIsLow: sourceIsLow)
    if control == .syn {
      guard connections[place].isNewIncarnation(segment, sender: side) else { return place }
      return begunBefore(by: segment, older, sourceIsLow: sourceIsLow)
        ?? open(segment, key, tag, sourceIsLow: sourceIsLow, over: place)
    }
    if older != 0 { return bestFit(segment, place, sourceIsLow: sourceIsLow) }
    // The SYN of a further incarnation may be missing from the capture.
    if connections[place].isOver, segment.flags.contains(.syn) || segment.payloadLength > 0,
      !segment.flags.contains(.rst), !connections[place].fits(segment, sender: side),
      !connections[place].isAnswered(by: segment, sender: side)
    {
      return open(segment, key, tag, sourceIsLow: sourceIsLow, over: place)
    }
    return place
  }

  /// Of the newest and those before it, the one that a segment fits best; the newer where several do,
  /// the newest where none does.
  private func bestFit(_ segment: Segment, _ newest: UInt32, sourceIsLow: Bool) -> UInt32 {
    var best = newest
    var bestFit = IncarnationFit.none
    var place = newest
    while place != 0, bestFit != .close {
      let side = ConnectionTracker.side(connections[place].traits, sourceIsLow: sourceIsLow)
      let fit = connections[place].fit(segment, sender: side)
      if bestFit < fit {
        best = place
        bestFit = fit
      }
      place = connections[place].older
    }
    return best
  }

  /// The earlier incarnation that a SYN began, if it is a late copy.
  private func begunBefore(
    by segment: Segment, _ older: UInt32, sourceIsLow: Bool
  ) -> UInt32? {
    var place = older
    while place != 0 {
      let sender = connections[place][
        ConnectionTracker.side(connections[place].traits, sourceIsLow: sourceIsLow)]
      if sender.marks.contains(.synSent),
        sender.initialSendSequence == SequenceNumber(segment.sequence)
      {
        return place
      }
      place = connections[place].older
    }
    return nil
  }

  /// Puts a new incarnation in front of the old ones, which stay to be settled.
  mutating func supersede(
    _ old: UInt32, by place: UInt32, _ segment: Segment, sourceIsLow: Bool
  ) {
    table.replace(connections[old].tag, old: old, with: place)
    connections[place].older = old
    connections[old].newer = place
    connections[old].traits.insert(.replaced)
    connections[place].traits.insert(.reuses)
    rememberMeeting(held(old, sourceIsLow: sourceIsLow), by: place)
    // The end that calls anew holds nothing of the old incarnations.
    releaseOlder(than: place, segment, sourceIsLow: sourceIsLow)
    dropEldest(of: place)
  }

  private mutating func rememberMeeting(_ met: UInt32, by place: UInt32) {
    previousIncarnations[place] = PreviousIncarnation(
      connection: connections[met],
      segments: records.elements(of: connections[met].segments).suffix(24))
  }

  /// Of an incarnation and those before it, the newest of which the end that is called still holds
  /// something; the first named if there is none.
  private func held(_ old: UInt32, sourceIsLow: Bool) -> UInt32 {
    var place = old
    while place != 0 {
      let side = ConnectionTracker.side(connections[place].traits, sourceIsLow: !sourceIsLow)
      if !connections[place][side].state.isIdle { return place }
      place = connections[place].older
    }
    return old
  }

  /// Lets go of what is too far back in the chain: it is settled in its time, but not met any more.
  private mutating func dropEldest(of newest: UInt32) {
    var place = newest
    var length = 1
    while connections[place].older != 0 {
      let older = connections[place].older
      length += 1
      if length > ConnectionTracker.chainLength {
        connections[place].older = 0
        connections[older].newer = 0
        return
      }
      place = older
    }
  }

  /// The sender of a SYN, or of an answer to it, holds nothing of what was before.
  mutating func releaseOlder(than place: UInt32, _ segment: Segment, sourceIsLow: Bool) {
    var older = connections[place].older
    while older != 0 {
      effects.reset()
      connections[older].release(
        ConnectionTracker.side(connections[older].traits, sourceIsLow: sourceIsLow), segment,
        &effects)
      if !effects.changes.isEmpty { connections[older].traits.insert(.replaced) }
      log(effects.changes, of: older)
      older = connections[older].older
    }
  }

  /// The newest incarnation sees how an end answers out of an older one.
  mutating func showNewest(
    _ segment: Segment, _ annotations: SegmentAnnotations, of place: UInt32, sourceIsLow: Bool
  ) {
    let foreign = annotations.union(.previousIncarnation)
    var newer = connections[place].newer
    while newer != 0 {
      let side = ConnectionTracker.side(connections[newer].traits, sourceIsLow: sourceIsLow)
      if connections[newer].newer == 0 {
        if connections[newer][side.peer].state == .synSent,
          let met = previousIncarnations[newer]?.connection.id,
          met != connections[place].id
        {
          // It is this one that answers: it was not gone.
          rememberMeeting(place, by: newer)
        }
        connections[newer].noticed.formUnion(foreign)
        record(segment, side, foreign, at: newer)
        connections[newer].meetOlder(segment, sender: side)
      }
      if annotations.contains(.resurrects) {
        // Nobody called anew: the SYN was forged.
        if connections[newer][side].marks.contains(.synSent) {
          connections[place].traits.remove(.replaced)
        }
        effects.reset()
        connections[newer].withdraw(side, segment, &effects)
        log(effects.changes, of: newer)
      }
      newer = connections[newer].newer
    }
  }
}
