import PacketDecoding

/// Places to be looked at when their time comes, by whole seconds. A place is in the wheel once;
/// times beyond its reach are looked at early and scheduled again.
struct TimerWheel {
  private static let slotCount: Int64 = 512
  private var slots = [[UInt32]](repeating: [], count: Int(TimerWheel.slotCount))
  /// The second up to which everything has been handed out; nil before the first use.
  private var hand: Int64? {
    didSet { nextTime = TimerWheel.start(of: (hand ?? 0) + 1) }
  }
  /// When the second after the hand's begins.
  private var nextTime = CaptureTime(nanoseconds: .max)
  /// Places due, last one first.
  private var due: [UInt32] = []

  private static func second(of time: CaptureTime) -> Int64 {
    let (quotient, remainder) = time.nanoseconds.quotientAndRemainder(dividingBy: Timers.second)
    return remainder < 0 ? quotient - 1 : quotient
  }

  private static func slot(_ second: Int64) -> Int {
    let remainder = second % slotCount
    return Int(remainder < 0 ? remainder + slotCount : remainder)
  }

  /// Puts a place into the slot after `time`.
  mutating func schedule(_ place: UInt32, at time: CaptureTime) {
    let first = hand ?? TimerWheel.second(of: time)
    hand = first
    let wanted = TimerWheel.second(of: time) + 1
    let second = min(max(wanted, first + 1), first + TimerWheel.slotCount - 1)
    slots[TimerWheel.slot(second)].append(place)
  }

  /// The moment up to which everything has been handed out.
  var time: CaptureTime { TimerWheel.start(of: hand ?? 0) }

  private static func start(of second: Int64) -> CaptureTime {
    let (product, overflow) = second.multipliedReportingOverflow(by: Timers.second)
    return CaptureTime(nanoseconds: overflow ? (second < 0 ? .min : .max) : product)
  }

  /// Whether `next(upTo:)` has anything to look at.
  @inline(__always)
  func isDue(at time: CaptureTime) -> Bool {
    time >= nextTime || !due.isEmpty
  }

  /// The next place whose slot lies at or before `time`, or nil.
  mutating func next(upTo time: CaptureTime) -> UInt32? {
    if let place = due.popLast() { return place }
    guard let hand else { return nil }
    let target = TimerWheel.second(of: time)
    guard hand < target else { return nil }
    // However far the clock jumps, one round visits every slot.
    var second = max(hand, target - TimerWheel.slotCount)
    while second < target {
      second += 1
      self.hand = second
      let slot = TimerWheel.slot(second)
      if !slots[slot].isEmpty {
        swap(&due, &slots[slot])
        slots[slot].removeAll(keepingCapacity: true)
        due.reverse()
        return due.popLast()
      }
    }
    return nil
  }

  /// Every place in the wheel, in no particular order.
  var places: some Sequence<UInt32> { [slots.joined(), [due].joined()].joined() }

  /// Takes out every place, as near to the order of their times as the wheel knows it.
  mutating func removeAll() -> [UInt32] {
    var places = [UInt32](due.reversed())
    due = []
    for offset in 1...TimerWheel.slotCount {
      let slot = TimerWheel.slot((hand ?? 0) &+ offset)
      if slots[slot].isEmpty { continue }
      places += slots[slot]
      slots[slot] = []
    }
    return places
  }
}
