import PacketDecoding

// The ordinary course of a connection that is held quietly: opened by SYN, SYN,ACK and ACK, closed by
// FIN, FIN and their ACKs, each segment the very one expected next. As header prediction does for
// data, each arm takes its segment in one go and gives what `admit` and `step` give, or changes
// nothing; the long way alone decides what anything else means. No transitions are told: this is for
// connections of which no history is wanted.

extension Connection {
  /// Takes the SYN that begins it, which is a plain one.
  init(ordinarilyBeginningWith segment: Segment, _ key: FlowKey, sourceIsLow: Bool, id: UInt64) {
    self.init(key: key)
    self.id = id
    firstFrame = segment.frame
    firstTime = segment.time
    lastFrame = segment.frame
    lastTime = segment.time
    traits = sourceIsLow ? .clientIsLow.union(.clientKnown) : .clientKnown
    noticed = .moves
    server.state = .listen
    client.state = .synSent
    client.timerStart = segment.time
    client.takeSYN(segment, .synSent)
  }

  /// Takes the next segment if it is what follows in the ordinary course.
  ///
  /// - Parameters:
  ///   - patience: Nanoseconds in which no timer can run out.
  /// - Returns: Whether it was taken. If not, nothing has changed.
  @inline(__always)
  mutating func takeOrdinary(_ segment: Segment, sender side: Side, patience: Int64) -> Bool {
    let idle = segment.time.nanoseconds(since: lastTime)
    guard idle >= 0, idle <= Connection.noteworthyIdle, segment.checksum != .invalid else {
      return false
    }
    let isTaken: Bool
    if completionTime == .epoch {
      isTaken = side == .server ? takeAnswer(segment) : takeCompletion(segment)
    } else {
      let isClosing = activeCloser != .none
      isTaken =
        side == .client
        ? Connection.takeNext(
          segment, &client, &server, &clientRoundTrip, isClosing: isClosing, patience)
        : Connection.takeNext(
          segment, &server, &client, &serverRoundTrip, isClosing: isClosing, patience)
      if isTaken, isClosing || segment.flags.contains(.fin) {
        if !isClosing { activeCloser = side == .client ? .client : .server }
        setUnconfirmed(side.peer, true)
      }
    }
    guard isTaken else { return false }
    if idle > longestIdle { longestIdle = idle }
    lastFrame = segment.frame
    lastTime = segment.time
    return true
  }

  /// The SYN,ACK in SYN-SENT (RFC 9293 §3.10.7.3).
  private mutating func takeAnswer(_ segment: Segment) -> Bool {
    guard segment.flags.contains(.syn.union(.ack)),
      segment.flags.isDisjoint(with: .fin.union(.rst)),
      segment.payloadLength == 0, client.state == .synSent, server.state == .listen,
      client.synCount == 1, !server.marks.contains(.seen),
      SequenceNumber(segment.acknowledgment) == client.sendNext,
      client.acceptsInSynSent(segment), segment.time != .epoch, firstTime != .epoch
    else { return false }
    server.state = .synReceived
    server.timerStart = segment.time
    server.takeSYN(segment, .synAckSent)
    server.receiveNext = SequenceNumber(segment.acknowledgment)

    client.marks.insert(.establishedByArrival)
    client.state = .established
    client.timerStart = segment.time
    client.receiveNext = SequenceNumber(segment.sequence) + 1
    client.sendUnacknowledged = SequenceNumber(segment.acknowledgment)
    setUnconfirmed(.client, true)

    answerTime = segment.time
    serverRoundTrip = max(1, segment.time.nanoseconds(since: client.lastTime))
    opening = .handshake
    if !client.marks.intersection(server.marks).contains(.windowScale) {
      // RFC 7323 §2.2: scaling is on only when both SYNs offered it.
      client.windowShift = 0
      server.windowShift = 0
    }
    return true
  }

  /// The ACK in SYN-RECEIVED (RFC 9293 §3.10.7.4, fifth check).
  private mutating func takeCompletion(_ segment: Segment) -> Bool {
    guard segment.flags == .ack, segment.payloadLength == 0, segment.window != 0,
      client.state == .established, server.state == .synReceived, answerTime != .epoch,
      client.marks.isDisjoint(with: .fastOpen.union(.challenged).union(.zeroWindow)),
      SequenceNumber(segment.sequence) == client.sendNext,
      SequenceNumber(segment.acknowledgment) == server.sendNext,
      client.expectsTimestamp(of: segment)
    else { return false }
    let identity = Endpoint.identity(segment)
    guard client.hasNotSent(identity) else { return false }
    client.marks.insert(.establishedConfirmed)
    server.sendUnacknowledged = SequenceNumber(segment.acknowledgment)
    server.marks.insert(.establishedByArrival)
    server.state = .established
    server.timerStart = segment.time
    setUnconfirmed(.server, true)
    completionTime = segment.time
    clientRoundTrip = max(1, segment.time.nanoseconds(since: server.lastTime))
    client.takeInOrder(segment, identity: identity, &server, &clientRoundTrip)
    return true
  }

  /// Whatever follows the opening.
  @inline(__always)
  private static func takeNext(
    _ segment: Segment, _ sender: inout Endpoint, _ receiver: inout Endpoint,
    _ roundTrip: inout Int64, isClosing: Bool, _ patience: Int64
  ) -> Bool {
    let identity = sender.identityInOrder(of: segment, to: receiver)
    guard identity != 0,
      isClosing
        ? close(segment, &sender, &receiver, patience)
        : segment.flags.contains(.fin)
          ? beginClosing(segment, &sender, &receiver) : goOn(segment, &sender, &receiver)
    else { return false }
    sender.takeInOrder(segment, identity: identity, &receiver, &roundTrip)
    return true
  }

