import PacketDecoding

/// The segments of a quiet connection after its SYN, two words each: where one begins, what it
/// acknowledges, most of its timestamps follow from those before. The words stand on pages of
/// `QuietPages`; here is what the next segment is compared with.
///
///     bits  0-35  nanoseconds since the segment before     0-12  ticks since the sender's last TSval
///          36-56  frames since                            13-15  ticks of TSecr behind the peer's
///          57-58  the state of the checksum               16-31  bytes of payload, or how much less
///          59     it acknowledges less than was sent      32-47  window
///          60     sent by the server                      48-63  Identification
///          61-62  flags: ACK, PSH,ACK, FIN,ACK, others
///          63     more words follow
///
/// Those are a `QuietOddity`, the acknowledgment and TSecr where the bits above have no room for
/// them, and of a SYN,ACK its sequence number and options.
struct QuietCourse: Sendable, BitwiseCopyable {
  private(set) var pages = InlineArray<4, UInt32>(repeating: 0)
  /// Time of the last segment, nanoseconds since the SYN.
  private(set) var lastTime: Int64 = 0
  private var lastFrame: UInt64
  private var client: QuietEnd
  private var server = QuietEnd()
  private(set) var count: UInt8 = 0
  /// Words written.
  private var length: UInt8 = 0
  private var isAnswered = false
  /// Whether a FIN or RST was seen.
  private(set) var isClosing = false

  /// Segments at most.
  private static let limit: UInt8 = 15
  private static let capacity = 4 * QuietPages.capacity

  init(_ beginning: QuietConnection) {
    lastFrame = beginning.firstFrame
    client = beginning.client
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
    _ segment: Segment, sender side: Side, since start: CaptureTime, patience: Int64,
    into store: inout QuietPages
  ) -> Bool {
    let offset = segment.time.nanoseconds &- start.nanoseconds
    let pause = UInt64(bitPattern: offset &- lastTime)
    let frames = segment.frame &- lastFrame
    let header = QuietHeader(segment)
    let payload = UInt64(segment.payloadLength)
    let overhead = UInt64(segment.packetLength &- segment.payloadLength)
    guard offset >= 0, (offset >> 30) &- (lastTime >> 30) < patience, count < QuietCourse.limit,
      pause >> 36 | frames >> 21 | (payload | overhead) >> 16 == 0,
      segment.flags.rawValue <= 255
    else { return false }
    let isServer = side == .server
    var end = isServer ? server : client
    let peer = isServer ? client : server
    if segment.flags.contains(.syn) {
      return takeAnswer(segment, header, offset, pause, frames, isServer, into: &store)
    }
    guard segment.sequence == end.next,
      segment.options.rawValue & ~TCPOptionKinds.timestamps.rawValue == 0,
      !isServer || isAnswered, !isClosing || payload == 0
    else { return false }

    let hasTimestamps = segment.hasTimestamps
    let ticks = hasTimestamps ? segment.timestampValue &- end.timestamp : 0
    let echoLag = hasTimestamps ? peer.timestamp &- segment.timestampEchoReply : 0
    let lag = peer.next &- segment.acknowledgment
    let isBehind = lag != 0 && payload == 0
    // 0 where the two words have room for them.
    let numbers = lag >> (isBehind ? 16 : 0) | echoLag >> QuietCourse.echoBits
    let flags = QuietCourse.code(segment.flags)
    let isOdd =
      numbers | ticks >> QuietCourse.tickBits | (header.rawValue ^ end.header.rawValue) != 0
      || flags == QuietCourse.otherFlags
    guard Int(length) &+ (isOdd ? 4 : 2) <= QuietCourse.capacity else { return false }
    if !hasTimestamps, segment.timestampValue | segment.timestampEchoReply != 0 { return false }

    let first =
      pause | frames << 36 | UInt64(segment.checksum.rawValue) << 57 | (isBehind ? 1 << 59 : 0)
      | (isServer ? 1 << 60 : 0) | flags << 61 | (isOdd ? 1 << 63 : 0)
    let small =
      ticks & QuietCourse.tickMask | (echoLag & QuietCourse.echoMask) << QuietCourse.tickBits
    let second =
      UInt64(small) | (payload | UInt64(isBehind ? lag & 0xffff : 0)) << 16
      | UInt64(segment.window) << 32 | UInt64(segment.identification) << 48
    var position = Int(length)
    store.put(first, at: &position, on: &pages)
    store.put(second, at: &position, on: &pages)
    if isOdd {
      let oddity = QuietOddity(
        header: header, flags: segment.flags, ticks: ticks, hasNumbers: numbers != 0)
      store.put(oddity.rawValue, at: &position, on: &pages)
      if numbers != 0 {
        store.put(
          UInt64(segment.acknowledgment) << 32 | UInt64(segment.timestampEchoReply),
          at: &position, on: &pages)
      }
    }

    if segment.flags.rawValue & (TCPFlags.fin.rawValue | TCPFlags.rst.rawValue) != 0 {
      isClosing = true
    }
    length = UInt8(truncatingIfNeeded: position)
    count &+= 1
    lastTime = offset
    lastFrame = segment.frame
    end.next = segment.sequence &+ segment.sequenceLength
    end.timestamp = end.timestamp &+ ticks
    end.header = header
    if isServer { server = end } else { client = end }
    return true
  }

