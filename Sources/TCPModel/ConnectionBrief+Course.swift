import PacketDecoding

// Most quiet connections take the one course that RFC 9293 draws: opened by three segments (§3.5,
// figure 6), each then in order and acknowledging all that was sent, closed by FIN and FIN (§3.6,
// figure 12). What such a one came to follows from the two words of each segment, without endpoints.

extension ConnectionBrief {
  /// How far the ordinary course has come.
  private enum Stage {
    case synSent
    case answered
    case established
    /// The active closer is in FIN-WAIT-1, the other in CLOSE-WAIT.
    case closing
    /// FIN-WAIT-2 and CLOSE-WAIT.
    case halfClosed
    /// TIME-WAIT and LAST-ACK.
    case lastAck
    /// TIME-WAIT and CLOSED.
    case closed
  }

  /// Becomes what a quiet connection came to by `time`, if it took the ordinary course and has come
  /// to rest: closed by both ends, or open or a mere SYN when the input ended. Gives what `summarize`
  /// gives.
  ///
  /// - Parameters:
  ///   - timeWait, synSent: How long those states last, nanoseconds.
  ///   - patience: Nanoseconds in which no timer can run out.
  ///   - roundTrips: What they come to, if it `measures` them.
  /// - Returns: Whether it is like that. If not, what stands here means nothing.
  mutating func follow(
    _ source: QuietConnection, _ key: FlowKey, _ course: QuietCourse,
    _ store: borrowing QuietPages, timeWait: Int64, synSent: Int64, patience: Int64,
    until time: CaptureTime, isEnd: Bool, _ roundTrips: inout RoundTripMeter, measures: Bool
  ) -> Bool {
    if course.count == 0 {
      return follow(source, key, synSent: synSent, until: time, isEnd: isEnd)
    }
    begin(source, key)
    guard source.firstTime != .epoch else { return false }
    var stage = Stage.synSent
    var reader = QuietPairs(course)
    var frame = firstFrame
    let clientHeader = source.client.header
    var serverHeader = clientHeader
    // Whether an end has been sent something that it has not acknowledged.
    var clientOwes = false
    var serverOwes = true
    var closing = CaptureTime.epoch
    var silences = Silences()
    var newest: (client: UInt64, server: UInt64) = (frame, 0)
    while let kept = reader.next(store) {
      let pause = kept.pause
      guard kept.checksum != .invalid, kept.window != 0,
        pause <= Connection.noteworthyIdle || stage == .established
      else { return false }
      lastTime = lastTime.advanced(byNanoseconds: pause)
      frame &+= kept.frames
      if stage == .synSent {
        guard source.offersWindow,
          let oddity = takeAnswer(kept, source, reader.nextPair(store))
        else { return false }
        frame &+= oddity.frames
        serverHeader = oddity.header.afterSYN(isIPv4: key.lowAddress.isIPv4)
        stage = .answered
        clientOwes = true
        serverOwes = false
        newest.server = frame
        if measures {
          roundTrips.answer(
            at: lastTime, since: firstTime, hasTimestamps: server.marks.contains(.timestamps))
        }
        continue
      }
      let isServer = kept.isServer
      if kept.isOdd {
        // Nothing but that it is many frames away.
        let oddity = QuietOddity(rawValue: reader.nextPair(store).first)
        guard oddity.header == (isServer ? serverHeader : clientHeader), oddity.ticks == 0,
          kept.flags != QuietSegment.otherCode, !oddity.hasNumbers
        else { return false }
        frame &+= oddity.frames
      }
      let hasLength = kept.payloadLength > 0 || kept.isFIN
      // Everything is acknowledged, by something new.
      guard kept.lag == 0, hasLength || (isServer ? serverOwes : clientOwes),
        let next = advance(stage, by: kept, in: frame)
      else { return false }
      if stage == .established, next == .closing { closing = lastTime }
      guard closing == .epoch || lastTime.nanoseconds(since: closing) < patience else {
        return false
      }
      if stage == .answered {
        completionTime = lastTime
        if measures { roundTrips.complete(at: lastTime, since: answerTime) }
      }
      if measures { roundTrips.take(kept, at: lastTime) }
      stage = next
      if pause > Connection.noteworthyIdle {
        silences.end(
          pause, by: isServer ? .server : .client, peer: isServer ? newest.client : newest.server,
          in: frame)
      }
      if isServer {
        server.take(kept, at: lastTime)
        newest.server = frame
        serverOwes = false
        clientOwes = clientOwes || hasLength
      } else {
        client.take(kept, at: lastTime)
        newest.client = frame
        clientOwes = false
        serverOwes = serverOwes || hasLength
      }
    }
    survivedSilence = silences.longest(client: (newest.client, 0), server: (newest.server, 0))
    // A silence among what closes it may interest a rule; among the rest it does not.
    guard
      silences == Silences() || closing == .epoch
        || lastTime.nanoseconds(since: closing) <= Connection.noteworthyIdle
    else { return false }
    return rest(stage, timeWait: timeWait, synSent: synSent, time, isEnd: isEnd)
  }

