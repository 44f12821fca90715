import PacketDecoding

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
    let kept = QuietSegment(store.get(at: &position, on: pages))
    let isServer = kept.isServer
    var end = isServer ? server : client
    let peer = isServer ? client : server

    segment.time = segment.time.advanced(byNanoseconds: kept.pause)
    segment.frame &+= kept.frames
    segment.flags = QuietSegment.flags(kept.flags)
    segment.sequence = end.next
    segment.payloadLength = kept.payloadLength
    segment.acknowledgment = peer.next &- kept.lag
    segment.maximumSegmentSize = 0
    segment.windowShift = 0
    var ticks = kept.ticks
    var echo = peer.timestamp &- kept.echoLag
    var offer: QuietOffer?
    if kept.isOdd {
      let pair = store.get(at: &position, on: pages)
      let oddity = QuietOddity(rawValue: pair.first)
      end.header = oddity.header
      ticks |= oddity.ticks
      segment.frame &+= oddity.frames
      segment.flags = oddity.flags
      var numbers = QuietNumbers(rawValue: pair.second)
      if segment.flags.contains(.syn) {
        let word = QuietOffer(rawValue: pair.second)
        segment.sequence = word.sequence
        segment.maximumSegmentSize = word.maximumSegmentSize
        segment.windowShift = word.windowShift
        offer = word
        if oddity.hasNumbers {
          numbers = QuietNumbers(rawValue: store.get(at: &position, on: pages).first)
        }
      }
      if oddity.hasNumbers {
        segment.acknowledgment = numbers.acknowledgment
        echo = numbers.timestampEchoReply
      }
    }
    let hasTimestamps = end.header.hasTimestamps
    end.timestamp = end.timestamp &+ ticks
    segment.timestampValue = hasTimestamps ? end.timestamp : 0
    segment.timestampEchoReply = hasTimestamps ? echo : 0
    segment.options = offer.map(\.options) ?? (hasTimestamps ? .timestamps : [])
    segment.packetLength = segment.payloadLength &+ end.header.length
    segment.hopLimit = end.header.hopLimit
    segment.checksum = kept.checksum
    segment.window = kept.window
    segment.identification = kept.identification
    end.next = segment.sequence &+ segment.sequenceLength
    if offer != nil { end.header = end.header.afterSYN(isIPv4: segment.source.isIPv4) }
    if isServer { server = end } else { client = end }
    return isServer ? .server : .client
  }
}
