import PacketDecoding

// Where a brief was made of the words that are kept of a quiet connection, its line is made of the
// brief and of those words, without endpoints either.

extension ConnectionLine {
  /// Becomes the line of a quiet connection that took the ordinary course. Gives what the line of its
  /// `summarize` gives.
  ///
  /// - Parameters:
  ///   - brief: What `follow` made of it. Passed by address, not changed.
  ///   - roundTrips: What it measured. The same.
  mutating func follow(
    _ source: QuietConnection, _ brief: inout ConnectionBrief, _ course: QuietCourse,
    _ store: borrowing QuietPages, _ roundTrips: inout RoundTripMeter
  ) {
    self = ConnectionLine()
    id = brief.id
    traits = brief.traits.intersection(ConnectionLine.traits)
    opening = brief.opening
    activeCloser = brief.activeCloser
    key = brief.key
    firstFrame = brief.firstFrame
    lastFrame = firstFrame
    firstTime = brief.firstTime
    lastTime = brief.lastTime
    completionTime = brief.completionTime

    let end = source.client
    client = EndpointLine(
      brief.client, initial: SequenceNumber(source.initial), source.length, end.header)
    server.state = brief.server.state
    server.timerStart = brief.server.timerStart
    guard course.count > 0 else { return }
    lastFrame = course.lastFrame
    var pairs = QuietPairs(course)
    _ = pairs.next(store)
    let answer = pairs.nextPair(store)
    let header = QuietOddity(rawValue: answer.first).header
    server = EndpointLine(
      brief.server, initial: SequenceNumber(QuietOffer(rawValue: answer.second).sequence),
      header.length, header.afterSYN(isIPv4: key.lowAddress.isIPv4))
    clientRoundTrip = roundTrips.clientRoundTrip
    serverRoundTrip = roundTrips.serverRoundTrip
  }
}

extension EndpointLine {
  /// Of an end that took the ordinary course.
  ///
  /// - Parameters:
  ///   - initial: The sequence number of its SYN.
  ///   - synLength: The bytes of it.
  ///   - header: What its other segments have in front.
  @inline(__always)
  fileprivate init(
    _ brief: EndpointBrief, initial: SequenceNumber, _ synLength: UInt32, _ header: QuietHeader
  ) {
    marks = brief.marks.intersection(EndpointLine.marks)
    if brief.finCount > 0 { marks.insert(.finSent) }
    state = brief.state
    hopLimit = header.hopLimit
    initialSendSequence = initial
    firstTimestamp = brief.firstTimestamp
    timerStart = brief.timerStart
    packets = brief.packets
    payloadBytes = brief.payloadBytes
    bytes = payloadBytes &+ UInt64(synLength) &+ UInt64(header.length) &* (packets &- 1)
    synCount = brief.synCount
    finCount = brief.finCount
  }
}
