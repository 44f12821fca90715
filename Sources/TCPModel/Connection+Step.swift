import PacketDecoding

extension Connection {
  /// Time assumed for a round trip to an end as long as none was measured. Shorter than any
  /// retransmission timer of a handshake.
  static let assumedRoundTrip: Int64 = 150_000_000

  /// Advances both ends by a segment that one of them sent: `sent` for one, `arrived` for the other.
  mutating func step(_ segment: Segment, sender: Side, _ effects: inout StepEffects) {
    let context = StepContext(
      sender: sender, time: segment.time, frame: segment.frame,
      senderRoundTrip: roundTrip(to: sender), disorder: longestTimeReversal,
      lateness: sender == .client ? client.lateness(of: segment) : server.lateness(of: segment),
      isReplaced: newer != 0,
      isOpening: completionTime != .epoch
        && segment.time.nanoseconds(since: completionTime) < roundTrip(to: .server))
    if traits.contains(.isSelf) {
      stepSelf(segment, context, &effects)
    } else if sender == .client {
      Connection.advance(segment, sender: &client, receiver: &server, context, &effects)
    } else {
      Connection.advance(segment, sender: &server, receiver: &client, context, &effects)
    }
    observeOpening(segment, sender: sender)
    measureRoundTrip(segment, sender: sender)
    observeClosing(segment, sender: sender, effects.annotations)
  }

  /// The one arm for both directions.
  private static func advance(
    _ segment: Segment, sender: inout Endpoint, receiver: inout Endpoint, _ context: StepContext,
    _ effects: inout StepEffects
  ) {
    sender.send(segment, peer: &receiver, context, &effects)
    receiver.receive(segment, from: &sender, context, &effects)
    receiver.unanswered = 0
    if !effects.annotations.isEmpty {
      if effects.annotations.contains(.gap), segment.sequenceLength == 0 {
        sender.suspectFIN(
          next: SequenceNumber(segment.sequence),
          isCrossing: effects.annotations.contains(.acknowledgesUnseen) && receiver.suspectsFIN)
      }
      if !effects.annotations.isDisjoint(
        with: [.keepAlive, .windowProbe, .retransmission, .repeated])
      {
        sender.unanswered = min(sender.unanswered, .max - 1) + 1
      }
    }
    sender.note(segment)
  }

  /// RFC 9293 §3.5, simultaneous open, with one endpoint in both parts.
  private mutating func stepSelf(
    _ segment: Segment, _ context: StepContext, _ effects: inout StepEffects
  ) {
    var peer = client
    // Nothing of it can be hidden from itself.
    peer.marks.remove(.seen)
    client.send(segment, peer: &peer, context, &effects)
    var sender = client
    var toSelf = context
    toSelf.sender = .server
    client.receive(segment, from: &sender, toSelf, &effects)
    client.note(segment)
  }

  /// How long an end takes to answer, as seen from the capture.
  func roundTrip(to side: Side) -> Int64 {
    let measured = side == .client ? clientRoundTrip : serverRoundTrip
    return measured == 0 ? Connection.assumedRoundTrip : measured
  }

  private mutating func measureRoundTrip(_ segment: Segment, sender: Side) {
    guard segment.hasTimestamps, !segment.flags.contains(.syn) else { return }
    if sender == .client {
      client.measureRoundTrip(segment, peer: server, &clientRoundTrip)
    } else {
      server.measureRoundTrip(segment, peer: client, &serverRoundTrip)
    }
  }

