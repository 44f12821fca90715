import PacketDecoding

/// A connection in which nothing has happened yet that anybody would ask about: the SYN that began
/// it and the segments since, each where the one before it ended, in a fraction of the room that a
/// `Connection` with its history takes. It holds no state: the tracker replays it through the step
/// when something happens, or when it is done.
struct QuietConnection: Sendable, BitwiseCopyable {
  var key: FlowKey
  /// The pages of its segments, 0 for none.
  var pages = InlineArray<4, UInt32>(repeating: 0)
  var id: UInt64
  var firstFrame: UInt64
  var firstTime: CaptureTime
  private var clientInitial: UInt32
  private var serverInitial: UInt32 = 0
  /// The end of what each side sent.
  private var clientNext: UInt32
  private var serverNext: UInt32 = 0
  private var synTimestamp: UInt32
  private var synWindow: UInt16
  private var synMaximumSegmentSize: UInt16
  private var synIdentification: UInt16
  private var synOptions: TCPOptionKinds
  private var answerMaximumSegmentSize: UInt16 = 0
  private var answerOptions: TCPOptionKinds = []
  /// Time of the last segment since the first, in units of 2³⁰ ns.
  private var lastUnit: UInt16 = 0
  private var synFlags: UInt8
  private var synWindowShift: UInt8
  private var synHopLimit: UInt8
  private var synOverhead: UInt8
  private var synChecksum: ChecksumState
  private var answerWindowShift: UInt8 = 0
  /// Segments after the SYN.
  private(set) var count: UInt8 = 0
  private var marks: Marks

  private struct Marks: OptionSet, Sendable, BitwiseCopyable {
    var rawValue: UInt8
    static let clientIsLow = Marks(rawValue: 1 << 0)
    static let isAnswered = Marks(rawValue: 1 << 1)
    /// A FIN or RST was seen.
    static let isClosing = Marks(rawValue: 1 << 2)
  }

  /// Segments after the SYN at most.
  static let limit: UInt8 = 4 * QuietPages.capacity - 1

  /// Nil unless the segment is a plain SYN.
  @inline(__always)
  init?(_ segment: Segment, key: FlowKey, sourceIsLow: Bool, id: UInt64) {
    let overhead = segment.packetLength &- segment.payloadLength
    guard segment.flags.rawValue & ~QuietConnection.congestionFlags == TCPFlags.syn.rawValue,
      segment.payloadLength == 0, segment.acknowledgment == 0, segment.timestampEchoReply == 0,
      overhead <= 255,
      segment.options.rawValue & ~QuietConnection.plainOptions == 0, !key.isSelf
    else { return nil }
    self.key = key
    self.id = id
    firstFrame = segment.frame
    firstTime = segment.time
    clientInitial = segment.sequence
    clientNext = segment.sequence &+ 1
    synTimestamp = segment.timestampValue
    synWindow = segment.window
    synMaximumSegmentSize = segment.maximumSegmentSize
    synIdentification = segment.identification
    synOptions = segment.options
    synFlags = UInt8(truncatingIfNeeded: segment.flags.rawValue)
    synWindowShift = segment.windowShift
    synHopLimit = segment.hopLimit
    synOverhead = UInt8(truncatingIfNeeded: overhead)
    synChecksum = segment.checksum
    marks = sourceIsLow ? .clientIsLow : []
  }

  init() {
    self.init(
      key: FlowKey(lowAddress: .unspecified, highAddress: .unspecified, lowPort: 0, highPort: 0))
  }

  private init(key: FlowKey) {
    self.key = key
    id = 0
    firstFrame = 0
    firstTime = .epoch
    clientInitial = 0
    clientNext = 0
    synTimestamp = 0
    synWindow = 0
    synMaximumSegmentSize = 0
    synIdentification = 0
    synOptions = []
    synFlags = 0
    synWindowShift = 0
    synHopLimit = 0
    synOverhead = 0
    synChecksum = .unverified
    marks = []
  }

  private static let congestionFlags = TCPFlags.ece.rawValue | TCPFlags.cwr.rawValue
  private static let plainOptions =
    TCPOptionKinds.maximumSegmentSize.rawValue | TCPOptionKinds.windowScale.rawValue
    | TCPOptionKinds.sackPermitted.rawValue | TCPOptionKinds.timestamps.rawValue

