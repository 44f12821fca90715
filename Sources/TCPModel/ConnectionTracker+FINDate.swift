import PacketDecoding

// When a FIN that was sent more than once arrived. Which of its sendings did shows in its first
// acknowledgment; the step knows the last sending only, the history knows them all. Without
// timestamps and without SACK it cannot be known: the first sending is told, but where FINs are held
// to have crossed, for that would have been answered before the FIN came again. An echo that fits none
// of the sendings is that of one which the capture lacks.

extension ConnectionTracker {
  /// Gives what the peer's FIN moved the time of the sending that arrived. Called before the changes of
  /// the step are logged.
  ///
  /// - Parameters:
  ///   - answer: What the first acknowledgment of the FIN tells.
  ///   - side: The end that acknowledges.
  mutating func redateFIN(
    by answer: FINAnswer, _ segment: Segment, _ side: Side, at place: UInt32
  ) {
    guard options.keepsTransitions,
      let sending = finSending(answer, segment, of: side.peer, at: place)
    else { return }
    var moves = standing(side, at: place).map { transitions[$0] }
    let logged = moves.count
    var others: [StateChange] = []
    for change in effects.changes {
      switch change {
      case .transition(let transition) where transition.endpoint == side: moves.append(transition)
      case .takeBack(side, _): return
      case .transition, .takeBack: others.append(change)
      }
    }
    guard let arrival = FINArrival(in: moves), arrival.moves(to: sending, in: moves) else { return }
    var acknowledging = firstAcknowledgment(
      ofFIN: side, from: arrival.isOneSegment(in: moves) ? moves[arrival.fin].frame : .max,
      until: sending.place, at: place)
    if sending.evidence == .assumed, connections[place][side.peer].marks.contains(.closedSecond) {
      // It bears that acknowledgment itself.
      acknowledging = acknowledging ?? sending
    }
    let told =
      arrival.told(of: sending, acknowledging: acknowledging, in: moves)
      + moves[arrival.range.upperBound...]
    var changes = told.map { StateChange.transition($0) }
    let kept = arrival.range.lowerBound
    if kept < logged {
      changes.insert(.takeBack(side, to: moves[kept].from), at: 0)
      effects.annotations.formUnion([.moves, .revokes])
    } else {
      changes = moves[logged..<kept].map { StateChange.transition($0) } + changes
    }
    effects.changes = changes + others
    guard let timeWait = told.last(where: { $0.to == .timeWait }) else { return }
    if side == .client {
      connections[place].client.noteTimeWait(timeWait)
    } else {
      connections[place].server.noteTimeWait(timeWait)
    }
  }

  /// The segment that was the first to acknowledge a side's own FIN, once the one at `frame` is known to
  /// have been lost; nil unless it passed before `sending`, a frame, or is that itself.
  private func firstAcknowledgment(
    ofFIN side: Side, from frame: UInt64, until sending: UInt64, at place: UInt32
  ) -> ClosingSegment? {
    let position = connections[place][side].finSequence
    var index = connections[place].segments.first
    while index != 0 {
      let record = records[index]
      index = records.next(index)
      if record.frame > sending { return nil }
      if record.sender == side.peer, record.frame > frame || record.frame == sending,
        record.flags.contains(.ack), record.flags.isDisjoint(with: [.syn, .rst]),
        position.precedes(record.acknowledgment),
        record.annotations.isDisjoint(
          with: [.captureDuplicate, .invalidChecksum, .previousIncarnation])
      {
        return ClosingSegment(record)
      }
    }
    return nil
  }

