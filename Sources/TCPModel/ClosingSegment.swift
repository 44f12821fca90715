import PacketDecoding

/// A segment that moved an end which was closing: one that passed, or one that the capture lacks.
struct ClosingSegment {
  /// The frame of it, or of what shows it.
  var frame: UInt64
  var time: CaptureTime
  /// Where it stands among the frames: with this one, or behind it.
  var place: UInt64
  var evidence = Evidence.received

  init(_ record: SegmentRecord) {
    frame = record.frame
    time = record.time
    place = record.frame
  }

  init(shownBy segment: Segment, at time: CaptureTime, place: UInt64) {
    frame = segment.frame
    self.time = min(time, segment.time)
    self.place = place
    evidence = .assumed
  }
}
