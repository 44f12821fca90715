/// What a process, a host or somebody on the path does.
enum Action {
  case connect
  case write(Int)
  case close
  case abort
  case stopReading
  case readOn
  /// The host is gone: nothing is answered any more.
  case vanish
  /// The host is back and knows nothing.
  case reboot
  /// `connect` from the same port, whatever became of the old connection.
  case reopen
  case forge(Packet.Flags)
  /// A delayed acknowledgment.
  case acknowledge
}

extension Mixed {
  /// Writes down what will happen on a connection.
  mutating func plan(_ pair: Int, start: Int64) {
    func after(_ delay: Int64, _ side: Int, _ action: Action) {
      schedule(.action(side, action), pair, after: start - now + delay)
    }
    after(0, 0, .connect)
    if random.happens(20) {
      after(pairs[pair].delays[0] / Int64(random.within(1...3)), 1, .connect)
    }
    var time: Int64 = 0
    for _ in 0..<random.below(6) {
      time += pause()
      after(time, random.below(2), .write(random.one(of: [1, 100, 600, 600, 4000, 30_000])))
    }
    if random.happens(80) {
      let side = random.below(2)
      after(time / 2, side, .stopReading)
      if random.happens(700) { after(time + pause(), side, .readOn) }
    }
    time += pause()
    let closer = random.below(2)
    switch random.below(20) {
    case 0: break
    case 1: after(time, closer, .abort)
    case 2:
      after(time, closer, .vanish)
      if random.happens(600) { after(time + pause(), closer, .reboot) }
      after(time + pause(), 1 - closer, .write(500))
      after(time + 2 * pause(), 1 - closer, .close)
    case 3:
      after(time, 0, .close)
      after(time + Int64(random.below(1000)) * 1000, 1, .close)
    case 4:
      after(time, closer, .close)
      after(time + pause(), 1 - closer, .write(3000))
      after(time + pause(), 1 - closer, random.happens(500) ? .abort : .close)
    case 5:
      after(time, closer, .close)
      after(time, closer, .stopReading)
      after(time + pause(), 1 - closer, .write(100))
    case 6: after(time, closer, .close)
    default:
      after(time, closer, .close)
      let crossing = pairs[pair].delays[0] + pairs[pair].delays[1] + 100_000
      after(time + crossing + (random.happens(700) ? 0 : pause()), 1 - closer, .close)
    }
    if random.happens(100) {
      for _ in 0..<random.within(1...4) {
        let flags = random.one(
          of: [
            .rst, [.rst, .ack], .syn, [.syn, .ack], .ack, [.fin, .ack], [.psh, .ack], [],
            [.syn, .fin],
          ] as [Packet.Flags])
        after(Int64(random.below(Int(time) + 1_000_000)), random.below(2), .forge(flags))
      }
    }
    var again = time
    while random.happens(250) {
      again += random.one(of: [1, 10, 200, 3000, 30_000, 61_000, 130_000]) * Moment.millisecond
      after(again, 0, .reopen)
      after(again + pause(), random.below(2), .write(700))
      again += 2 * pause()
      after(again, closer, random.happens(900) ? .close : .abort)
      after(again + 200_000, 1 - closer, .close)
    }
  }

  /// A time between two doings: mostly short, at times longer than any timer.
  private mutating func pause() -> Int64 {
    let most = random.one(of: [1, 10, 10, 100, 100, 1000, 1000, 10_000, 70_000, 150_000])
    return Int64(random.within(1...most)) * Moment.millisecond
      + Int64(random.below(1_000_000))
  }

  /// Does it, where the end's state allows.
  mutating func act(_ pair: Int, _ side: Int, _ action: Action) {
    let end = pairs[pair].ends[side]
    switch action {
    case .connect:
      guard end.isAlive, end.state == .closed || end.state == .listen else { return }
      call(pair, side)
    case .reopen:
      guard end.isAlive else { return }
      pairs[pair].ends[side].restart(&random)
      call(pair, side)
    case .write(let count):
      guard end.isAlive, end.mayWrite || end.state == .synReceived || end.state == .synSent
      else { return }
      pairs[pair].ends[side].written += count
      pump(pair, side)
    case .close:
      guard end.isAlive else { return }
      switch end.state {
      case .synSent: pairs[pair].ends[side].state = .closed
      case .established, .closeWait, .synReceived:
        pairs[pair].ends[side].wantsToClose = true
        pump(pair, side)
      default: break
      }
    case .abort:
      guard end.isAlive, end.isSynchronized, end.state != .timeWait else { return }
      send(pair, side, [.rst, .ack])
      pairs[pair].ends[side].state = .closed
    case .stopReading: pairs[pair].ends[side].reads = false
    case .readOn:
      pairs[pair].ends[side].reads = true
      pairs[pair].ends[side].unread = 0
      if end.isSynchronized { send(pair, side, .ack) }
    case .vanish: pairs[pair].ends[side].isAlive = false
    case .reboot:
      pairs[pair].ends[side].isAlive = true
      pairs[pair].ends[side].state = .closed
    case .forge(let flags): forge(pair, as: side, flags)
    case .acknowledge:
      if end.owesAck, end.isSynchronized { send(pair, side, .ack) }
    }
  }

  private mutating func call(_ pair: Int, _ side: Int) {
    var end = pairs[pair].ends[side]
    end.state = .synSent
    end.unacknowledged = end.initial
    end.next = end.initial &+ 1
    end.highest = end.next
    end.receiveNext = 0
    pairs[pair].ends[side] = end
    send(pair, side, .syn, sequence: end.initial)
    setTimer(pair, side)
  }
}
