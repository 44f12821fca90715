import PacketDecoding

/// A connection in which nothing has happened yet that anybody would ask about, in a fraction of the
/// room that a `Connection` with its history takes: the SYN that began it here, the segments since in
/// a `QuietCourse`. It holds no state: the tracker replays it through the step when something
/// happens, or when it is done.
struct QuietConnection: Sendable, BitwiseCopyable {
  var key: FlowKey
  /// Place of its course, 0 while nothing has followed the SYN.
  var course: UInt32 = 0
  var id: UInt64
  var firstFrame: UInt64
  var firstTime: CaptureTime
  private var initial: UInt32
  /// TSval of the SYN, 0 if it had none.
  private(set) var timestamp: UInt32
  private var window: UInt16
  private var maximumSegmentSize: UInt16
  private var identification: UInt16
  private var options: UInt8
  private var flags: UInt8
  private var windowShift: UInt8
  private var hopLimit: UInt8
  private var overhead: UInt8
  private var checksum: ChecksumState
  /// Whether the lower socket of the key is the client.
  let clientIsLow: Bool

  /// Nil unless the segment is a plain SYN.
  @inline(__always)
  init?(_ segment: Segment, key: FlowKey, sourceIsLow: Bool, id: UInt64) {
    let overhead = segment.packetLength &- segment.payloadLength
    guard segment.flags.rawValue & ~QuietConnection.congestionFlags == TCPFlags.syn.rawValue,
      segment.payloadLength == 0, segment.acknowledgment == 0, segment.timestampEchoReply == 0,
      overhead <= 255, segment.hasPlainOptions, !key.isSelf,
      segment.hasTimestamps || segment.timestampValue == 0
    else { return nil }
    self.key = key
    self.id = id
    firstFrame = segment.frame
    firstTime = segment.time
    initial = segment.sequence
    timestamp = segment.timestampValue
    window = segment.window
    maximumSegmentSize = segment.maximumSegmentSize
    identification = segment.identification
    options = UInt8(truncatingIfNeeded: segment.options.rawValue)
    flags = UInt8(truncatingIfNeeded: segment.flags.rawValue)
    windowShift = segment.windowShift
    hopLimit = segment.hopLimit
    self.overhead = UInt8(truncatingIfNeeded: overhead)
    checksum = segment.checksum
    clientIsLow = sourceIsLow
  }

  init() {
    key = FlowKey(lowAddress: .unspecified, highAddress: .unspecified, lowPort: 0, highPort: 0)
    id = 0
    firstFrame = 0
    firstTime = .epoch
    initial = 0
    timestamp = 0
    window = 0
    maximumSegmentSize = 0
    identification = 0
    options = 0
    flags = 0
    windowShift = 0
    hopLimit = 0
    overhead = 0
    checksum = .unverified
    clientIsLow = false
  }

  static let congestionFlags = TCPFlags.ece.rawValue | TCPFlags.cwr.rawValue

  /// The side of a segment's sender.
  @inline(__always)
  func side(sourceIsLow: Bool) -> Side { sourceIsLow == clientIsLow ? .client : .server }

  /// The options of the SYN.
  var offeredOptions: TCPOptionKinds { TCPOptionKinds(rawValue: UInt16(options)) }

  /// Whether the SYN offered a window at all.
  var offersWindow: Bool { window != 0 }

  /// The client as its SYN left it.
  var client: QuietEnd {
    let header = QuietHeader(
      length: UInt32(overhead), hopLimit: hopLimit,
      hasTimestamps: offeredOptions.contains(.timestamps))
    return QuietEnd(
      next: initial &+ 1, timestamp: timestamp,
      header: header.afterSYN(isIPv4: key.lowAddress.isIPv4))
  }

  /// The SYN that began it.
  var firstSegment: Segment {
    var segment = Segment()
    segment.frame = firstFrame
    segment.time = firstTime
    segment.source = clientIsLow ? key.lowAddress : key.highAddress
    segment.destination = clientIsLow ? key.highAddress : key.lowAddress
    segment.sourcePort = clientIsLow ? key.lowPort : key.highPort
    segment.destinationPort = clientIsLow ? key.highPort : key.lowPort
    segment.identification = identification
    segment.hopLimit = hopLimit
    segment.sequence = initial
    segment.flags = TCPFlags(rawValue: UInt16(flags))
    segment.window = window
    segment.packetLength = UInt32(overhead)
    segment.options = offeredOptions
    segment.timestampValue = timestamp
    segment.maximumSegmentSize = maximumSegmentSize
    segment.windowShift = windowShift
    segment.checksum = checksum
    return segment
  }

  /// Where the connection is followed now that it is not quiet any more, 0 while it is.
  var wokenPlace: UInt32 {
    get { id == 0 ? course : 0 }
    set {
      id = 0
      course = newValue
    }
  }
}

extension Segment {
  /// Whether it carries no options but those that every SYN carries.
  @inline(__always)
  var hasPlainOptions: Bool {
    options.rawValue
      & ~(TCPOptionKinds.maximumSegmentSize.rawValue | TCPOptionKinds.windowScale.rawValue
      | TCPOptionKinds.sackPermitted.rawValue | TCPOptionKinds.timestamps.rawValue) == 0
  }
}
