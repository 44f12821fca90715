import PacketDecoding

/// Looks among the segments of both ends for a sending of a FIN that the capture lacks: the one whose
/// arrival an acknowledgment tells by its echo, if that fits none that passed.
struct HiddenFINSearch {
  let side: Side
  let position: SequenceNumber
  let echo: TimestampValue
  /// Whether everything before the FIN had been acknowledged when it passed: else the acknowledgment of
  /// both may echo what came first (RFC 7323 §4.1).
  private var isAlone = false
  private var hasPassed = false
  /// The last segment that the sending cannot have followed.
  private var before: SegmentRecord?
  /// The first that followed it.
  private var after: SegmentRecord?
  /// The last FIN that is older than the echo.
  private var olderFIN: SegmentRecord?
  /// Whether what is echoed passed, sent before the FIN, or behind it.
  private var echoesEarlier = false
  private var echoesLater = false

  init(fin position: SequenceNumber, of side: Side, echo: TimestampValue) {
    self.side = side
    self.position = position
    self.echo = echo
  }

  /// Takes the next segment.
  mutating func pass(_ record: SegmentRecord) {
    guard record.sender == side else {
      if !hasPassed, record.flags.contains(.ack), !position.precedes(record.acknowledgment) {
        isAlone = record.acknowledgment == position
      }
      return
    }
    let value = TimestampValue(record.timestampValue)
    let isBehind = position.precedes(record.sequence)
    if record.flags.contains(.fin), record.end == position + 1 {
      hasPassed = true
      if value.precedes(echo) { olderFIN = record }
    }
    if value == echo {
      if isBehind { echoesLater = true } else { echoesEarlier = true }
    }
    if echo.precedes(value) || isBehind && olderFIN == nil {
      if after == nil { after = record }
    } else {
      before = record
    }
  }

  /// The sending that is missing.
  ///
  /// - Parameters:
  ///   - segment: The acknowledgment.
  ///   - patience: Nanoseconds after which a FIN that arrived has been answered.
  func sending(shownBy segment: Segment, patience: Int64) -> ClosingSegment? {
    guard hasPassed, !echoesEarlier else { return nil }
    if let olderFIN {
      guard !echoesLater, let before, segment.time.nanoseconds(since: olderFIN.time) > patience
      else { return nil }
      // Most clocks tick in milliseconds.
      let ticks = echo.distance(from: TimestampValue(before.timestampValue))
      return ClosingSegment(
        shownBy: segment, at: before.time.advanced(byNanoseconds: Int64(ticks) &* 1_000_000),
        place: before.frame)
    }
    // All that passed left too late: the first is missing.
    guard echoesLater || isAlone, let after else { return nil }
    return ClosingSegment(shownBy: segment, at: after.time, place: max(after.frame, 1) - 1)
  }
}