  private mutating func observeOpening(_ segment: Segment, sender: Side) {
    guard completionTime == .epoch else { return }
    if segment.flags.contains([.syn, .ack]) {
      if answerTime == .epoch, sender == .server, client.marks.contains(.synSent) {
        answerTime = segment.time
        serverRoundTrip = max(1, segment.time.nanoseconds(since: client.lastTime))
      }
      if opening == .none, client.marks.contains(.synSent), client.state != .synSent {
        opening = .handshake
      }
      if sender == .server, client.marks.contains(.synSent),
        !(client.marks.contains(.windowScale) && server.marks.contains(.windowScale))
      {
        // RFC 7323 §2.2: scaling is on only when both SYNs offered it.
        client.windowShift = 0
        server.windowShift = 0
      }
    } else if !segment.flags.contains(.rst), segment.flags.contains(.ack),
      client.marks.contains(.synSent), client.marks.contains(.establishedConfirmed)
    {
      if opening == .none { opening = .handshake }
      completionTime = segment.time
      if answerTime != .epoch {
        clientRoundTrip = max(1, segment.time.nanoseconds(since: server.lastTime))
      }
    }
    if client.marks.contains(.simultaneous), !client.marks.contains(.finSent),
      server.marks.contains(.synSent)
    {
      opening = .simultaneous
    }
    if traits.contains(.isSelf) { opening = .self }
  }

  private mutating func observeClosing(
    _ segment: Segment, sender: Side, _ annotations: SegmentAnnotations
  ) {
    if activeCloser != .none, segment.payloadLength > 0,
      self[sender.peer].marks.contains(.finSent)
    {
      traits.insert(.dataAfterFIN)
    }
    guard !segment.flags.isDisjoint(with: [.fin, .rst]) else { return }
    if segment.flags.contains(.fin),
      self[sender].marks.contains(.closedSecond) || self[sender.peer].marks.contains(.closedSecond)
    {
      // The first FIN may pass after its answer, or not at all.
      let first = self[sender].marks.contains(.closedSecond) ? sender.peer : sender
      activeCloser = first == .client ? .client : .server
    } else if activeCloser == .none {
      if segment.flags.contains(.rst), annotations.contains(.doubtfulReset) { return }
      activeCloser = sender == .client ? .client : .server
    } else if segment.flags.contains(.fin), client.marks.contains(.finSent),
      server.marks.contains(.finSent), self[sender].marks.contains(.finSent),
      !self[sender].marks.contains(.closedSecond), self[sender].state == .closing
    {
      activeCloser = .both
    }
  }
}

extension Endpoint {
  /// Keeps what the next steps compare with: the highest numbers, the newest timestamp, and the last
  /// window, of a late segment too (RFC 9293 §3.10.7.4, fifth check, has SND.WL1 and SND.WL2 to skip it).
  mutating func note(_ segment: Segment) {
    let end = SequenceNumber(segment.sequence) + segment.sequenceLength
    let isReset = segment.flags.contains(.rst)
    if !isReset {
      if sendNext.precedes(end) { sendNext = end }
      window = UInt32(segment.window)
      if !segment.flags.contains(.syn) { window <<= UInt32(windowShift) }
      if window == 0 { marks.insert(.zeroWindow) } else { marks.remove(.zeroWindow) }
    }
    if segment.hasTimestamps {
      let value = TimestampValue(segment.timestampValue)
      if firstTimestampTime == .epoch, value == firstTimestamp {
        firstTimestampTime = segment.time
        newestTimestampTime = segment.time
      }
      if newestTimestamp.precedes(value) {
        newestTimestamp = value
        newestTimestampTime = segment.time
      }
      lastEcho = TimestampValue(segment.timestampEchoReply)
    }
    if !marks.contains(.seen) {
      marks.insert(.seen)
      hopLimit = segment.hopLimit
    } else if !isReset, hopLimit != segment.hopLimit {
      marks.insert(.varyingHopLimit)
    }
    if segment.options.contains(.multipath) { marks.insert(.multipath) }
    lastTime = segment.time
    lastFrame = segment.frame
  }

  /// Counts a frame of this endpoint, whatever becomes of it.
  mutating func count(_ segment: Segment) {
    packets &+= 1
    bytes &+= UInt64(segment.packetLength)
    payloadBytes &+= UInt64(segment.payloadLength)
    guard !segment.flags.isDisjoint(with: [.syn, .fin, .rst]) else { return }
    if segment.flags.contains(.syn) { synCount.countUp() }
    if segment.flags.contains(.fin) { finCount.countUp() }
    if segment.flags.contains(.rst) { rstCount.countUp() }
  }
}