  /// The sending of a side's FIN, or of data missing before it, that an acknowledgment answers.
  private func finSending(
    _ answer: FINAnswer, _ segment: Segment, of side: Side, at place: UInt32
  ) -> ClosingSegment? {
    let end = connections[place][side].finSequence + 1
    // The handshake's round trip may have been a slow one.
    let latest = segment.time.advanced(
      byNanoseconds: -connections[place].roundTrip(to: side.peer) / 2)
    var hasSentFIN = false
    var found: ClosingSegment?
    var last: ClosingSegment?
    var hidden = answer.echo.map {
      HiddenFINSearch(fin: connections[place][side].finSequence, of: side, echo: $0)
    }
    var index = connections[place].segments.first
    while index != 0 {
      let record = records[index]
      index = records.next(index)
      guard
        record.annotations.isDisjoint(
          with: [.captureDuplicate, .invalidChecksum, .previousIncarnation])
      else { continue }
      hidden?.pass(record)
      guard record.sender == side else { continue }
      let isFIN = record.flags.contains(.fin) && record.end == end
      if isFIN {
        hasSentFIN = true
        if last == nil || record.time <= latest { last = ClosingSegment(record) }
      }
      guard let echo = answer.echo else { continue }
      guard record.hasTimestamps else { return nil }
      if record.timestampValue == echo.rawValue {
        if isFIN, !answer.isToLast { return ClosingSegment(record) }
        if found == nil, hasSentFIN, record.length > 0,
          !record.annotations.isDisjoint(with: [.retransmission, .outOfOrder])
        {
          found = ClosingSegment(record)
        }
      }
    }
    if let found { return found }
    if answer.isToLast { return last }
    if connections[place].traits.contains(.abridged) { return nil }
    return hidden?.sending(
      shownBy: segment, patience: connections[place].roundTrip(to: side.peer) &* 2 &+ 5_000_000)
  }
}

/// Where the arrival of the peer's FIN is among the transitions of an endpoint, together with that of
/// the acknowledgment of its own FIN where one decided what the other led to.
private struct FINArrival {
  /// The transitions that both made.
  var range: Range<Int>
  /// The one that the FIN made.
  var fin: Int
  /// The one that the acknowledgment made.
  var acknowledgment: Int?

  init?(in moves: [Transition]) {
    guard let fin = moves.lastIndex(where: { $0.isByFIN }) else { return nil }
    self.fin = fin
    range = fin..<(fin + 1)
    if moves[fin].to == .timeWait, fin > 0, moves[fin - 1].to == .finWait2,
      moves[fin - 1].evidence == .received
    {
      acknowledgment = fin - 1
      range = (fin - 1)..<(fin + 1)
    } else if moves[fin].to == .closing, fin + 1 < moves.count, moves[fin + 1].to == .timeWait {
      acknowledgment = fin + 1
      range = fin..<(fin + 2)
    }
  }

  /// Whether another sending changes what is told.
  func moves(to sending: ClosingSegment, in moves: [Transition]) -> Bool {
    if moves[fin].frame != sending.frame { return true }
    guard let acknowledgment else { return false }
    return moves[fin].to == .closing && moves[acknowledgment].frame < sending.frame
  }

  /// Whether one segment brought both.
  func isOneSegment(in moves: [Transition]) -> Bool {
    acknowledgment.map { moves[$0].frame == moves[fin].frame } ?? false
  }

  /// The same with the FIN's arrival at the time of `sending`. What passes first arrives first.
  ///
  /// - Parameter acknowledging: What is known to acknowledge the endpoint's own FIN instead of what was
  ///   held to.
  func told(
    of sending: ClosingSegment, acknowledging: ClosingSegment?, in moves: [Transition]
  ) -> [Transition] {
    var arrival = moves[fin]
    arrival.frame = sending.frame
    arrival.time = sending.time
    arrival.evidence = sending.evidence
    guard let acknowledgment else { return [arrival] }
    var answer = moves[acknowledgment]
    var answerPlace = answer.frame
    if let acknowledging, isOneSegment(in: moves) || acknowledging.place < answer.frame {
      answer.frame = acknowledging.frame
      answer.time = acknowledging.time
      answer.evidence = acknowledging.evidence
      answerPlace = acknowledging.place
    }
    if sending.place < answerPlace {
      arrival.from = .finWait1
      arrival.to = .closing
      if let before = moves[..<range.lowerBound].last {
        arrival.time = max(arrival.time, before.time)
      }
      answer.from = .closing
      answer.to = .timeWait
      return [arrival, answer]
    }
    answer.from = .finWait1
    answer.to = .finWait2
    arrival.from = .finWait2
    arrival.to = .timeWait
    return [answer, arrival]
  }
}

extension Transition {
  /// Whether a FIN of the peer made it.
  fileprivate var isByFIN: Bool {
    evidence == .received
      && (to == .closeWait || to == .closing || to == .timeWait && from == .finWait2)
  }
}

extension Endpoint {
  fileprivate mutating func noteTimeWait(_ transition: Transition) {
    timeWaitTime = transition.time
    timeWaitFrame = transition.frame
    wasClosing = transition.from == .closing
  }
}
