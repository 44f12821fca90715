import PacketDecoding

extension Connection {
  /// Counts a frame of this connection and decides whether it can have reached anybody. What was
  /// noticed goes into `effects`. Returns whether it may step.
  mutating func admit(_ segment: Segment, side: Side, _ effects: inout StepEffects) -> Bool {
    let idle = segment.time.nanoseconds(since: lastTime)
    if idle > longestIdle { longestIdle = idle }
    if idle > Connection.noteworthyIdle {
      effects.annotations.insert(.afterIdle)
      silences.end(
        idle, by: side, peer: side == .client ? server.lastFrame : client.lastFrame,
        in: segment.frame)
    }
    lastFrame = segment.frame
    if lastTime < segment.time { lastTime = segment.time }

    return side == .client
      ? Connection.admit(segment, sender: &client, receiver: &server, &effects)
      : Connection.admit(segment, sender: &server, receiver: &client, &effects)
  }

  private static func admit(
    _ segment: Segment, sender: inout Endpoint, receiver: inout Endpoint,
    _ effects: inout StepEffects
  ) -> Bool {
    sender.count(segment)
    if sender.hasJustSent(segment, peer: receiver.lastFrame) {
      effects.annotations.insert(.captureDuplicate)
      return false
    }
    // RFC 9293 §3.1, Checksum: the receiver drops what fails it.
    if segment.checksum == .valid {
      sender.marks.insert(.validChecksum)
    } else if segment.checksum == .invalid, sender.marks.contains(.validChecksum) {
      effects.annotations.insert(.invalidChecksum)
      return false
    }
    notice(segment, sender: &sender, receiver: &receiver, &effects)
    if sender.marks.contains(.challenged) {
      // An end that received what it must not take answers by a pure ACK (RFC 5961 §3.2, §4.2).
      if segment.sequenceLength == 0, segment.flags.contains(.ack), !segment.flags.contains(.rst) {
        effects.annotations.insert(.challenge)
      }
      sender.marks.remove(.challenged)
    }
    // RFC 7323 §5.3, R1: before the sequence number is looked at.
    return !effects.annotations.contains(.oldTimestamp)
  }

  /// Lets both ends have a segment of which no history is wanted.
  mutating func takeUnrecorded(
    _ segment: Segment, sender side: Side, _ effects: inout StepEffects
  ) {
    effects.annotations = []
    if admit(segment, side: side, &effects) { step(segment, sender: side, &effects) }
    if !effects.annotations.isEmpty { tally(effects.annotations, sender: side) }
    for change in effects.changes {
      if case .transition(let transition) = change, transition.evidence == .received {
        setUnconfirmed(transition.endpoint, true)
      }
    }
  }

  /// Silence after which a segment is kept in the history for its own sake, nanoseconds.
  static let noteworthyIdle: Int64 = Timers.second

  /// The new incarnation sees how an end answers out of the older one.
  mutating func meetOlder(_ segment: Segment, sender side: Side) {
    lastFrame = segment.frame
    if lastTime < segment.time { lastTime = segment.time }
  }

  /// One side holds nothing of this incarnation any more: it calls anew, or answers a new call.
  mutating func release(_ side: Side, _ segment: Segment, _ effects: inout StepEffects) {
    let context = StepContext(
      sender: side, time: segment.time, frame: segment.frame, senderRoundTrip: 0)
    if side == .client {
      client.release(side, segment, context, &effects)
    } else if !traits.contains(.isSelf) {
      server.release(side, segment, context, &effects)
    }
    if !effects.changes.isEmpty { lastFrame = segment.frame }
  }

  /// The end whose SYN began this incarnation goes on with the older one: it never sent that SYN.
  mutating func withdraw(_ side: Side, _ segment: Segment, _ effects: inout StepEffects) {
    let context = StepContext(
      sender: side, time: segment.time, frame: segment.frame, senderRoundTrip: 0)
    guard self[side].state == .synSent else { return }
    if side == .client {
      client.takeBack(to: .closed, side: side, context, &effects)
    } else {
      server.takeBack(to: .closed, side: side, context, &effects)
    }
  }

  func unconfirmed(_ side: Side) -> Bool {
    traits.contains(side == .client ? .clientUnconfirmed : .serverUnconfirmed)
  }

  /// Whether a segment of a side may confirm a transition of it that somebody asks about.
  ///
  /// - Parameter all: Whether somebody asks about all; else only where something went wrong.
  @inline(__always)
  func confirms(_ side: Side, _ all: Bool) -> Bool {
    unconfirmed(side) && (all || !noticed.isDisjoint(with: .repeated.union(.revokes)))
  }

  mutating func setUnconfirmed(_ side: Side, _ value: Bool) {
    let trait: ConnectionTraits = side == .client ? .clientUnconfirmed : .serverUnconfirmed
    if value { traits.insert(trait) } else { traits.remove(trait) }
  }
}