  /// Data and ACKs, in ESTABLISHED (RFC 9293 §3.10.7.4, fifth and seventh check).
  @inline(__always)
  private static func goOn(
    _ segment: Segment, _ sender: inout Endpoint, _ receiver: inout Endpoint
  ) -> Bool {
    guard segment.flags.subtracting(.psh) == .ack, sender.state == .established,
      receiver.state == .established, !sender.repeatsAcknowledgment(segment, to: receiver)
    else { return false }
    sender.marks.insert(.establishedConfirmed)
    return true
  }

  /// The first FIN, in ESTABLISHED (RFC 9293 §3.10.4; §3.10.7.4, eighth check).
  @inline(__always)
  private static func beginClosing(
    _ segment: Segment, _ sender: inout Endpoint, _ receiver: inout Endpoint
  ) -> Bool {
    guard segment.flags.subtracting(.psh) == .fin.union(.ack),
      sender.state == .established, receiver.state == .established,
      receiver.marks.contains(.seen), receiver.hiddenFIN == .none,
      sender.finCount == 0, sender.marks.isDisjoint(with: .finSent.union(.finArrived)),
      receiver.marks.isDisjoint(with: .finSent.union(.finArrived))
    else { return false }
    sender.marks.formUnion(.establishedConfirmed.union(.finSent))
    sender.noteFIN(segment)
    sender.state = .finWait1
    sender.timerStart = segment.time
    receiver.marks.insert(.finArrived)
    receiver.state = .closeWait
    receiver.timerStart = segment.time
    return true
  }

  /// What follows the first FIN (RFC 9293 §3.6, figure 12): its ACK, the other's FIN, with or without
  /// that ACK, and the ACK of it.
  @inline(__always)
  private static func close(
    _ segment: Segment, _ sender: inout Endpoint, _ receiver: inout Endpoint, _ patience: Int64
  ) -> Bool {
    guard segment.payloadLength == 0, segment.flags.contains(.ack),
      segment.flags.isDisjoint(with: .syn.union(.rst)),
      SequenceNumber(segment.acknowledgment) == receiver.sendNext, sender.hiddenFIN == .none,
      segment.time.nanoseconds(since: sender.timerStart) < patience,
      segment.time.nanoseconds(since: receiver.timerStart) < patience
    else { return false }
    if segment.flags.contains(.fin) {
      guard sender.state == .closeWait, receiver.state == .finWait1 || receiver.state == .finWait2,
        sender.finCount == 0, !sender.marks.contains(.finSent),
        !receiver.marks.contains(.finArrived)
      else { return false }
      sender.marks.formUnion(
        .establishedConfirmed.union(.finSent).union(.finArrivalConfirmed).union(.closedSecond))
      sender.noteFIN(segment)
      sender.state = .lastAck
      sender.timerStart = segment.time
      if receiver.state == .finWait1 {
        receiver.marks.insert(.finAcknowledged)
        receiver.finAcknowledgedTime = segment.time
      }
      receiver.marks.insert(.finArrived)
      receiver.state = .timeWait
      receiver.timeWaitTime = segment.time
      receiver.timeWaitFrame = segment.frame
    } else if sender.state == .closeWait, receiver.state == .finWait1, receiver.finCount == 1 {
      sender.marks.formUnion(.establishedConfirmed.union(.finArrivalConfirmed))
      receiver.marks.insert(.finAcknowledged)
      receiver.finAcknowledgedTime = segment.time
      receiver.state = .finWait2
    } else if sender.state == .timeWait, receiver.state == .lastAck, receiver.finCount == 1 {
      sender.marks.formUnion(.establishedConfirmed.union(.finArrivalConfirmed))
      sender.timerStart = segment.time
      receiver.marks.insert(.finAcknowledged)
      receiver.finAcknowledgedTime = segment.time
      receiver.state = .closed
    } else {
      return false
    }
    receiver.timerStart = segment.time
    return true
  }
}

extension Endpoint {
  /// Its FIN, the first.
  @inline(__always)
  fileprivate mutating func noteFIN(_ segment: Segment) {
    finSequence = SequenceNumber(segment.sequence) + segment.payloadLength
    finAcknowledgment = SequenceNumber(segment.acknowledgment)
    finCount = 1
    lastFINTime = segment.time
    lastFINFrame = segment.frame
  }

  /// Its first segment: a SYN or SYN,ACK of plain options.
  fileprivate mutating func takeSYN(_ segment: Segment, _ kind: EndpointMarks) {
    packets = 1
    bytes = UInt64(segment.packetLength)
    synCount = 1
    recentSegments[0] = Endpoint.identity(segment)
    marks = kind.union(.initialSequenceKnown).union(.seen)
    if segment.checksum == .valid { marks.insert(.validChecksum) }
    if segment.window == 0 { marks.insert(.zeroWindow) }
    initialSendSequence = SequenceNumber(segment.sequence)
    sendUnacknowledged = initialSendSequence
    sendNext = initialSendSequence + 1
    noteOffer(segment)
    window = UInt32(segment.window)
    if segment.hasTimestamps {
      firstTimestampTime = segment.time
      newestTimestampTime = segment.time
      lastEcho = TimestampValue(segment.timestampEchoReply)
    }
    hopLimit = segment.hopLimit
    lastTime = segment.time
    lastFrame = segment.frame
  }
}
