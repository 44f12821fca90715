import PacketDecoding
import TCPModel

// What rules ask of a connection again and again.

extension TrackedConnection {
  /// The segments of one side that reached the wire once: capture duplicates left out.
  func sent(by side: Side, where holds: (SegmentRecord) -> Bool = { _ in true }) -> [SegmentRecord]
  {
    segments.filter {
      $0.sender == side
        && $0.annotations.isDisjoint(with: [.captureDuplicate, .previousIncarnation]) && holds($0)
    }
  }

  /// The first segment of a side that acknowledges `number` or more and passed after `time`.
  func firstAcknowledgment(
    by side: Side, of number: SequenceNumber, after frame: UInt64 = 0
  ) -> SegmentRecord? {
    segments.first {
      $0.sender == side && $0.frame > frame && $0.flags.contains(.ack) && !$0.flags.contains(.rst)
        && $0.annotations.isDisjoint(with: [.captureDuplicate, .previousIncarnation])
        && number.precedesOrEquals($0.acknowledgment)
    }
  }

  /// Whether both directions were captured. Where they were not, nothing may be called unanswered.
  var isTwoSided: Bool {
    connection.client.marks.contains(.seen) && connection.server.marks.contains(.seen)
  }

  /// `confidence`, lowered where the capture lacks segments, began too late or was cut short.
  func confidence(_ confidence: Confidence) -> Confidence {
    let doubtful =
      connection.noticed.contains(.acknowledgesUnseen) || connection.opening == .midstream
      || connection.traits.contains(.evicted)
    return doubtful ? confidence.lowered : confidence
  }

  /// `confidence`, as above, and lowered when the capture ends so soon after the last segment that an
  /// answer may yet have come.
  ///
  /// - Parameters:
  ///   - last: When it was sent, nil if its sender gave up.
  ///   - pause: How long an answer may take, nanoseconds.
  func confidence(
    _ confidence: Confidence, silentSince last: CaptureTime?, for pause: Int64,
    _ facts: CaptureFacts
  ) -> Confidence {
    let known = self.confidence(confidence)
    guard let last, facts.endsWithin(pause, of: last) else { return known }
    return known.lowered
  }

  /// "10.0.0.5:41234".
  var client: String { connection.name(.client) }
  /// "10.0.0.9:443".
  var server: String { connection.name(.server) }
}

extension Transition {
  /// Whether a RST ended TIME-WAIT (RFC 1337).
  var isAssassination: Bool {
    from == .timeWait && to == .closed && evidence == .received && revokedBy == 0
  }
}