  /// The one SYN,ACK.
  @inline(never)
  private mutating func takeAnswer(
    _ segment: Segment, _ header: QuietHeader, _ offset: Int64, _ pause: UInt64, _ frames: UInt64,
    _ isServer: Bool, into store: inout QuietPages
  ) -> Bool {
    guard isServer, !isAnswered,
      segment.flags.rawValue & ~QuietConnection.congestionFlags
        == TCPFlags.syn.rawValue | TCPFlags.ack.rawValue,
      segment.payloadLength == 0, segment.hasPlainOptions,
      segment.hasTimestamps || segment.timestampValue | segment.timestampEchoReply == 0,
      Int(length) &+ 5 <= QuietCourse.capacity
    else { return false }
    let hasNumbers =
      segment.acknowledgment != client.next
      || (segment.hasTimestamps && segment.timestampEchoReply != client.timestamp)
    let oddity = QuietOddity(
      header: header, flags: segment.flags, ticks: segment.timestampValue, hasNumbers: hasNumbers)
    let first =
      pause | frames << 36 | UInt64(segment.checksum.rawValue) << 57 | 1 << 60
      | QuietCourse.otherFlags << 61 | 1 << 63
    var position = Int(length)
    store.put(first, at: &position, on: &pages)
    store.put(
      UInt64(segment.timestampValue & QuietCourse.tickMask) | UInt64(segment.window) << 32
        | UInt64(segment.identification) << 48, at: &position, on: &pages)
    store.put(oddity.rawValue, at: &position, on: &pages)
    if hasNumbers {
      store.put(
        UInt64(segment.acknowledgment) << 32 | UInt64(segment.timestampEchoReply), at: &position,
        on: &pages)
    }
    store.put(
      UInt64(segment.sequence) << 32 | UInt64(segment.maximumSegmentSize)
        | UInt64(segment.options.rawValue & 0xff) << 16 | UInt64(segment.windowShift) << 24,
      at: &position, on: &pages)
    isAnswered = true
    length = UInt8(truncatingIfNeeded: position)
    count &+= 1
    lastTime = offset
    lastFrame = segment.frame
    server = QuietEnd(
      next: segment.sequence &+ 1, timestamp: segment.timestampValue,
      header: header.afterSYN(isIPv4: segment.source.isIPv4))
    return true
  }

  /// The page that the next segment will be written on, 0 if that is a new one.
  @inline(__always)
  var tail: UInt32 {
    let word = Int(length)
    return word & (QuietPages.capacity - 1) == 0 ? 0 : pages[word &>> QuietPages.shift]
  }

  static var tickBits: UInt32 { 13 }
  static var tickMask: UInt32 { 1 << tickBits - 1 }
  static var echoBits: UInt32 { 3 }
  static var echoMask: UInt32 { 1 << echoBits - 1 }

  /// The code of flags that stand in the oddity.
  static var otherFlags: UInt64 { 3 }

  /// 0 for ACK, 1 for PSH,ACK, 2 for FIN,ACK, else 3.
  @inline(__always)
  private static func code(_ flags: TCPFlags) -> UInt64 {
    let others = UInt64(flags.rawValue ^ TCPFlags.ack.rawValue)
    return others & ~9 == 0 ? others >> 3 | (others & 1) << 1 : otherFlags
  }

