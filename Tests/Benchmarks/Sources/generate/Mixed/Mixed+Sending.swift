extension Mixed {
  /// Builds a segment of an end and puts it on the wire.
  mutating func send(
    _ pair: Int, _ side: Int, _ flags: Packet.Flags, sequence: UInt32? = nil, payload: Int = 0
  ) {
    guard pairs[pair].ends[side].isAlive else { return }
    var end = pairs[pair].ends[side]
    var packet = address(pair, side)
    packet.flags = flags
    packet.sequence = sequence ?? end.next
    packet.acknowledgment = flags.contains(.ack) ? end.receiveNext : 0
    packet.payload = payload
    packet.window = flags.contains(.rst) ? 0 : end.window
    if flags.contains(.syn) {
      packet.window = 64_000
      packet.maximumSegment = UInt16(end.maximumSegment)
      packet.windowScale = end.scale
      packet.permitsSACK = end.usesSACK
    }
    if end.usesTimestamps, !flags.contains(.rst) {
      packet.timestamp = clock(end)
      packet.timestampEcho = flags.contains(.ack) ? end.recent : 0
    }
    if let ahead = end.ahead, end.usesSACK, flags == .ack {
      packet.sacks.0 = ahead.0
      packet.sacks.1 = ahead.1
      packet.sackCount = 1
    }
    end.identification &+= 1
    packet.identification = end.identification
    let last = packet.sequence &+ packet.length
    if distance(last, end.highest) > 0 { end.highest = last }
    if flags.contains(.ack) { end.owesAck = false }
    pairs[pair].ends[side] = end
    transmit(packet, from: side, pair)
  }

  private func address(_ pair: Int, _ side: Int) -> Packet {
    var packet = Packet()
    packet.isIPv6 = pairs[pair].isIPv6
    packet.source = pairs[pair].hosts[side]
    packet.destination = pairs[pair].hosts[1 - side]
    packet.sourcePort = pairs[pair].ports[side]
    packet.destinationPort = pairs[pair].ports[1 - side]
    packet.timeToLive = pairs[pair].ends[side].timeToLive
    return packet
  }

  private func clock(_ end: End) -> UInt32 {
    UInt32(truncatingIfNeeded: now / Moment.millisecond) &+ end.clockOffset | 1
  }

  /// Answers a segment that nobody waits for.
  mutating func refuse(_ packet: Packet, _ pair: Int, _ side: Int) {
    guard pairs[pair].ends[side].isAlive, !packet.flags.contains(.rst) else { return }
    var answer = address(pair, side)
    if packet.flags.contains(.ack) {
      answer.flags = .rst
      answer.sequence = packet.acknowledgment
    } else {
      answer.flags = [.rst, .ack]
      answer.acknowledgment = packet.sequence &+ packet.length
    }
    transmit(answer, from: side, pair)
  }

  /// Somebody on the path sends in a host's name.
  mutating func forge(_ pair: Int, as side: Int, _ flags: Packet.Flags) {
    let (end, peer) = (pairs[pair].ends[side], pairs[pair].ends[1 - side])
    var packet = address(pair, side)
    packet.flags = flags
    packet.timeToLive = UInt8(random.one(of: [64, 41, 250]))
    packet.sequence =
      random.one(of: [peer.receiveNext, end.next, peer.receiveNext &+ 1000, end.initial])
      &+ (random.happens(200) ? random.word() : 0)
    packet.acknowledgment = flags.contains(.ack) ? end.receiveNext : 0
    packet.window = 1000
    packet.payload = random.happens(200) && !flags.contains(.rst) ? random.below(600) : 0
    if end.usesTimestamps, random.happens(500) {
      packet.timestamp = random.happens(500) ? clock(end) : random.word() | 1
      packet.timestampEcho = end.recent
    }
    transmit(packet, from: side, pair)
  }

  /// Sends what an end has to send: data as far as the window goes, then its FIN.
  mutating func pump(_ pair: Int, _ side: Int) {
    var end = pairs[pair].ends[side]
    guard end.mayWrite || end.state == .synReceived else { return }
    guard end.state != .synReceived else { return }
    while end.written > 0 {
      let flying = distance(end.next, end.unacknowledged)
      let most = end.maximumSegment * (end.oversizes ? 3 : 1)
      let room = min(end.peerWindow - flying, 10 * end.maximumSegment - flying)
      let size = min(end.written, most, room)
      guard size > 0 else { break }
      let isLast = size == end.written
      let carriesFIN = isLast && end.wantsToClose && random.happens(300)
      var flags: Packet.Flags = isLast ? [.psh, .ack] : .ack
      if carriesFIN { flags.insert(.fin) }
      send(pair, side, flags, payload: size)
      end = pairs[pair].ends[side]
      end.next &+= UInt32(size) &+ (carriesFIN ? 1 : 0)
      end.written -= size
      if carriesFIN { Mixed.close(&end) }
      pairs[pair].ends[side] = end
    }
    if end.written == 0, end.wantsToClose, !end.sentFIN {
      send(pair, side, [.fin, .ack])
      end = pairs[pair].ends[side]
      end.next &+= 1
      Mixed.close(&end)
      pairs[pair].ends[side] = end
    }
    if end.next != end.unacknowledged || end.written > 0 { setTimer(pair, side) }
  }

  private static func close(_ end: inout End) {
    end.sentFIN = true
    end.state = end.state == .established ? .finWait1 : .lastAck
  }

  /// Sets an end's only timer, for what its state waits for.
  mutating func setTimer(_ pair: Int, _ side: Int) {
    let end = pairs[pair].ends[side]
    let delay: Int64
    switch end.state {
    case .closed, .listen: return
    case .timeWait: delay = 60 * Moment.second
    case .finWait2: delay = 60 * Moment.second
    case .synSent, .synReceived: delay = Moment.second << Int64(min(end.retries, 6))
    default:
      if end.next != end.unacknowledged || end.written > 0 {
        delay = (200 * Moment.millisecond) << Int64(min(end.retries, 9))
      } else if end.keepsAlive {
        delay = end.retries == 0 ? 20 * Moment.second : 5 * Moment.second
      } else {
        return
      }
    }
    pairs[pair].ends[side].timer &+= 1
    schedule(.timer(side, pairs[pair].ends[side].timer), pair, after: delay)
  }

  /// A timer has run out.
  mutating func expire(_ pair: Int, _ side: Int, _ generation: UInt32) {
    let end = pairs[pair].ends[side]
    guard end.timer == generation, end.isAlive else { return }
    switch end.state {
    case .closed, .listen: return
    case .timeWait, .finWait2:
      pairs[pair].ends[side].state = .closed
      return
    default: break
    }
    guard end.retries < end.mostRetries else {
      if end.state == .established, random.happens(500) { send(pair, side, [.rst, .ack]) }
      pairs[pair].ends[side].state = .closed
      return
    }
    pairs[pair].ends[side].retries += 1
    sendAgain(pair, side)
    setTimer(pair, side)
  }

  /// Sends the oldest that was not acknowledged, or asks whether the peer is there.
  mutating func sendAgain(_ pair: Int, _ side: Int) {
    let end = pairs[pair].ends[side]
    switch end.state {
    case .closed, .listen, .timeWait, .finWait2: return
    case .synSent: send(pair, side, .syn, sequence: end.initial)
    case .synReceived: send(pair, side, [.syn, .ack], sequence: end.initial)
    default:
      let outstanding = distance(end.next, end.unacknowledged) - (end.sentFIN ? 1 : 0)
      if outstanding > 0 {
        let size = min(outstanding, end.maximumSegment)
        let reachesFIN = end.sentFIN && size == outstanding && random.happens(500)
        send(
          pair, side, reachesFIN ? [.fin, .psh, .ack] : [.psh, .ack],
          sequence: end.unacknowledged, payload: size)
      } else if end.sentFIN, end.next != end.unacknowledged {
        send(pair, side, [.fin, .ack], sequence: end.unacknowledged)
      } else {
        // A probe of a closed window, or of a silent peer.
        send(pair, side, .ack, sequence: end.next &- 1)
      }
    }
  }
}
