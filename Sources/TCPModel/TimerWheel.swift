import PacketDecoding

/// Places to be looked at when their time comes, by whole seconds. A place is in the wheel once;
/// times beyond its reach are looked at early and scheduled again.
struct TimerWheel: ~Copyable {
  private static let slotCount: Int64 = 512
  /// The first and the last piece of each slot, 0 for none.
  private var slots = InlineArray<512, Slot>(repeating: Slot())
  private var pieces = Slab(placeholder: WheelPiece())
  /// How many places there are.
  private(set) var count = 0
  /// The second up to which everything has been handed out; nil before the first use.
  private var hand: Int64? {
    didSet {
      nextTime = TimerWheel.start(of: (hand ?? 0) + 1)
      common = Common()
    }
  }
  /// Where the last place went, unless the hand has moved since.
  private var common = Common()
  /// When the second after the hand's begins.
  private var nextTime = CaptureTime(nanoseconds: .max)
  /// The piece with the next place that is due, 0 if none is, and where it is in it.
  private var due: UInt32 = 0
  private var position = 0

  private struct Slot: BitwiseCopyable {
    var first: UInt32 = 0
    var last: UInt32 = 0
  }

  /// The times that go into a slot: `start` and before `end`.
  private struct Common: BitwiseCopyable {
    var start = CaptureTime.epoch
    var end = CaptureTime.epoch
    var slot = 0
  }

  private static func second(of time: CaptureTime) -> Int64 {
    let (quotient, remainder) = time.nanoseconds.quotientAndRemainder(dividingBy: Timers.second)
    return remainder < 0 ? quotient - 1 : quotient
  }

  private static func slot(_ second: Int64) -> Int {
    let remainder = second % slotCount
    return Int(remainder < 0 ? remainder + slotCount : remainder)
  }

  /// Sets the hand as scheduling a first place at `time` does.
  mutating func begin(at time: CaptureTime) {
    if hand == nil { hand = TimerWheel.second(of: time) }
  }

  /// Puts a place into the slot after `time`.
  @inline(__always)
  mutating func schedule(_ place: UInt32, at time: CaptureTime) {
    // Most come in the same second as the one before.
    if time >= common.start, time < common.end {
      add(place, common.slot)
    } else {
      scheduleAnew(place, at: time)
    }
  }

  @inline(never)
  private mutating func scheduleAnew(_ place: UInt32, at time: CaptureTime) {
    let wanted = TimerWheel.second(of: time) + 1
    begin(at: time)
    let first = hand ?? 0
    let second = min(max(wanted, first + 1), first + TimerWheel.slotCount - 1)
    let slot = TimerWheel.slot(second)
    if second == wanted {
      common = Common(
        start: TimerWheel.start(of: second - 1), end: TimerWheel.start(of: second), slot: slot)
    }
    add(place, slot)
  }

  @inline(__always)
  private mutating func add(_ place: UInt32, _ slot: Int) {
    count &+= 1
    var last = slots[slot].last
    if last == 0 || pieces[last].count == WheelPiece.capacity {
      let piece = pieces.insert(WheelPiece())
      if last == 0 { slots[slot].first = piece } else { pieces[last].next = piece }
      slots[slot].last = piece
      last = piece
    }
    let index = Int(pieces[last].count)
    pieces[last].places[index] = place
    pieces[last].count &+= 1
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
    time >= nextTime || due != 0
  }

  /// The next place whose slot lies at or before `time`, or nil.
  mutating func next(upTo time: CaptureTime) -> UInt32? {
    if due != 0 { return takeDue() }
    guard let hand else { return nil }
    let target = TimerWheel.second(of: time)
    guard hand < target else { return nil }
    // However far the clock jumps, one round visits every slot.
    var second = max(hand, target - TimerWheel.slotCount)
    while second < target {
      second += 1
      self.hand = second
      let slot = TimerWheel.slot(second)
      if slots[slot].first != 0 {
        due = slots[slot].first
        slots[slot] = Slot()
        return takeDue()
      }
    }
    return nil
  }

  private mutating func takeDue() -> UInt32 {
    let place = pieces[due].places[position]
    position += 1
    count &-= 1
    if position == Int(pieces[due].count) {
      let next = pieces[due].next
      pieces.remove(due)
      due = next
      position = 0
    }
    return place
  }

  /// Every place in the wheel, as near to the order of their times as the wheel knows it.
  func places() -> [UInt32] {
    var places: [UInt32] = []
    places.reserveCapacity(count)
    forEach { places.append($0) }
    return places
  }

  private func forEach(_ body: (UInt32) -> Void) {
    forEach(of: due, from: position, body)
    for offset in 1...TimerWheel.slotCount {
      forEach(of: slots[TimerWheel.slot((hand ?? 0) &+ offset)].first, from: 0, body)
    }
  }

  private func forEach(of first: UInt32, from position: Int, _ body: (UInt32) -> Void) {
    var piece = first
    var index = position
    while piece != 0 {
      while index < Int(pieces[piece].count) {
        body(pieces[piece].places[index])
        index += 1
      }
      index = 0
      piece = pieces[piece].next
    }
  }

  /// Takes out every place, in that order.
  mutating func removeAll() -> [UInt32] {
    let places = places()
    forgetAll()
    return places
  }

  /// The same, to the end of a queue.
  mutating func removeAll(into queue: inout PlaceQueue) {
    forEach { queue.append($0) }
    forgetAll()
  }

  /// Takes over every place of another wheel whose hand stands where this one's does.
  ///
  /// - Parameter translate: Where what was at a place is now.
  mutating func takeOver(_ other: borrowing TimerWheel, _ translate: (UInt32) -> UInt32) {
    assert(other.due == 0 && (hand == other.hand || other.count == 0))
    for slot in 0..<Int(TimerWheel.slotCount) {
      other.forEach(of: other.slots[slot].first, from: 0) { add(translate($0), slot) }
    }
  }

  private mutating func forgetAll() {
    slots = InlineArray(repeating: Slot())
    pieces.removeAll()
    due = 0
    position = 0
    count = 0
  }
}

/// Some places of a slot of the wheel: two cache lines. Not nested, nor private: see `PoolNode`.
struct WheelPiece: BitwiseCopyable {
  var places = InlineArray<30, UInt32>(repeating: 0)
  var count: UInt32 = 0
  var next: UInt32 = 0

  static let capacity: UInt32 = 30
}
