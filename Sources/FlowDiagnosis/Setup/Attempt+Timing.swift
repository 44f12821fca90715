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

  /// By how much a segment of the server came later than those that follow it, by the server's own
  /// clock, nanoseconds: its delay on the way that the quickest of them did not have. Ticks are taken
  /// for milliseconds (RFC 7323 §5.4 has slower clocks too, which only hide a delay). nil without
  /// timestamps.
  func lag(of segment: SegmentRecord) -> Int64? {
    guard segment.hasTimestamps, segment.timestampValue != 0 else { return nil }
    var lag: Int64?
    for next in synAcks + serverSegments where next.frame > segment.frame && next.hasTimestamps {
      let elapsed = next.time.nanoseconds(since: segment.time)
      guard (0..<10 * Timers.second).contains(elapsed) else { continue }
      let ticks = TimestampValue(next.timestampValue).distance(
        from: TimestampValue(segment.timestampValue))
      lag = max(lag ?? .min, Int64(ticks) * 1_000_000 - elapsed)
    }
    return lag
  }

  /// Whether a SYN,ACK was late rather than sent late: the server's clock says that it left long
  /// before.
  func wasLate(_ answer: SegmentRecord) -> Bool {
    (lag(of: answer) ?? 0) > 200_000_000 || overtaken(by: answer) != nil
  }

  /// An older SYN,ACK that comes in after the one that answers: it was late on its way.
  func overtaken(by answer: SegmentRecord) -> SegmentRecord? {
    synAcks.first {
      $0.frame > answer.frame && $0.hasTimestamps && answer.hasTimestamps
        && $0.sequence == answer.sequence
        && TimestampValue($0.timestampValue).precedes(TimestampValue(answer.timestampValue))
    }
  }

  /// SYN,ACKs repeated by the server's timer although an acknowledgment of the client had passed
  /// longer ago than a round trip: that acknowledgment was lost, or not taken.
  var ignoredRounds: [(acknowledgment: SegmentRecord, repetition: SegmentRecord)] {
    let patience = max(longestRoundTrip, Attempt.leastPatience)
    return crossedRounds.filter { round in
      !clientSegments.contains {
        $0.frame >= round.acknowledgment.frame && $0.frame < round.repetition.frame
          && round.repetition.time.nanoseconds(since: $0.time) > patience
          && cameLate($0, after: round.repetition)
      }
    }
  }

  /// The same, with acknowledgments that were only late.
  var crossedRounds: [(acknowledgment: SegmentRecord, repetition: SegmentRecord)] {
    guard let first = answers.first else { return [] }
    let patience = max(longestRoundTrip, Attempt.leastPatience)
    var again = syns.dropFirst()[...]
    var newest = first
    var rounds: [(acknowledgment: SegmentRecord, repetition: SegmentRecord)] = []
    for answer in answers.dropFirst() where answer.sequence == first.sequence {
      if answer.hasTimestamps, newest.hasTimestamps,
        !TimestampValue(newest.timestampValue).precedes(TimestampValue(answer.timestampValue))
      {
        continue
      }
      newest = answer
      let before = clientSegments.last {
        $0.frame < answer.frame && $0.flags.contains(.ack) && first.end == $0.acknowledgment
          && answer.time.nanoseconds(since: $0.time) > patience
      }
      guard let before else { continue }
      // A repeated SYN draws a SYN,ACK of its own, which no timer sent.
      if let syn = again.first, syn.frame < before.frame,
        answer.time.nanoseconds(since: syn.time) / 3 < patience / 2
      {
        again.removeFirst()
      } else {
        rounds.append((before, answer))
      }
    }
    return rounds
  }

  /// Whether a segment of the client, which had passed long before the server repeated something,
  /// was not lost but late: the server echoes its TSval afterwards.
  func cameLate(_ segment: SegmentRecord, after repetition: SegmentRecord) -> Bool {
    guard segment.hasTimestamps else { return false }
    return serverSegments.contains {
      $0.frame > repetition.frame && $0.hasTimestamps
        && $0.timestampEchoReply == segment.timestampValue
    }
  }

  /// Whether the client may have sent a segment in answer to one of the server: by the client's clock
  /// it was not sent sooner after the first SYN than the server's segment passed after it. Ticks are
  /// taken for milliseconds.
  func isAnswer(_ segment: SegmentRecord, to cause: SegmentRecord) -> Bool {
    guard let syn = syns.first, syn.hasTimestamps, segment.hasTimestamps else { return true }
    let ticks = TimestampValue(segment.timestampValue).distance(
      from: TimestampValue(syn.timestampValue))
    return Int64(ticks) * 1_000_000 > cause.time.nanoseconds(since: syn.time) - 3_000_000
  }

  /// What a server takes at least to answer, as far as silence is concerned.
  private static let leastPatience: Int64 = 150_000_000

  /// How long the way to the server and back took at the most about the time of the opening: from the
  /// SYN to the answer that echoes it, and from the first data to its acknowledgment, by the echoes
  /// where there are any.
  var longestRoundTrip: Int64 {
    var longest = connection.serverRoundTrip
    if let answer = answers.first, let syn = echoed(by: answer) ?? syns.first {
      longest = max(longest, answer.time.nanoseconds(since: syn.time))
    }
    if let answer = serverSegments.first(where: { $0.hasTimestamps && $0.flags.contains(.ack) }),
      let data = clientSegments.last(where: {
        $0.length > 0 && $0.timestampValue == answer.timestampEchoReply
          && $0.end.precedesOrEquals(answer.acknowledgment) && $0.frame < answer.frame
      })
    {
      longest = max(longest, answer.time.nanoseconds(since: data.time))
    }
    return longest
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
