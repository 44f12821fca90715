import PacketDecoding

/// The segments of a quiet connection after its SYN: each is a `QuietSegment` on the pages of
/// `QuietPages`; here is what the next one is compared with.
struct QuietCourse: Sendable, BitwiseCopyable {
  private(set) var pages = InlineArray<4, UInt32>(repeating: 0)
  /// Time of the last segment, nanoseconds since the SYN.
  private(set) var lastTime: Int64 = 0
  private(set) var lastFrame: UInt64
  /// The client, then the server.
  private var ends: InlineArray<2, QuietEnd>
  private(set) var count: UInt8 = 0
  /// Pairs written.
  private var length: UInt8 = 0
  private var isAnswered = false
  /// Whether a FIN or RST was seen.
  private(set) var isClosing = false

  /// Segments at most.
  private static let limit: UInt8 = 15
  private static let capacity = 4 * QuietPages.capacity

  init(_ beginning: QuietConnection) {
    lastFrame = beginning.firstFrame
    ends = [beginning.client, QuietEnd()]
  }

  /// Takes the next segment, which is not earlier than those before.
  ///
  /// - Parameters:
  ///   - start: The time of the SYN.
  ///   - patience: Silence in units of 2³⁰ ns during which no timer can run out.
  ///   - store: Where it is kept.
  /// - Returns: Whether it is one that can be kept like this.
  @inline(__always)
  mutating func take(
    _ segment: inout Segment, sender side: Side, since start: CaptureTime, patience: Int64,
    into store: inout QuietPages
  ) -> Bool {
    let offset = segment.time.nanoseconds &- start.nanoseconds
    let overhead = segment.packetLength &- segment.payloadLength
    guard offset >= 0, (offset >> 30) &- (lastTime >> 30) < patience, count < QuietCourse.limit,
      (segment.payloadLength | overhead) >> 16 == 0, segment.flags.rawValue <= 255,
      segment.hasTimestamps || segment.timestampValue | segment.timestampEchoReply == 0,
      let distance = QuietSegment.distance(
        nanoseconds: UInt64(bitPattern: offset &- lastTime), frames: segment.frame &- lastFrame)
    else { return false }
    if segment.flags.contains(.syn) {
      guard side == .server, takeAnswer(segment, distance, into: &store) else { return false }
    } else {
      guard takeNext(segment, sender: side, distance, into: &store) else { return false }
    }
    count &+= 1
    lastTime = offset
    lastFrame = segment.frame
    return true
  }

  @inline(__always)
  private mutating func takeNext(
    _ segment: Segment, sender side: Side, _ distance: UInt64, into store: inout QuietPages
  ) -> Bool {
    let isServer = side == .server
    var end = ends[isServer ? 1 : 0]
    let peer = ends[isServer ? 0 : 1]
    guard segment.sequence == end.next,
      segment.options.rawValue & ~TCPOptionKinds.timestamps.rawValue == 0,
      !isServer || isAnswered, !isClosing || segment.payloadLength == 0
    else { return false }

    let header = QuietHeader(segment)
    let hasTimestamps = segment.hasTimestamps
    let ticks = hasTimestamps ? segment.timestampValue &- end.timestamp : 0
    let echoLag = hasTimestamps ? peer.timestamp &- segment.timestampEchoReply : 0
    let lag = peer.next &- segment.acknowledgment
    let smallLag = segment.payloadLength == 0 ? lag : 0
    let flags = QuietSegment.code(segment.flags)
    let hasNumbers =
      (smallLag == 0 ? lag : lag >> 16) | echoLag >> QuietSegment.echoBits != 0
    let frames = segment.frame &- lastFrame
    let isOdd =
      hasNumbers || ticks >> QuietSegment.tickBits != 0 || header != end.header
      || flags == QuietSegment.otherCode || frames >> QuietSegment.frameBits != 0
    guard Int(length) &+ (isOdd ? 2 : 1) <= QuietCourse.capacity else { return false }
    let kept = QuietSegment(
      segment, isServer: isServer, distance: distance, flags: flags, ticks: ticks,
      echoLag: echoLag, lag: smallLag, isOdd: isOdd)
    var position = Int(length)
    store.put(kept.pair, at: &position, on: &pages)
    if isOdd {
      let oddity = QuietOddity(
        header: header, flags: segment.flags, ticks: ticks, hasNumbers: hasNumbers, frames: frames)
      store.put(
        QuietPair(first: oddity.rawValue, second: QuietNumbers(segment).rawValue), at: &position,
        on: &pages)
    }
    length = UInt8(truncatingIfNeeded: position)

    if segment.flags.rawValue & (TCPFlags.fin.rawValue | TCPFlags.rst.rawValue) != 0 {
      isClosing = true
    }
    end.next = segment.sequence &+ segment.sequenceLength
    end.timestamp = end.timestamp &+ ticks
    end.header = header
    ends[isServer ? 1 : 0] = end
    return true
  }

  /// The one SYN,ACK.
  @inline(never)
  private mutating func takeAnswer(
    _ segment: Segment, _ distance: UInt64, into store: inout QuietPages
  ) -> Bool {
    guard !isAnswered,
      segment.flags.rawValue & ~QuietConnection.congestionFlags
        == TCPFlags.syn.rawValue | TCPFlags.ack.rawValue,
      segment.payloadLength == 0, segment.hasPlainOptions,
      Int(length) &+ 3 <= QuietCourse.capacity
    else { return false }
    let header = QuietHeader(segment)
    let hasNumbers =
      segment.acknowledgment != ends[0].next
      || (segment.hasTimestamps && segment.timestampEchoReply != ends[0].timestamp)
    let kept = QuietSegment(
      segment, isServer: true, distance: distance, flags: QuietSegment.otherCode,
      ticks: segment.timestampValue, echoLag: 0, lag: 0, isOdd: true)
    let oddity = QuietOddity(
      header: header, flags: segment.flags, ticks: segment.timestampValue, hasNumbers: hasNumbers,
      frames: segment.frame &- lastFrame)
    var position = Int(length)
    store.put(kept.pair, at: &position, on: &pages)
    store.put(
      QuietPair(first: oddity.rawValue, second: QuietOffer(segment).rawValue), at: &position,
      on: &pages)
    if hasNumbers {
      store.put(
        QuietPair(first: QuietNumbers(segment).rawValue, second: 0), at: &position, on: &pages)
    }
    length = UInt8(truncatingIfNeeded: position)
    isAnswered = true
    ends[1] = QuietEnd(
      next: segment.sequence &+ 1, timestamp: segment.timestampValue,
      header: header.afterSYN(isIPv4: segment.source.isIPv4))
    return true
  }

  /// Puts its pages into another store.
  mutating func move(from source: borrowing QuietPages, to store: inout QuietPages) {
    var position = 0
    var read = 0
    let old = pages
    while position < Int(length) {
      store.put(source.get(at: &read, on: old), at: &position, on: &pages)
    }
  }

  /// The page that the next segment will be written on, 0 if that is a new one.
  @inline(__always)
  var tail: UInt32 {
    let pair = Int(length)
    return pair & (QuietPages.capacity - 1) == 0 ? 0 : pages[pair &>> QuietPages.shift]
  }
}

/// What the next segment of an end is compared with.
struct QuietEnd: Sendable, BitwiseCopyable {
  /// The end of what it sent.
  var next: UInt32 = 0
  /// TSval of its last segment that had one.
  var timestamp: UInt32 = 0
  var header = QuietHeader(rawValue: 0)
}