  /// The same of one of which nothing but the SYN has been seen.
  @inline(__always)
  mutating func follow(
    _ source: QuietConnection, _ key: FlowKey, synSent: Int64, until time: CaptureTime, isEnd: Bool
  ) -> Bool {
    begin(source, key)
    guard source.firstTime != .epoch else { return false }
    return rest(.synSent, timeWait: 0, synSent: synSent, time, isEnd: isEnd)
  }

  /// The stage to which a segment leads that acknowledges everything; nil out of the ordinary course.
  @inline(__always)
  private mutating func advance(
    _ stage: Stage, by kept: QuietSegment, in frame: UInt64
  ) -> Stage? {
    switch stage {
    case .answered:
      return !kept.isServer && kept.payloadLength == 0 && kept.flags == 0 ? .established : nil
    case .established:
      guard kept.isFIN else { return .established }
      activeCloser = kept.isServer ? .server : .client
      return .closing
    case .closing, .halfClosed:
      guard kept.payloadLength == 0, kept.isServer == (activeCloser == .client) else { return nil }
      guard kept.isFIN else { return stage == .closing ? .halfClosed : nil }
      enterTimeWait(frame)
      return .lastAck
    case .lastAck:
      return kept.payloadLength == 0 && !kept.isFIN && kept.isServer == (activeCloser == .server)
        ? .closed : nil
    case .synSent, .closed:
      return nil
    }
  }

  /// The SYN.
  private mutating func begin(_ source: QuietConnection, _ key: FlowKey) {
    self = ConnectionBrief()
    id = source.id
    self.key = key
    traits = source.clientIsLow ? .clientIsLow.union(.clientKnown) : .clientKnown
    firstFrame = source.firstFrame
    firstTime = source.firstTime
    lastTime = firstTime
    client.begin(.synSent, source.offeredOptions, source.timestamp, at: firstTime)
  }

  /// The SYN,ACK. Returns what was odd about it, if it is one for the ordinary course.
  private mutating func takeAnswer(
    _ kept: QuietSegment, _ source: QuietConnection, _ pair: QuietPair
  ) -> QuietOddity? {
    let oddity = QuietOddity(rawValue: pair.first)
    let offer = QuietOffer(rawValue: pair.second)
    guard kept.isServer, kept.isOdd, lastTime != .epoch, oddity.flags.contains(.syn),
      !oddity.hasNumbers,
      !offer.options.contains(.timestamps) || source.offeredOptions.contains(.timestamps)
    else { return nil }
    server.begin(.synAckSent, offer.options, kept.ticks | oddity.ticks, at: lastTime)
    answerTime = lastTime
    opening = .handshake
    return oddity
  }

  /// The active closer receives the other's FIN.
  private mutating func enterTimeWait(_ frame: UInt64) {
    if activeCloser == .server {
      server.timeWaitTime = lastTime
      server.timeWaitFrame = frame
    } else {
      client.timeWaitTime = lastTime
      client.timeWaitFrame = frame
    }
  }

  /// The states in which it rests at `time`.
  @inline(__always)
  private mutating func rest(
    _ stage: Stage, timeWait: Int64, synSent: Int64, _ time: CaptureTime, isEnd: Bool
  ) -> Bool {
    switch stage {
    case .synSent:
      client.state = .synSent
      client.timerStart = firstTime
      server.state = .listen
      guard isEnd, time < firstTime.advanced(byNanoseconds: synSent) else { return false }
      traits.insert(.openAtEnd)
    case .established:
      guard isEnd else { return false }
      client.state = .established
      client.timerStart = answerTime
      server.state = .established
      server.timerStart = completionTime
      traits.insert(.openAtEnd)
    case .closed:
      let over = lastTime.advanced(byNanoseconds: timeWait)
      let isOver = over <= time
      let isServer = activeCloser == .server
      client.state = isServer || isOver ? .closed : .timeWait
      client.timerStart = isServer || !isOver ? lastTime : over
      server.state = !isServer || isOver ? .closed : .timeWait
      server.timerStart = !isServer || !isOver ? lastTime : over
      if isEnd, !isOver { traits.insert(.openAtEnd) }
    case .answered, .closing, .halfClosed, .lastAck:
      return false
    }
    return true
  }

  /// Whether both ends hold nothing any more.
  var isOver: Bool { client.state.isIdle && server.state.isIdle }
}

extension EndpointBrief {
  /// Its SYN or SYN,ACK.
  fileprivate mutating func begin(
    _ kind: EndpointMarks, _ options: TCPOptionKinds, _ timestamp: UInt32, at time: CaptureTime
  ) {
    marks = kind.union(.seen).union(.initialSequenceKnown)
    if options.contains(.sackPermitted) { marks.insert(.sackPermitted) }
    if options.contains(.windowScale) { marks.insert(.windowScale) }
    if options.contains(.timestamps) {
      marks.insert(.timestamps)
      firstTimestamp = TimestampValue(timestamp)
      newestTimestamp = firstTimestamp
    }
    lastTime = time
    packets = 1
    synCount = 1
  }

  /// A segment in order.
  @inline(__always)
  fileprivate mutating func take(_ kept: QuietSegment, at time: CaptureTime) {
    packets &+= 1
    payloadBytes &+= UInt64(kept.payloadLength)
    newestTimestamp = TimestampValue(newestTimestamp.rawValue &+ kept.ticks)
    lastTime = time
    if kept.isFIN { finCount = 1 }
  }
}
