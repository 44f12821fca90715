import HeapModule
import SystemPackage

/// Two hosts per connection that speak TCP more or less well, a path that loses, repeats, delays and
/// spoils segments, and a point of capture on it that misses some. Events happen in order of time;
/// what passes the point of capture is written.
struct Mixed: ~Copyable {
  var output: CaptureOutput
  var random: Random
  var pairs: [Pair] = []
  var now: Int64 = 1_700_000_000_000_000_000
  private var events = Heap<Event>()
  private var scheduled = 0
  private let flaws: CaptureFlaws
  /// What the capture's clock is off by.
  private var clockOffset: Int64 = 0

  static func write(connections: Int, seed: UInt64, to descriptor: FileDescriptor) throws {
    var random = Random(seed: seed)
    let flaws = CaptureFlaws(&random)
    let output = CaptureOutput(descriptor: descriptor, snapLength: flaws.snapLength)
    var mixed = Mixed(output, random, flaws)
    try mixed.run(connections: connections)
    try mixed.output.close()
  }

  private init(_ output: consuming CaptureOutput, _ random: Random, _ flaws: CaptureFlaws) {
    self.output = output
    self.random = random
    self.flaws = flaws
  }

  private mutating func run(connections: Int) throws {
    let distance = random.one(of: [1, 20, 100]) * Moment.millisecond
    for number in 0..<connections {
      pairs.append(Pair(number: number, start: now, random: &random))
      plan(number, start: now + Int64(random.below(connections + 1)) * distance)
    }
    let end = now + Int64(connections) * distance + 300 * Moment.second
    while let event = events.popMin(), event.time < end {
      now = event.time
      try happen(event)
    }
  }

  private mutating func happen(_ event: Event) throws {
    switch event.kind {
    case .action(let side, let action): act(event.pair, side, action)
    case .timer(let side, let generation): expire(event.pair, side, generation)
    case .passing(let packet, let side): try pass(packet, from: side, event.pair)
    case .arrival(let packet, let side): arrive(packet, at: side, event.pair)
    }
  }

  mutating func schedule(_ kind: Event.Kind, _ pair: Int, after delay: Int64) {
    scheduled += 1
    events.insert(Event(time: now + delay, order: scheduled, pair: pair, kind: kind))
  }

  // MARK: - The path

  /// A host puts a segment on the wire.
  mutating func transmit(_ packet: Packet, from side: Int, _ pair: Int) {
    guard !random.happens(pairs[pair].lossBefore) else { return }
    var delay = pairs[pair].delays[side]
    if random.happens(pairs[pair].reordering) {
      delay += Int64(random.within(1...40)) * Moment.millisecond
    }
    schedule(.passing(packet, side), pair, after: delay)
    if random.happens(pairs[pair].repetition) {
      schedule(.passing(packet, side), pair, after: delay + Int64(random.below(5_000_000)))
    }
  }

  /// A segment passes the point of capture.
  private mutating func pass(_ packet: Packet, from side: Int, _ pair: Int) throws {
    var packet = packet
    let isSpoiled = random.happens(pairs[pair].spoiling)
    if isSpoiled { packet.checksumError = UInt16(random.within(1...0xFFFE)) }
    if pairs[pair].isOffloaded[side] { packet.checksumError = 0x5A5A }
    try capture(packet, from: side, pair)
    if !isSpoiled, !random.happens(pairs[pair].lossAfter) {
      schedule(
        .arrival(packet, pairs[pair].isSelf ? side : 1 - side), pair,
        after: pairs[pair].delays[1 - side])
    } else if random.happens(30) {
      try output.writeUnreachable(
        packet, router: 0x30_0001, code: random.one(of: [1, 3, 4, 13]), time: stamp())
    }
  }

  private mutating func capture(_ packet: Packet, from side: Int, _ pair: Int) throws {
    if now < pairs[pair].captureBegin { return }
    if pairs[pair].isUnseen[side] || random.happens(flaws.gaps) { return }
    try output.write(packet, time: stamp())
    guard flaws.copies != .none, random.happens(flaws.copying) else { return }
    var copy = packet
    switch flaws.copies {
    case .none, .exact: break
    case .vlan: copy.vlan = 7
    case .routed: copy.timeToLive &-= 1
    }
    try output.write(copy, time: stamp())
  }

  /// The time on the capture's clock.
  private mutating func stamp() -> Int64 {
    if random.happens(flaws.jumps) {
      clockOffset += Int64(random.within(-2000...100_000)) * Moment.millisecond
    }
    let late = random.happens(flaws.disorder) ? Int64(random.below(1_500_000_000)) : 0
    return now + clockOffset - late
  }
}

/// Lengths of time, nanoseconds.
enum Moment {
  static let millisecond: Int64 = 1_000_000
  static let second: Int64 = 1_000_000_000
}

/// What is wrong with a capture as a whole. Out of a thousand segments each.
struct CaptureFlaws {
  enum Copies { case none, exact, vlan, routed }

  var snapLength = 128
  var gaps = 0
  var disorder = 0
  /// Of the clock, forwards mostly.
  var jumps = 0
  var copies = Copies.none
  var copying = 0

  init(_ random: inout Random) {
    snapLength = random.one(of: [128, 128, 128, 96, 68, 60])
    gaps = random.one(of: [0, 0, 0, 5, 50])
    disorder = random.one(of: [0, 0, 0, 10, 200])
    jumps = random.one(of: [0, 0, 0, 1, 5])
    copies = random.one(of: [.none, .none, .none, .exact, .vlan, .routed])
    copying = random.one(of: [30, 500, 1000])
  }
}

/// Something that happens to a connection.
struct Event: Comparable {
  enum Kind {
    case action(Int, Action)
    /// A timer of a side, unless it was set anew since.
    case timer(Int, UInt32)
    /// A segment passes the point of capture, from a side.
    case passing(Packet, Int)
    /// A segment arrives at a side.
    case arrival(Packet, Int)
  }

  let time: Int64
  let order: Int
  let pair: Int
  let kind: Kind

  static func < (first: Event, second: Event) -> Bool {
    (first.time, first.order) < (second.time, second.order)
  }

  static func == (first: Event, second: Event) -> Bool {
    first.order == second.order
  }
}
