extension Mixed {
  /// A segment arrives at an end.
  mutating func arrive(_ packet: Packet, at side: Int, _ pair: Int) {
    let end = pairs[pair].ends[side]
    guard end.isAlive else { return }
    if pairs[pair].ignoring > 0, side == 1, end.state == .synReceived || end.state == .listen {
      pairs[pair].ignoring -= 1
      return
    }
    switch end.state {
    case .closed where side == 1 && packet.flags == .syn: listen(packet, pair, side)
    case .listen: listen(packet, pair, side)
    case .closed: refuse(packet, pair, side)
    case .synSent: answerCall(packet, pair, side)
    default: synchronized(packet, pair, side)
    }
  }

  private mutating func listen(_ packet: Packet, _ pair: Int, _ side: Int) {
    if packet.flags.contains(.rst) { return }
    guard packet.flags.contains(.syn), !packet.flags.contains(.ack) else {
      refuse(packet, pair, side)
      return
    }
    switch pairs[pair].answer {
    case .silence: return
    case .refuse:
      refuse(packet, pair, side)
      return
    default: break
    }
    if pairs[pair].ends[side].state != .listen || pairs[pair].ends[side].highest != 0 {
      pairs[pair].ends[side].restart(&random)
    }
    accept(packet, pair, side)
    pairs[pair].ends[side].state = .synReceived
    let end = pairs[pair].ends[side]
    pairs[pair].ends[side].next = end.initial &+ 1
    pairs[pair].ends[side].unacknowledged = end.initial
    switch pairs[pair].answer {
    case .wrongEcho where end.usesTimestamps:
      pairs[pair].ends[side].recent = random.word()
      send(pair, side, [.syn, .ack], sequence: end.initial)
      pairs[pair].ends[side].recent = packet.timestamp
    case .wrongAcknowledgment:
      pairs[pair].ends[side].receiveNext = random.word()
      send(pair, side, [.syn, .ack], sequence: end.initial)
      pairs[pair].ends[side].receiveNext = end.receiveNext
    default: send(pair, side, [.syn, .ack], sequence: end.initial)
    }
    setTimer(pair, side)
  }

  /// Takes the peer's SYN into account.
  private mutating func accept(_ packet: Packet, _ pair: Int, _ side: Int) {
    var end = pairs[pair].ends[side]
    end.receiveNext = packet.sequence &+ 1
    end.recent = packet.timestamp
    end.peerWindow = Int(packet.window)
    end.usesTimestamps = end.usesTimestamps && packet.timestamp != 0
    end.usesSACK = end.usesSACK && packet.permitsSACK
    if packet.windowScale == nil { end.scale = nil }
    if packet.maximumSegment != 0 {
      end.maximumSegment = min(end.maximumSegment, Int(packet.maximumSegment))
    }
    end.retries = 0
    pairs[pair].ends[side] = end
  }

  private mutating func answerCall(_ packet: Packet, _ pair: Int, _ side: Int) {
    let end = pairs[pair].ends[side]
    let acknowledges = packet.flags.contains(.ack)
    if acknowledges, packet.acknowledgment != end.next {
      refuse(packet, pair, side)
      return
    }
    if packet.flags.contains(.rst) {
      if acknowledges { pairs[pair].ends[side].state = .closed }
      return
    }
    guard packet.flags.contains(.syn) else { return }
    let recent = clockDistance(packet.timestampEcho, end)
    if acknowledges, end.usesTimestamps, packet.timestampEcho != 0, abs(recent) > 100_000 {
      refuse(packet, pair, side)
      return
    }
    accept(packet, pair, side)
    if acknowledges {
      pairs[pair].ends[side].unacknowledged = end.next
      pairs[pair].ends[side].state = .established
      send(pair, side, .ack)
      pump(pair, side)
    } else {
      pairs[pair].ends[side].state = .synReceived
      send(pair, side, [.syn, .ack], sequence: end.initial)
    }
    setTimer(pair, side)
  }

  /// How far an echoed timestamp is from an end's clock, milliseconds.
  private func clockDistance(_ echo: UInt32, _ end: End) -> Int {
    distance(
      echo, UInt32(truncatingIfNeeded: now / Moment.millisecond) &+ end.clockOffset)
  }