extension ConnectionTraits {
  /// Some `received` transition of the client is neither confirmed nor revoked.
  static let clientUnconfirmed = ConnectionTraits(rawValue: 1 << 14)
  static let serverUnconfirmed = ConnectionTraits(rawValue: 1 << 15)
  /// Either of them: which says nothing about the connection itself.
  package static let unsettledEvidence: ConnectionTraits = [.clientUnconfirmed, .serverUnconfirmed]
}

extension Endpoint {
  /// Gives up what is left of an incarnation whose 4-tuple is in use again.
  fileprivate mutating func release(
    _ side: Side, _ segment: Segment, _ context: StepContext, _ effects: inout StepEffects
  ) {
    switch state {
    case .closed:
      break
    case .listen:
      break
    case .timeWait where segment.flags.contains(.ack):
      // RFC 9293 §3.6.1, RFC 6191 §2: an acceptable SYN takes the 4-tuple out of TIME-WAIT.
      move(to: .closed, .received, side: side, context, &effects)
    case .timeWait where segment.hasTimestamps && segment.timestampEchoReply != 0:
      // Linux `tcp_tw_reuse`: the SYN echoes the old connection's timestamp.
      move(to: .closed, .sent, side: side, context, &effects)
    case .timeWait:
      // A held TIME-WAIT would have kept the port from being bound again: there was none.
      takeBack(
        to: marks.contains(.simultaneous) ? .closing : .finWait2, side: side, context, &effects)
      move(to: .closed, .assumed, side: side, context, &effects)
    case .synSent, .synReceived, .established, .finWait1, .finWait2, .closeWait, .closing,
      .lastAck:
      stateBeforeReset = state
      marks.insert(.released)
      move(to: .closed, .assumed, side: side, context, &effects)
    }
  }

  /// Compares a frame with the last four of this endpoint and remembers it.
  ///
  /// - Parameter peer: The frame of the peer's last segment.
  fileprivate mutating func hasJustSent(_ segment: Segment, peer: UInt64) -> Bool {
    let identity = Endpoint.identity(segment)
    var found = false
    for index in 0..<4 where recentSegments[index] == identity { found = true }
    if found {
      let age = segment.time.nanoseconds(since: lastTime)
      // Hosts number their packets: the same number again is the same packet. Where they do not,
      // only what follows at once, and could not be an answer of its own, counts.
      if segment.identification != 0 {
        if age < Timers.second { return true }
      } else if age < Endpoint.duplicateTime,
        segment.hopLimit != hopLimit || (segment.sequenceLength > 0 && peer < lastFrame)
      {
        return true
      }
    }
    remember(identity)
    return false
  }

  @inline(__always)
  mutating func remember(_ identity: UInt32) {
    recentSegments[3] = recentSegments[2]
    recentSegments[2] = recentSegments[1]
    recentSegments[1] = recentSegments[0]
    recentSegments[0] = identity
  }

  /// How soon after its original a copy of a frame passes, nanoseconds.
  private static let duplicateTime: Int64 = 20_000_000

  /// A hash of what makes one segment of an endpoint differ from another; never 0.
  @inline(__always)
  static func identity(_ segment: Segment) -> UInt32 {
    let sack = segment.sackCount > 0 ? UInt64(segment.sackBlocks[0].left) : 0
    return fold(plainHash(segment) &+ sack &* 0xd6e8_feb8_6659_fd93)
  }

  /// The same of a segment without SACK.
  @inline(__always)
  static func plainIdentity(_ segment: Segment) -> UInt32 { fold(plainHash(segment)) }

  // The products wait for nothing but their words; the upper half of their sum depends on every bit.

  @inline(__always)
  private static func plainHash(_ segment: Segment) -> UInt64 {
    let numbers = UInt64(segment.sequence) << 32 | UInt64(segment.acknowledgment)
    let timestamps = UInt64(segment.timestampValue) << 32 | UInt64(segment.timestampEchoReply)
    var rest = UInt64(segment.identification) << 48 | UInt64(segment.window) << 32
    rest ^= UInt64(segment.payloadLength) << 12 | UInt64(segment.flags.rawValue)
    return numbers &* 0xbf58_476d_1ce4_e5b9 &+ timestamps &* 0x94d0_49bb_1331_11eb
      &+ rest &* 0x9e37_79b9_7f4a_7c15
  }

  @inline(__always)
  private static func fold(_ hash: UInt64) -> UInt32 {
    UInt32(truncatingIfNeeded: hash >> 32) | 1
  }
}

extension Transition {
  /// Whether a segment of the endpoint shows that it received what moved it.
  func isProved(by segment: Segment) -> Bool {
    if to == .established { return true }
    if proof.hasLength { return proof.end.precedesOrEquals(SequenceNumber(segment.acknowledgment)) }
    guard proof.timestamp.rawValue != 0, segment.hasTimestamps else { return false }
    return !TimestampValue(segment.timestampEchoReply).precedes(proof.timestamp)
  }
}
