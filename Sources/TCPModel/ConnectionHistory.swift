public import PacketDecoding

/// A segment as a timeline and a proof need it: a compact copy, with what the tracker noticed.
public struct SegmentRecord: Sendable, BitwiseCopyable {
  public internal(set) var frame: UInt64 = 0
  public internal(set) var time = CaptureTime.epoch
  /// SEG.SEQ and SEG.ACK, raw.
  public internal(set) var sequence = SequenceNumber(0)
  public internal(set) var acknowledgment = SequenceNumber(0)
  /// Payload bytes.
  public internal(set) var length: UInt32 = 0
  public internal(set) var timestampValue: UInt32 = 0
  public internal(set) var timestampEchoReply: UInt32 = 0
  public internal(set) var annotations: SegmentAnnotations = []
  /// Which options it had.
  public internal(set) var options: TCPOptionKinds = []
  public internal(set) var flags: TCPFlags = []
  /// Unscaled.
  public internal(set) var window: UInt16 = 0
  public internal(set) var identification: UInt16 = 0
  public internal(set) var hopLimit: UInt8 = 0
  public internal(set) var sender = Side.client
  /// States of both ends once the segment has been taken into account.
  public internal(set) var clientState = TCPState.closed
  public internal(set) var serverState = TCPState.closed
  /// The first SACK block, empty when equal.
  public internal(set) var firstSACKBlock = SACKBlock(left: 0, right: 0)
  /// How many segments between this one and the one recorded before it were only counted.
  public internal(set) var omittedBefore: UInt32 = 0

  init() {}

  init(_ segment: Segment, sender: Side, annotations: SegmentAnnotations) {
    frame = segment.frame
    time = segment.time
    sequence = SequenceNumber(segment.sequence)
    acknowledgment = SequenceNumber(segment.acknowledgment)
    length = segment.payloadLength
    timestampValue = segment.timestampValue
    timestampEchoReply = segment.timestampEchoReply
    self.annotations = annotations
    options = segment.options
    flags = segment.flags
    window = segment.window
    identification = segment.identification
    hopLimit = segment.hopLimit
    self.sender = sender
    if segment.sackCount > 0 { firstSACKBlock = segment.sackBlocks[0] }
  }

  /// Whether the segment carried the timestamps option.
  public var hasTimestamps: Bool { options.contains(.timestamps) }

  /// The first sequence number after the segment.
  public var end: SequenceNumber {
    sequence + length + (flags.contains(.syn) ? 1 : 0) + (flags.contains(.fin) ? 1 : 0)
  }
}

/// A list whose nodes live in a pool.
struct PooledList: Sendable, BitwiseCopyable {
  var first: UInt32 = 0
  var last: UInt32 = 0
  var count: UInt32 = 0
  /// The node after which nodes are dropped when the list is full.
  var pivot: UInt32 = 0
}
