import PacketDecoding

/// A connection in which nothing has happened yet that anybody would ask about, in a fraction of the
/// room that a `Connection` with its history takes: the SYN that began it here, the segments since in
/// a `QuietCourse`. It holds no state: the tracker replays it through the step when something
/// happens, or when it is done.
///
/// It is held in two parts, for what each segment needs of it to be one cache line.
struct QuietConnection: BitwiseCopyable {
  var flow = QuietFlow()
  var syn = QuietSYN()

  init() {}

  init(_ flow: QuietFlow, _ syn: QuietSYN) {
    self.flow = flow
    self.syn = syn
  }

  /// Nil unless the segment is a plain SYN.
  @inline(__always)
  init?(_ segment: Segment, key: FlowKey, sourceIsLow: Bool, id: UInt64) {
    let overhead = segment.packetLength &- segment.payloadLength
    guard segment.flags.rawValue & ~QuietConnection.congestionFlags == TCPFlags.syn.rawValue,
      segment.payloadLength == 0, segment.acknowledgment == 0, segment.timestampEchoReply == 0,
      overhead <= 255, segment.hasPlainOptions, !key.isSelf,
      segment.hasTimestamps || segment.timestampValue == 0
    else { return nil }
    flow.key = key
    flow.id = id
    flow.firstTime = segment.time
    flow.initial = segment.sequence
    flow.clientIsLow = sourceIsLow
    flow.hopLimit = segment.hopLimit
    flow.overhead = UInt8(truncatingIfNeeded: overhead)
    flow.checksum = segment.checksum
    syn.frame = segment.frame
    syn.timestamp = segment.timestampValue
    syn.window = segment.window
    syn.maximumSegmentSize = segment.maximumSegmentSize
    syn.identification = segment.identification
    syn.options = UInt8(truncatingIfNeeded: segment.options.rawValue)
    syn.flags = UInt8(truncatingIfNeeded: segment.flags.rawValue)
    syn.windowShift = segment.windowShift
  }

  static let congestionFlags = TCPFlags.ece.rawValue | TCPFlags.cwr.rawValue

  /// The options of the SYN.
  var offeredOptions: TCPOptionKinds { TCPOptionKinds(rawValue: UInt16(syn.options)) }

  /// Whether the SYN offered a window at all.
  var offersWindow: Bool { syn.window != 0 }

  /// The client as its SYN left it.
  var client: QuietEnd {
    let header = QuietHeader(
      length: UInt32(flow.overhead), hopLimit: flow.hopLimit,
      hasTimestamps: offeredOptions.contains(.timestamps))
    return QuietEnd(
      next: flow.initial &+ 1, timestamp: syn.timestamp,
      header: header.afterSYN(isIPv4: flow.key.lowAddress.isIPv4))
  }

  /// The SYN that began it.
  var firstSegment: Segment {
    let key = flow.key
    var segment = Segment()
    segment.frame = syn.frame
    segment.time = flow.firstTime
    segment.source = flow.clientIsLow ? key.lowAddress : key.highAddress
    segment.destination = flow.clientIsLow ? key.highAddress : key.lowAddress
    segment.sourcePort = flow.clientIsLow ? key.lowPort : key.highPort
    segment.destinationPort = flow.clientIsLow ? key.highPort : key.lowPort
    segment.identification = syn.identification
    segment.hopLimit = flow.hopLimit
    segment.sequence = flow.initial
    segment.flags = TCPFlags(rawValue: UInt16(syn.flags))
    segment.window = syn.window
    segment.packetLength = UInt32(flow.overhead)
    segment.options = offeredOptions
    segment.timestampValue = syn.timestamp
    segment.maximumSegmentSize = syn.maximumSegmentSize
    segment.windowShift = syn.windowShift
    segment.checksum = flow.checksum
    return segment
  }
}

/// What is needed of a quiet connection when its next segment comes, and some things that fit in
/// besides: 64 bytes.
struct QuietFlow: BitwiseCopyable {
  fileprivate(set) var key = FlowKey(
    lowAddress: .unspecified, highAddress: .unspecified, lowPort: 0, highPort: 0)
  /// Place of its course, 0 while nothing has followed the SYN.
  var course: UInt32 = 0
  fileprivate(set) var firstTime = CaptureTime.epoch
  fileprivate(set) var id: UInt64 = 0
  fileprivate var initial: UInt32 = 0
  /// Whether the lower socket of the key is the client.
  fileprivate(set) var clientIsLow = false
  fileprivate var hopLimit: UInt8 = 0
  fileprivate var overhead: UInt8 = 0
  fileprivate var checksum = ChecksumState.unverified

  /// The side of a segment's sender.
  @inline(__always)
  func side(sourceIsLow: Bool) -> Side { sourceIsLow == clientIsLow ? .client : .server }

  /// Where the connection is followed now that it is not quiet any more, 0 while it is.
  var wokenPlace: UInt32 {
    get { id == 0 ? course : 0 }
    set {
      id = 0
      course = newValue
    }
  }
}

/// The rest of the SYN of a quiet connection.
struct QuietSYN: BitwiseCopyable {
  fileprivate(set) var frame: UInt64 = 0
  /// TSval, 0 if it had none.
  fileprivate(set) var timestamp: UInt32 = 0
  fileprivate var window: UInt16 = 0
  fileprivate var maximumSegmentSize: UInt16 = 0
  fileprivate var identification: UInt16 = 0
  fileprivate var options: UInt8 = 0
  fileprivate var flags: UInt8 = 0
  fileprivate var windowShift: UInt8 = 0
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
