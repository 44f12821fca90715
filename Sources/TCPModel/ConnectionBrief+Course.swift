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
  ///   - patience: Nanoseconds in which no timer can run out.
  /// - Returns: Whether it is like that. If not, what stands here means nothing.
  mutating func follow(
    _ source: QuietConnection, _ course: QuietCourse, _ store: borrowing QuietPages,
    _ timers: Timers, patience: Int64, until time: CaptureTime, isEnd: Bool
  ) -> Bool {
    begin(source)
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
    // A silence that was broken, and by whom.
    var silence: Int64 = 0
    var isBrokenByServer = false
    var hasPaused = false
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
        continue
      }
      let isServer = kept.isServer
      let length = kept.payloadLength
      if kept.isOdd {
        // Nothing but that it is many frames away.
        let oddity = QuietOddity(rawValue: reader.nextPair(store).first)
        guard oddity.header == (isServer ? serverHeader : clientHeader), oddity.ticks == 0,
          kept.flags != QuietSegment.otherCode, !oddity.hasNumbers
        else { return false }
        frame &+= oddity.frames
      }
      // Everything is acknowledged, by something new.
      guard kept.lag == 0,
        length > 0 || kept.flags == QuietSegment.finCode
          || (isServer ? serverOwes : clientOwes)
      else { return false }
      let isFIN = kept.flags == QuietSegment.finCode
      if silence > 0, isServer != isBrokenByServer {
        survivedSilence = max(survivedSilence, silence)
        silence = 0
      }
      if pause > Connection.noteworthyIdle {
        silence = max(silence, pause)
        isBrokenByServer = isServer
        hasPaused = true
      }
      switch stage {
      case .synSent:
        return false
      case .answered:
        guard !isServer, length == 0, kept.flags == 0 else { return false }
        completionTime = lastTime
        stage = .established
      case .established:
        if isFIN {
          activeCloser = isServer ? .server : .client
          closing = lastTime
          stage = .closing
        }
      case .closing, .halfClosed:
        guard length == 0, isServer == (activeCloser == .client),
          lastTime.nanoseconds(since: closing) < patience
        else { return false }
        if isFIN {
          enterTimeWait(frame)
          stage = .lastAck
        } else if stage == .closing {
          stage = .halfClosed
        } else {
          return false
        }
      case .lastAck:
        guard length == 0, !isFIN, isServer == (activeCloser == .server),
          lastTime.nanoseconds(since: closing) < patience
        else { return false }
        stage = .closed
      case .closed:
        return false
      }
      if isServer {
        server.take(kept, at: lastTime, isFIN)
        serverOwes = false
        clientOwes = clientOwes || length > 0 || isFIN
      } else {
        client.take(kept, at: lastTime, isFIN)
        clientOwes = false
        serverOwes = serverOwes || length > 0 || isFIN
      }
    }
    // A silence among what closes it may interest a rule; among the rest it does not.
    if hasPaused, closing != .epoch,
      lastTime.nanoseconds(since: closing) > Connection.noteworthyIdle
    {
      return false
    }
    return rest(stage, timers, time, isEnd: isEnd)
  }

  /// The SYN.
  private mutating func begin(_ source: QuietConnection) {
    id = source.id
    key = source.key
    traits = source.clientIsLow ? .clientIsLow.union(.clientKnown) : .clientKnown
    opening = .none
    activeCloser = .none
    firstFrame = source.firstFrame
    firstTime = source.firstTime
    lastTime = firstTime
    answerTime = .epoch
    completionTime = .epoch
    survivedSilence = 0
    client = EndpointBrief()
    client.begin(.synSent, source.offeredOptions, source.timestamp, at: firstTime)
    server = EndpointBrief()
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
  private mutating func rest(
    _ stage: Stage, _ timers: Timers, _ time: CaptureTime, isEnd: Bool
  ) -> Bool {
    switch stage {
    case .synSent:
      client.state = .synSent
      client.timerStart = firstTime
      server.state = .listen
      guard isEnd, time < firstTime.advanced(byNanoseconds: timers.synSent) else { return false }
      traits.insert(.openAtEnd)
    case .established:
      guard isEnd else { return false }
      client.state = .established
      client.timerStart = answerTime
      server.state = .established
      server.timerStart = completionTime
      traits.insert(.openAtEnd)
    case .closed:
      let over = lastTime.advanced(byNanoseconds: timers.timeWait)
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
  fileprivate mutating func take(_ kept: QuietSegment, at time: CaptureTime, _ isFIN: Bool) {
    packets &+= 1
    payloadBytes &+= UInt64(kept.payloadLength)
    newestTimestamp = TimestampValue(newestTimestamp.rawValue &+ kept.ticks)
    lastTime = time
    if isFIN { finCount = 1 }
  }
}

/// The pairs of a quiet connection, one after the other.
private struct QuietPairs {
  private let pages: InlineArray<4, UInt32>
  private var remaining: UInt8
  private var position = 0

  init(_ course: QuietCourse) {
    pages = course.pages
    remaining = course.count
  }

  /// The next segment; nil at the end. What it has of further pairs is to be read by `nextPair`.
  @inline(__always)
  mutating func next(_ store: borrowing QuietPages) -> QuietSegment? {
    guard remaining > 0 else { return nil }
    remaining &-= 1
    return QuietSegment(nextPair(store))
  }

  @inline(__always)
  mutating func nextPair(_ store: borrowing QuietPages) -> QuietPair {
    store.get(at: &position, on: pages)
  }
}
