import PacketDecoding

/// A connection in which nothing has happened yet that anybody would ask about, in a fraction of the
/// room that a `Connection` with its history takes: the SYN that began it here, the segments since in
/// a `QuietCourse`. It holds no state: the tracker replays it through the step when something
/// happens, or when it is done.
///
/// 64 bytes, so that it is one cache line: IPv6 addresses are elsewhere, see `QuietConnections`.
struct QuietConnection: BitwiseCopyable {
  /// The addresses of the key if they are of IPv4; else `lowAddress` is their place.
  var lowAddress: UInt32 = 0
  var highAddress: UInt32 = 0
  var lowPort: UInt16 = 0
  var highPort: UInt16 = 0
  /// Place of its course, 0 while nothing has followed the SYN.
  var course: UInt32 = 0
  var id: UInt64 = 0
  private(set) var firstFrame: UInt64 = 0
  private(set) var firstTime = CaptureTime.epoch
  /// The sequence number of the SYN.
  private(set) var initial: UInt32 = 0
  /// TSval of the SYN, 0 if it had none.
  private(set) var timestamp: UInt32 = 0
  private var window: UInt16 = 0
  private var maximumSegmentSize: UInt16 = 0
  private var identification: UInt16 = 0
  private var options: UInt8 = 0
  private var flags: UInt8 = 0
  private var windowShift: UInt8 = 0
  private var hopLimit: UInt8 = 0
  private var overhead: UInt8 = 0
  private var checksum = ChecksumState.unverified
  var isIPv4 = false
  /// Whether the lower socket of the key is the client.
  private(set) var clientIsLow = false
  /// Whether it was let go for want of room, as a SYN whose timer ran.
  var isEvicted = false

  init() {}

  /// Nil unless the segment is a plain SYN.
  @inline(__always)
  init?(_ segment: Segment, key: FlowKey, sourceIsLow: Bool, id: UInt64) {
    let overhead = segment.packetLength &- segment.payloadLength
    guard segment.flags.rawValue & ~QuietConnection.congestionFlags == TCPFlags.syn.rawValue,
      segment.payloadLength == 0, segment.acknowledgment == 0, segment.timestampEchoReply == 0,
      overhead <= 255, segment.hasPlainOptions, !key.isSelf,
      segment.hasTimestamps || segment.timestampValue == 0
    else { return nil }
    isIPv4 = key.lowAddress.isIPv4 && key.highAddress.isIPv4
    lowAddress = UInt32(truncatingIfNeeded: key.lowAddress.low)
    highAddress = UInt32(truncatingIfNeeded: key.highAddress.low)
    lowPort = key.lowPort
    highPort = key.highPort
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

  static let congestionFlags = TCPFlags.ece.rawValue | TCPFlags.cwr.rawValue

  /// The side of a segment's sender.
  @inline(__always)
  func side(sourceIsLow: Bool) -> Side { sourceIsLow == clientIsLow ? .client : .server }

  /// The options of the SYN.
  var offeredOptions: TCPOptionKinds { TCPOptionKinds(rawValue: UInt16(options)) }

  /// Whether the SYN offered a window at all.
  var offersWindow: Bool { window != 0 }

  /// Bytes of the SYN, headers included.
  var length: UInt32 { UInt32(overhead) }

  /// The client as its SYN left it.
  var client: QuietEnd {
    let header = QuietHeader(
      length: UInt32(overhead), hopLimit: hopLimit,
      hasTimestamps: offeredOptions.contains(.timestamps))
    return QuietEnd(
      next: initial &+ 1, timestamp: timestamp, header: header.afterSYN(isIPv4: isIPv4))
  }

  /// The SYN that began it.
  ///
  /// - Parameter key: Its key.
  func firstSegment(_ key: FlowKey) -> Segment {
    var segment = Segment()
    segment.frame = firstFrame
    segment.time = firstTime
    segment.source = clientIsLow ? key.lowAddress : key.highAddress
    segment.destination = clientIsLow ? key.highAddress : key.lowAddress
    segment.sourcePort = clientIsLow ? lowPort : highPort
    segment.destinationPort = clientIsLow ? highPort : lowPort
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
