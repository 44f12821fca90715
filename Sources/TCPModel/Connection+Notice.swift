import PacketDecoding

extension Connection {
  /// Compares a segment with what its sender sent before. Called before the step. The ends are
  /// `inout` only in order that they be passed by address: they are not changed.
  static func notice(
    _ segment: Segment, sender: inout Endpoint, receiver: inout Endpoint,
    _ effects: inout StepEffects
  ) {
    guard sender.marks.contains(.seen), sender.state != .closed, sender.state != .listen,
      segment.flags.isDisjoint(with: [.syn, .rst])
    else { return }
    let sequence = SequenceNumber(segment.sequence)
    let length = segment.sequenceLength
    let acknowledgment = SequenceNumber(segment.acknowledgment)

    if segment.hasTimestamps, sender.marks.contains(.timestamps),
      TimestampValue(segment.timestampValue).distance(from: sender.newestTimestamp)
        < -Connection.reorderingTicks
    {
      effects.annotations.insert(.timestampRegression)
      // RFC 7323 §5.3, R1: what repeats old numbers under an old timestamp is dropped. New numbers would
      // be too; but whether the receiver took the newer timestamp, only its answers tell.
      if (sequence + length).precedesOrEquals(sender.sendNext), sequence != sender.sendNext {
        effects.annotations.insert(.oldTimestamp)
      }
    }
    if segment.window == 0 { effects.annotations.insert(.zeroWindow) }
    if segment.reportsDuplicate { effects.annotations.insert(.duplicateReport) }

    if sequence == sender.sendNext {
      if length == 0, segment.flags.contains(.ack), acknowledgment == receiver.sendUnacknowledged,
        receiver.sendNext != receiver.sendUnacknowledged,
        UInt32(segment.window) << UInt32(sender.windowShift) == sender.window
      {
        effects.annotations.insert(.duplicateAcknowledgment)
      }
      return
    }
    if sender.sendNext.precedes(sequence) {
      effects.annotations.insert(.gap)
      return
    }
    // It begins before what was sent last.
    let end = sequence + length
    if segment.payloadLength <= 1, sequence + 1 == sender.sendNext, !segment.flags.contains(.fin),
      !(sender.marks.contains(.finSent) && sender.finSequence == sequence)
    {
      effects.annotations.insert(
        receiver.marks.contains(.zeroWindow) ? .windowProbe : .keepAlive)
      return
    }
    guard length > 0 else { return }
    if segment.flags.contains(.fin), sender.finCount == 1 {
      // The capture has it later than its answer.
      effects.annotations.insert(segment.payloadLength == 0 ? .outOfOrder : .retransmission)
    } else if end.precedesOrEquals(sender.sendUnacknowledged) {
      effects.annotations.formUnion([.retransmission, .spurious])
    } else if receiver.receiveNext == sequence, !receiver.beyondHole.isEmpty,
      segment.time.nanoseconds(since: sender.lastTime) < Connection.reorderingTime
    {
      effects.annotations.insert(.outOfOrder)
    } else {
      effects.annotations.insert(.retransmission)
    }
  }

  /// A segment that fills a hole this soon after another one was overtaken rather than sent again.
  /// Wireshark uses the same 3 ms where no round trip is known.
  static let reorderingTime: Int64 = 3_000_000
  /// Ticks by which a TSval may lie behind for the sake of reordering: a second of the fastest
  /// common clock (RFC 7323 §5.4: 1 ms to 1 s a tick). The receiver itself tolerates none.
  static let reorderingTicks: Int32 = 1000

  /// Adds what was noticed to the sender's counts.
  mutating func tally(_ annotations: SegmentAnnotations, sender side: Side) {
    guard !annotations.isEmpty else { return }
    noticed.formUnion(annotations)
    if side == .client { client.tally(annotations) } else { server.tally(annotations) }
  }
}

extension Endpoint {
  fileprivate mutating func tally(_ annotations: SegmentAnnotations) {
    if annotations.contains(.retransmission) { retransmissions.countUp() }
    if annotations.contains(.repeated), !annotations.contains(.retransmission) {
      retransmissions.countUp()
    }
    if annotations.contains(.spurious) { spuriousRetransmissions.countUp() }
    if annotations.contains(.outOfOrder) { outOfOrder.countUp() }
    if annotations.contains(.duplicateAcknowledgment) { duplicateAcknowledgments.countUp() }
    if annotations.contains(.zeroWindow) { zeroWindows.countUp() }
    if annotations.contains(.keepAlive) { keepAlives.countUp() }
    if annotations.contains(.invalidChecksum) { invalidChecksums.countUp() }
    if annotations.contains(.captureDuplicate) { captureDuplicates.countUp() }
    if annotations.contains(.acknowledgesUnseen) { marks.insert(.acknowledgedUnseen) }
  }
}

extension Connection {
  /// Segments after which waits are measured.
  private static let meteredLength: UInt64 = 16

  /// Whether its next segment makes it long enough for waits to be measured.
  var isAboutToDeserveMeter: Bool {
    client.packets &+ server.packets >= Connection.meteredLength
  }

  /// Lets its meters see a segment before the step does.
  mutating func measure(
    _ segment: inout Segment, _ annotations: SegmentAnnotations, sender: Side,
    _ meters: inout StallMeters
  ) {
    if sender == .client {
      meters.observe(
        &segment, annotations, from: &client, to: &server, roundTrip: clientRoundTrip,
        sender: sender)
    } else {
      meters.observe(
        &segment, annotations, from: &server, to: &client, roundTrip: serverRoundTrip,
        sender: sender)
    }
  }

  /// Whether waits at its ends are worth measuring from now on.
  func deservesMeter(_ segment: Segment, _ annotations: SegmentAnnotations) -> Bool {
    segment.sackCount > 0 || client.packets &+ server.packets > Connection.meteredLength
      || !annotations.isDisjoint(with: [.zeroWindow, .retransmission, .windowProbe, .gap])
  }

  /// Counts a frame that comes later in the input than frames of a later time.
  mutating func noteReversal(_ segment: Segment, _ now: CaptureTime) {
    if timeReversals == 0 { firstReversedFrame = segment.frame }
    if timeReversals != .max { timeReversals += 1 }
    longestTimeReversal = max(longestTimeReversal, now.nanoseconds(since: segment.time))
  }
}

extension Segment {
  /// Whether its first SACK block lies below its acknowledgment (D-SACK, RFC 2883 §4).
  var reportsDuplicate: Bool {
    sackCount > 0
      && SequenceNumber(sackBlocks[0].right)
        .precedesOrEquals(SequenceNumber(acknowledgment))
  }
}