  /// The side of a segment's sender.
  @inline(__always)
  func side(sourceIsLow: Bool) -> Side {
    sourceIsLow == marks.contains(.clientIsLow) ? .client : .server
  }

  /// Takes the next segment, which is not earlier than those before.
  ///
  /// - Parameters:
  ///   - patience: Silence in units of 2³⁰ ns during which no timer can run out.
  ///   - store: Where it is kept.
  /// - Returns: Whether it is one that can be kept like this.
  @inline(__always)
  mutating func take(
    _ segment: Segment, sourceIsLow: Bool, patience: Int64, into store: inout QuietPages
  ) -> Bool {
    let offset = segment.time.nanoseconds &- firstTime.nanoseconds
    let frames = segment.frame &- firstFrame
    let overhead = segment.packetLength &- segment.payloadLength
    let unit = offset >> 30
    guard count < QuietConnection.limit, offset >= 0, unit <= 65_535,
      unit &- Int64(lastUnit) < patience, frames <= UInt32.max, overhead <= 255,
      segment.payloadLength <= 65_535, segment.flags.rawValue <= 255
    else { return false }
    let side = side(sourceIsLow: sourceIsLow)
    let isSYN = segment.flags.contains(.syn)
    if isSYN {
      // The one SYN,ACK.
      guard side == .server, !marks.contains(.isAnswered),
        segment.flags.rawValue & ~QuietConnection.congestionFlags
          == TCPFlags.syn.rawValue | TCPFlags.ack.rawValue,
        segment.payloadLength == 0,
        segment.options.rawValue & ~QuietConnection.plainOptions == 0
      else { return false }
      marks.insert(.isAnswered)
      serverInitial = segment.sequence
      serverNext = segment.sequence &+ 1
      answerMaximumSegmentSize = segment.maximumSegmentSize
      answerOptions = segment.options
      answerWindowShift = segment.windowShift
    } else {
      guard segment.options.rawValue & ~TCPOptionKinds.timestamps.rawValue == 0 else {
        return false
      }
      if side == .client {
        guard segment.sequence == clientNext else { return false }
      } else {
        guard segment.sequence == serverNext, marks.contains(.isAnswered) else { return false }
      }
      let closes = segment.flags.rawValue & (TCPFlags.fin.rawValue | TCPFlags.rst.rawValue) != 0
      if segment.payloadLength > 0, marks.contains(.isClosing) { return false }
      if closes { marks.insert(.isClosing) }
      let end = segment.sequence &+ segment.sequenceLength
      if side == .client { clientNext = end } else { serverNext = end }
    }
    lastUnit = UInt16(truncatingIfNeeded: unit)
    let (page, slot) = QuietPages.place(of: count)
    count &+= 1
    if slot == 0 { pages[page] = store.take() }
    store[pages[page], slot] = QuietSegment(
      segment, offset: offset, frames: UInt32(truncatingIfNeeded: frames),
      overhead: UInt8(truncatingIfNeeded: overhead), side: side)
    return true
  }

  /// The SYN that began it.
  var firstSegment: Segment {
    var segment = Segment()
    segment.frame = firstFrame
    segment.time = firstTime
    let isLow = marks.contains(.clientIsLow)
    segment.source = isLow ? key.lowAddress : key.highAddress
    segment.destination = isLow ? key.highAddress : key.lowAddress
    segment.sourcePort = isLow ? key.lowPort : key.highPort
    segment.destinationPort = isLow ? key.highPort : key.lowPort
    segment.identification = synIdentification
    segment.hopLimit = synHopLimit
    segment.sequence = clientInitial
    segment.flags = TCPFlags(rawValue: UInt16(synFlags))
    segment.window = synWindow
    segment.packetLength = UInt32(synOverhead)
    segment.options = synOptions
    segment.timestampValue = synTimestamp
    segment.maximumSegmentSize = synMaximumSegmentSize
    segment.windowShift = synWindowShift
    segment.checksum = synChecksum
    return segment
  }

