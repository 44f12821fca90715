import PacketDecoding
import TCPModel

// What the opening tells about losses and delays.

extension Attempt {
  /// The SYN,ACKs that a caller may take: they acknowledge its SYN and echo no foreign timestamp.
  var answers: [SegmentRecord] {
    synAcks.filter {
      coversSYN($0)
        && $0.annotations.isDisjoint(with: [.unacceptableEcho, .unacceptableAcknowledgment])
    }
  }

  /// The SYN,ACK whose TSval an acknowledgment of the client echoes, if they can be told apart.
  func taken(by acknowledgment: SegmentRecord) -> SegmentRecord? {
    guard acknowledgment.hasTimestamps else { return nil }
    let named = answers.filter {
      $0.frame < acknowledgment.frame && $0.hasTimestamps && $0.timestampValue != 0
        && $0.timestampValue == acknowledgment.timestampEchoReply
    }
    return named.first
  }

  /// How long the server usually takes to answer, seen from here: the shortest time between data of
  /// the client and its acknowledgment. nil where the history has no such pair.
  var usualRoundTrip: Int64? {
    var shortest: Int64?
    for segment in clientSegments where segment.length > 0 {
      guard segment.annotations.isDisjoint(with: [.retransmission, .outOfOrder]),
        let answer = serverSegments.first(where: {
          $0.frame > segment.frame && segment.end.precedesOrEquals($0.acknowledgment)
        })
      else { continue }
      let time = answer.time.nanoseconds(since: segment.time)
      if time > 0 { shortest = min(shortest ?? time, time) }
    }
    return shortest
  }

  /// By how much a segment of the server came later than the one that follows it, by the server's
  /// own clock, nanoseconds: its delay on the way that the next one did not have. Ticks are taken
  /// for milliseconds (RFC 7323 §5.4 allows slower clocks, which only hide a delay). nil without
  /// timestamps.
  func lag(of segment: SegmentRecord) -> Int64? {
    guard segment.hasTimestamps, segment.timestampValue != 0 else { return nil }
    let followers = (synAcks + serverSegments).filter {
      $0.frame > segment.frame && $0.hasTimestamps
        && (0..<10 * Timers.second).contains($0.time.nanoseconds(since: segment.time))
    }
    guard let next = followers.min(by: { $0.frame < $1.frame }) else { return nil }
    let ticks = TimestampValue(next.timestampValue).distance(
      from: TimestampValue(segment.timestampValue))
    return Int64(ticks) * 1_000_000 - next.time.nanoseconds(since: segment.time)
  }

  /// Whether a SYN,ACK was late rather than sent late: the server's clock says that it left long
  /// before.
  func wasLate(_ answer: SegmentRecord) -> Bool {
    if (lag(of: answer) ?? 0) > 200_000_000 { return true }
    // An older SYN,ACK still comes in later.
    return synAcks.contains {
      $0.frame > answer.frame && $0.hasTimestamps && answer.hasTimestamps
        && $0.sequence == answer.sequence
        && TimestampValue($0.timestampValue).precedes(TimestampValue(answer.timestampValue))
    }
  }

  /// SYN,ACKs repeated by the server's timer although an acknowledgment of the client had passed
  /// longer ago than a round trip: that acknowledgment was lost, or not taken.
  var ignoredRounds: [(acknowledgment: SegmentRecord, repetition: SegmentRecord)] {
    guard let first = answers.first else { return [] }
    let floor = max(connection.serverRoundTrip, 150_000_000)
    var newest = first
    var rounds: [(acknowledgment: SegmentRecord, repetition: SegmentRecord)] = []
    for answer in answers.dropFirst() where answer.sequence == first.sequence {
      if answer.hasTimestamps, newest.hasTimestamps,
        !TimestampValue(newest.timestampValue).precedes(TimestampValue(answer.timestampValue))
      {
        continue
      }
      let before = clientSegments.last {
        $0.frame < answer.frame && $0.flags.contains(.ack) && first.end == $0.acknowledgment
          && answer.time.nanoseconds(since: $0.time) > floor
      }
      newest = answer
      if let before { rounds.append((before, answer)) }
    }
    return rounds
  }

  /// The first segment of the server that shows it ESTABLISHED, after a frame; and when it became
  /// so, as far as is known.
  func serverGoesOn(after frame: UInt64) -> (frame: UInt64, time: CaptureTime)? {
    let segment = serverSegments.first { $0.frame > frame && $0.flags.contains(.ack) }
    let transition = tracked.transitions.first {
      $0.endpoint == .server && $0.to == .established && $0.revokedBy == 0
        && $0.confirmedBy > frame
    }
    if let transition, transition.confirmedBy <= segment?.frame ?? .max {
      return (transition.confirmedBy, transition.time)
    }
    return segment.map { ($0.frame, $0.time) }
  }

  /// Whether the capture shows gaps, so that a missing acknowledgment may have been missed by it.
  var hasGaps: Bool { connection.noticed.contains(.acknowledgesUnseen) }
}