  @inline(__always)
  static func flags(_ code: UInt64) -> TCPFlags {
    TCPFlags(
      rawValue: TCPFlags.ack.rawValue | UInt16(truncatingIfNeeded: (code & 1) << 3 | code >> 1))
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

/// What of a segment's headers is the same for most of an end's segments: their bytes, IP and TCP
/// together, the hop limit, and whether there are timestamps.
struct QuietHeader: Equatable, Sendable, BitwiseCopyable {
  /// From the lowest bit: the hop limit, 8 bits; whether there are timestamps; in the upper half the
  /// length.
  var rawValue: UInt32

  @inline(__always)
  init(rawValue: UInt32) {
    self.rawValue = rawValue
  }

  @inline(__always)
  init(length: UInt32, hopLimit: UInt8, hasTimestamps: Bool) {
    rawValue = UInt32(hopLimit) | (hasTimestamps ? 1 << 8 : 0) | length << 16
  }

  @inline(__always)
  init(_ segment: Segment) {
    self.init(
      length: segment.packetLength &- segment.payloadLength, hopLimit: segment.hopLimit,
      hasTimestamps: segment.hasTimestamps)
  }

  var length: UInt32 { rawValue >> 16 }
  var hopLimit: UInt8 { UInt8(truncatingIfNeeded: rawValue) }
  var hasTimestamps: Bool { rawValue & 1 << 8 != 0 }

  /// The header to expect after a SYN that had this one: without options but timestamps.
  func afterSYN(isIPv4: Bool) -> QuietHeader {
    let length: UInt32 = (isIPv4 ? 40 : 60) + (hasTimestamps ? 12 : 0)
    return QuietHeader(rawValue: rawValue & 0xffff | length << 16)
  }
}

/// What is not as expected of a segment.
struct QuietOddity: BitwiseCopyable {
  /// From the lowest bit: the header, 32 bits; the upper bits of the ticks, 21 at most; the flags, 8; whether
  /// the acknowledgment and TSecr follow.
  var rawValue: UInt64

  init(rawValue: UInt64) {
    self.rawValue = rawValue
  }

  init(header: QuietHeader, flags: TCPFlags, ticks: UInt32, hasNumbers: Bool) {
    rawValue =
      UInt64(header.rawValue) | UInt64(ticks >> QuietCourse.tickBits) << 32
      | UInt64(flags.rawValue & 0xff) << 53 | (hasNumbers ? 1 << 61 : 0)
  }

  var header: QuietHeader { QuietHeader(rawValue: UInt32(truncatingIfNeeded: rawValue)) }
  var ticks: UInt32 { UInt32(rawValue >> 32 & 0x1f_ffff) << QuietCourse.tickBits }
  var flags: TCPFlags { TCPFlags(rawValue: UInt16(rawValue >> 53 & 0xff)) }
  var hasNumbers: Bool { rawValue & 1 << 61 != 0 }
}

/// Reads a quiet connection again, segment by segment.
struct QuietReader {
  private let pages: InlineArray<4, UInt32>
  /// Segments still to come.
  private var remaining: UInt8
  private var position = 0
  private var client: QuietEnd
  private var server = QuietEnd()

  init(_ beginning: QuietConnection, _ course: QuietCourse) {
    pages = course.pages
    remaining = course.count
    client = beginning.client
  }

  /// Turns what was kept of the next segment into the segment again.
  ///
  /// - Parameter segment: The one before it. Written over, but for its sockets.
  /// - Returns: Who sent it; nil at the end.
  @inline(__always)
  mutating func next(_ segment: inout Segment, _ store: borrowing QuietPages) -> Side? {
    guard remaining > 0 else { return nil }
    remaining &-= 1
    let first = store.get(at: &position, on: pages)
    let second = store.get(at: &position, on: pages)
    let isServer = first & 1 << 60 != 0
    var end = isServer ? server : client
    let peer = isServer ? client : server

    segment.time = segment.time.advanced(byNanoseconds: Int64(first & (1 << 36 - 1)))
    segment.frame &+= first >> 36 & 0x1f_ffff
    segment.flags = QuietCourse.flags(first >> 61 & 3)
    segment.sequence = end.next
    let field = UInt32(second >> 16 & 0xffff)
    let isBehind = first & 1 << 59 != 0
    segment.payloadLength = isBehind ? 0 : field
    segment.acknowledgment = peer.next &- (isBehind ? field : 0)
    segment.maximumSegmentSize = 0
    segment.windowShift = 0
    let small = UInt32(second & 0xffff)
    var ticks = small & QuietCourse.tickMask
    var echo = peer.timestamp &- small >> QuietCourse.tickBits
    var offer: UInt64?
    if first & 1 << 63 != 0 {
      let oddity = QuietOddity(rawValue: store.get(at: &position, on: pages))
      end.header = oddity.header
      ticks |= oddity.ticks
      segment.flags = oddity.flags
      if oddity.hasNumbers {
        let numbers = store.get(at: &position, on: pages)
        segment.acknowledgment = UInt32(numbers >> 32)
        echo = UInt32(truncatingIfNeeded: numbers)
      }
      if segment.flags.contains(.syn) {
        let word = store.get(at: &position, on: pages)
        segment.sequence = UInt32(word >> 32)
        segment.maximumSegmentSize = UInt16(word & 0xffff)
        segment.windowShift = UInt8(word >> 24 & 0xff)
        offer = word
      }
    }
    let hasTimestamps = end.header.hasTimestamps
    end.timestamp = end.timestamp &+ ticks
    segment.timestampValue = hasTimestamps ? end.timestamp : 0
    segment.timestampEchoReply = hasTimestamps ? echo : 0
    segment.options =
      offer.map { TCPOptionKinds(rawValue: UInt16($0 >> 16 & 0xff)) }
      ?? (hasTimestamps ? .timestamps : [])
    segment.packetLength = segment.payloadLength &+ end.header.length
    segment.hopLimit = end.header.hopLimit
    segment.checksum =
      ChecksumState(rawValue: UInt8(truncatingIfNeeded: first >> 57 & 3)) ?? .unverified
    segment.window = UInt16(second >> 32 & 0xffff)
    segment.identification = UInt16(second >> 48)
    end.next = segment.sequence &+ segment.sequenceLength
    if offer != nil { end.header = end.header.afterSYN(isIPv4: segment.source.isIPv4) }
    if isServer { server = end } else { client = end }
    return isServer ? .server : .client
  }
}