  private mutating func synchronized(_ packet: Packet, _ pair: Int, _ side: Int) {
    let end = pairs[pair].ends[side]
    if end.state == .timeWait, packet.flags == .syn {
      let isNewer =
        distance(packet.sequence, end.receiveNext) > 0
        || (end.usesTimestamps && distance(packet.timestamp, end.recent) > 0)
      if isNewer, side == 1 { listen(packet, pair, side) } else { send(pair, side, .ack) }
      return
    }
    let offset = distance(packet.sequence, end.receiveNext)
    let isInWindow =
      offset < 65_535 && offset + Int(packet.length) >= (packet.length == 0 ? 0 : 1)
    let isOld =
      end.usesTimestamps && packet.timestamp != 0 && distance(packet.timestamp, end.recent) < 0
    guard isInWindow, !(isOld && !packet.flags.contains(.rst)) else {
      if !packet.flags.contains(.rst) { send(pair, side, .ack) }
      if end.state == .timeWait { setTimer(pair, side) }
      return
    }
    if packet.flags.contains(.rst) {
      if offset == 0 {
        pairs[pair].ends[side].state = end.state == .synReceived && side == 1 ? .listen : .closed
      } else {
        send(pair, side, .ack)
      }
      return
    }
    if packet.flags.contains(.syn) {
      send(pair, side, .ack)
      if end.state != .synReceived { return }
    }
    guard packet.flags.contains(.ack) else { return }
    acknowledge(packet, pair, side)
    receive(packet, offset, pair, side)
    pump(pair, side)
  }

  private mutating func acknowledge(_ packet: Packet, _ pair: Int, _ side: Int) {
    var end = pairs[pair].ends[side]
    end.peerWindow = Int(packet.window) << Int(end.scale == nil ? 0 : peerScale(pair, side))
    let progress = distance(packet.acknowledgment, end.unacknowledged)
    guard progress >= 0, distance(packet.acknowledgment, end.highest) <= 0 else {
      pairs[pair].ends[side] = end
      if progress > 0 { send(pair, side, .ack) }
      return
    }
    if progress > 0 {
      end.unacknowledged = packet.acknowledgment
      end.retries = 0
      end.repeatedAcks = 0
    } else if packet.payload == 0, end.next != end.unacknowledged, end.state != .synReceived {
      end.repeatedAcks += 1
    } else {
      end.retries = 0
    }
    let ackedAll = end.unacknowledged == end.next
    switch end.state {
    case .synReceived where progress > 0: end.state = .established
    case .finWait1 where ackedAll: end.state = .finWait2
    case .closing where ackedAll: end.state = .timeWait
    case .lastAck where ackedAll: end.state = .closed
    default: break
    }
    pairs[pair].ends[side] = end
    if end.repeatedAcks == 3 { sendAgain(pair, side) }
    setTimer(pair, side)
  }

  private func peerScale(_ pair: Int, _ side: Int) -> UInt8 {
    pairs[pair].ends[1 - side].scale ?? 0
  }

  /// Takes data and FIN of an acceptable segment.
  private mutating func receive(_ packet: Packet, _ offset: Int, _ pair: Int, _ side: Int) {
    var end = pairs[pair].ends[side]
    guard packet.length > 0, !packet.flags.contains(.syn) else { return }
    let isOpen =
      end.state == .established || end.state == .finWait1 || end.state == .finWait2
    if offset > 0 {
      if packet.payload > 0 {
        end.ahead = (packet.sequence, packet.sequence &+ UInt32(packet.payload))
      }
      pairs[pair].ends[side] = end
      send(pair, side, .ack)
      return
    }
    guard isOpen else {
      send(pair, side, .ack)
      if end.state == .timeWait { setTimer(pair, side) }
      return
    }
    // The process has gone, and nobody takes the data.
    if packet.payload > 0, end.sentFIN, end.state == .finWait2, !end.reads {
      send(pair, side, .rst, sequence: end.next)
      pairs[pair].ends[side].state = .closed
      return
    }
    let fresh = packet.payload + offset
    if fresh > 0 {
      end.receiveNext &+= UInt32(fresh)
      if end.reads { end.unread = 0 } else { end.unread += fresh }
      if packet.timestamp != 0 { end.recent = packet.timestamp }
      if let ahead = end.ahead, distance(ahead.0, end.receiveNext) <= 0 {
        if distance(ahead.1, end.receiveNext) > 0 { end.receiveNext = ahead.1 }
        end.ahead = nil
      }
    }
    let finPlace = packet.sequence &+ UInt32(packet.payload)
    let finArrived = packet.flags.contains(.fin) && finPlace == end.receiveNext
    if finArrived {
      end.receiveNext &+= 1
      if packet.timestamp != 0 { end.recent = packet.timestamp }
      switch end.state {
      case .established: end.state = .closeWait
      case .finWait1: end.state = end.unacknowledged == end.next ? .timeWait : .closing
      case .finWait2: end.state = .timeWait
      default: break
      }
    }
    let waits = end.delaysAcks && !finArrived && !end.owesAck
    end.owesAck = waits
    pairs[pair].ends[side] = end
    if waits {
      schedule(.action(side, .acknowledge), pair, after: 40 * Moment.millisecond)
    } else {
      send(pair, side, .ack)
    }
    if finArrived { setTimer(pair, side) }
  }
}