  /// Turns what was kept of a segment into the segment again.
  ///
  /// - Parameters:
  ///   - segment: Written over, but for its sockets: the first segment, or one read before.
  ///   - replay: How far each side has got.
  /// - Returns: Who sent it.
  @inline(__always)
  func read(
    _ kept: QuietSegment, into segment: inout Segment, _ replay: inout QuietReplay
  ) -> Side {
    let side: Side = kept.form.contains(.isServer) ? .server : .client
    segment.frame = firstFrame &+ UInt64(kept.frameOffset)
    segment.time = time(of: kept)
    segment.identification = kept.identification
    segment.hopLimit = kept.hopLimit
    segment.acknowledgment = kept.acknowledgment
    segment.flags = TCPFlags(rawValue: UInt16(kept.flags))
    segment.window = kept.window
    segment.payloadLength = UInt32(kept.payloadLength)
    segment.packetLength = UInt32(kept.payloadLength) + UInt32(kept.overhead)
    segment.timestampValue = kept.timestampValue
    segment.timestampEchoReply = kept.timestampEchoReply
    segment.checksum = kept.form.checksum
    if segment.flags.contains(.syn) {
      segment.sequence = serverInitial
      segment.options = answerOptions
      segment.maximumSegmentSize = answerMaximumSegmentSize
      segment.windowShift = answerWindowShift
    } else {
      segment.sequence = side == .client ? replay.clientNext : replay.serverNext
      segment.options = kept.form.contains(.hasTimestamps) ? .timestamps : []
    }
    let end = segment.sequence &+ segment.sequenceLength
    if side == .client { replay.clientNext = end } else { replay.serverNext = end }
    return side
  }

  /// Where a replay begins.
  var replay: QuietReplay { QuietReplay(clientNext: clientInitial &+ 1, serverNext: 0) }

  func time(of kept: QuietSegment) -> CaptureTime {
    firstTime.advanced(byNanoseconds: kept.timeOffset)
  }

  /// Where the connection is followed now that it is not quiet any more, 0 while it is.
  var wokenPlace: UInt32 {
    get { id == 0 ? pages[0] : 0 }
    set {
      id = 0
      pages[0] = newValue
    }
  }

  /// Whether a FIN or RST was seen.
  var isClosing: Bool { marks.contains(.isClosing) }

  /// Whether the lower socket of the key is the client.
  var clientIsLow: Bool { marks.contains(.clientIsLow) }
}

/// How far each side has got in the replay of a quiet connection.
struct QuietReplay {
  var clientNext: UInt32
  var serverNext: UInt32
}

/// A segment of a quiet connection: what cannot be known from the ones before it.
struct QuietSegment: Sendable, BitwiseCopyable {
  private var timeOffsetLow: UInt32 = 0
  /// Frames since the first one.
  var frameOffset: UInt32 = 0
  var acknowledgment: UInt32 = 0
  var timestampValue: UInt32 = 0
  var timestampEchoReply: UInt32 = 0
  private var timeOffsetHigh: UInt16 = 0
  var window: UInt16 = 0
  var payloadLength: UInt16 = 0
  var identification: UInt16 = 0
  var flags: UInt8 = 0
  /// Bytes of the headers of IP and TCP.
  var overhead: UInt8 = 0
  var hopLimit: UInt8 = 0
  var form: Form = []

  struct Form: OptionSet, Sendable, BitwiseCopyable {
    var rawValue: UInt8
    static let isServer = Form(rawValue: 1 << 0)
    static let hasTimestamps = Form(rawValue: 1 << 1)

    var checksum: ChecksumState { ChecksumState(rawValue: rawValue >> 2) ?? .unverified }
  }

  init() {}

  @inline(__always)
  init(_ segment: Segment, offset: Int64, frames: UInt32, overhead: UInt8, side: Side) {
    timeOffsetLow = UInt32(truncatingIfNeeded: offset)
    timeOffsetHigh = UInt16(truncatingIfNeeded: offset >> 32)
    frameOffset = frames
    acknowledgment = segment.acknowledgment
    timestampValue = segment.timestampValue
    timestampEchoReply = segment.timestampEchoReply
    window = segment.window
    payloadLength = UInt16(truncatingIfNeeded: segment.payloadLength)
    identification = segment.identification
    flags = UInt8(truncatingIfNeeded: segment.flags.rawValue)
    self.overhead = overhead
    hopLimit = segment.hopLimit
    form = Form(
      rawValue: (side == .server ? 1 : 0) | (segment.hasTimestamps ? 2 : 0)
        | segment.checksum.rawValue << 2)
  }

  /// Nanoseconds since the first segment.
  var timeOffset: Int64 { Int64(timeOffsetHigh) << 32 | Int64(timeOffsetLow) }
}
