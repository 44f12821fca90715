import DequeModule
public import PacketDecoding

/// Follows every connection of the input: finds the incarnation a segment belongs to, advances both
/// of its ends, keeps what a timeline and a proof need, and lets connections go when their timers
/// allow. Its only clock is the time of the segments.
public struct ConnectionTracker: ~Copyable {
  let options: TrackerOptions
  var connections = Slab(placeholder: Connection(key: ConnectionTracker.noKey))
  /// Connections that are only remembered by their segments. Their places are marked with
  /// `quietMark`.
  var quiet = QuietConnections()
  /// What followed their SYNs.
  var quietCourses = Slab(placeholder: QuietCourse(QuietConnection()))
  var quietPages = QuietPages()
  /// Silence, in units of 2³⁰ ns, during which no timer can run out; 0 where connections are never
  /// held quietly.
  let quietPatience: Int64
  /// The options' `shortestLife`.
  let shortestLife: Int64
  /// The connection that `nextSettled` last handed out without its history.
  public internal(set) var summary = Connection(key: ConnectionTracker.noKey)
  /// The same of one of which the brief is enough. Can be changed, to nobody's use, only in order that
  /// it can be passed by address.
  public var brief = ConnectionBrief()
  /// Its line, where that was asked for.
  public var line = ConnectionLine()
  /// Those of the connection in `brief`, where they were asked for.
  var roundTrips = RoundTripMeter()
  /// Where the connection is that `takeHistory` hands out, 0 for none.
  var historyPlace: UInt32 = 0
  /// Quiet places that only lead to where their connections are followed now.
  var wokenCount = 0
  var records = ListPool(placeholder: SegmentRecord())
  var transitions = ListPool(placeholder: ConnectionTracker.noTransition)
  var meters = Slab(placeholder: StallMeters())
  var table: FlowTable
  var wheel = TimerWheel()
  var effects = StepEffects()
  var settled = PlaceQueue()
  /// Connections that go next when room is needed. They are not in the wheel.
  var evictable = EvictionLine()
  /// Where the last segment that was expected went.
  private var lastPlace = KnownPlace(place: 0, removals: 0)
  /// Whether the connection there is steady: was so when that segment was taken, and none has been
  /// taken by other ways since, nor has a timer run out.
  private var lastIsSteady = false
  /// Whether the input has ended.
  var hasFinished = false
  /// Connections in which something went wrong lately, and when; only where they are watched.
  var disturbed = Deque<(id: UInt64, place: UInt32, time: CaptureTime)>()
  /// Changes of state not yet handed out; only where they are watched.
  var watchedTransitions = Deque<(id: UInt64, place: UInt32, transition: Transition)>()
  /// What has to be told of connections where this tracker is one of several.
  var shardLog = ShardLog()
  /// What incarnations met, by place. Cold.
  var previousIncarnations: [UInt32: PreviousIncarnation] = [:]
  /// ICMP errors, by place. Cold.
  var icmpErrors: [UInt32: [ICMPError]] = [:]
  /// The latest time seen.
  public private(set) var now = CaptureTime(nanoseconds: .min)
  public internal(set) var counts = TrackerCounts()

  static var noKey: FlowKey {
    FlowKey(lowAddress: .unspecified, highAddress: .unspecified, lowPort: 0, highPort: 0)
  }
  private static let noTransition = Transition(
    endpoint: .client, from: .closed, to: .closed, evidence: .assumed, time: .epoch, frame: 0)

  public init(options: TrackerOptions = TrackerOptions()) {
    self.options = options
    table = FlowTable(minimumCapacity: min(options.maximumConnections, 1024))
    quietPatience = ConnectionTracker.quietPatience(options)
    shortestLife = options.shortestLife
  }

  // MARK: - Segments

  /// Takes the next segment of the input.
  public mutating func process(_ segment: Segment) {
    var segment = segment
    begin(&segment)
    if followSteadily(&segment) { return }
    follow(
      &segment, FlowKey.tag(of: &segment, seed: options.hashSeed),
      KnownPlace(place: 0, removals: 0), FlowTableGap())
  }

  // Here and in what is called for every segment it is `inout` only in order to be passed by address,
  // where Swift would copy it; nothing changes it.

  /// Takes a segment that has begun, if it is of the connection of the last one, and that is steady:
  /// segments of a connection often come one after the other.
  @inline(__always)
  mutating func followSteadily(_ segment: inout Segment) -> Bool {
    guard lastIsSteady, lastPlace.removals == table.removals,
      let sourceIsLow = connections[lastPlace.place].key.sourceIsLow(of: &segment)
    else { return false }
    return takeSteady(&segment, at: lastPlace.place, sourceIsLow: sourceIsLow)
  }

  /// Counts a segment and moves the clock to it.
  @inline(__always)
  mutating func begin(_ segment: inout Segment) {
    counts.segments &+= 1
    // Segments of what is open take room too. Told by their number, not by the batch they come in.
    if counts.segments & 15 == 0 { makeRoom(for: 0) }
    if now < segment.time { advanceClock(to: segment.time) }
  }

  /// Takes a segment that has begun.
  ///
  /// - Parameters:
  ///   - known: Where it was found before.
  ///   - gap: Where it belongs, if it was not found.
  @inline(__always)
  mutating func follow(
    _ segment: inout Segment, _ tag: UInt32, _ known: KnownPlace, _ gap: FlowTableGap
  ) {
    var place = known.place
    var source =
      place != 0 && known.removals == table.removals ? sourceIsLow(of: &segment, place) : nil
    if source == nil {
      let (found, gap) = table.search(tag, after: place == 0 ? gap : FlowTableGap()) {
        source = sourceIsLow(of: &segment, $0)
        return source != nil
      }
      place = found
      if place == 0, openQuietly(&segment, tag, gap) { return }
    }
    guard let sourceIsLow = source else {
      let (key, sourceIsLow) = FlowKey.of(segment)
      place = open(segment, key, tag, sourceIsLow: sourceIsLow, over: 0)
      take(segment, at: place, sourceIsLow: sourceIsLow, clock: now)
      return
    }
    if place & ConnectionTracker.quietMark != 0 {
      if takeQuietly(&segment, at: place, sourceIsLow: sourceIsLow) { return }
      place = wake(place)
    } else if takePredicted(&segment, at: place, sourceIsLow: sourceIsLow) {
      lastPlace = KnownPlace(place: place, removals: table.removals)
      return
    }
    lastIsSteady = false
    expireTimers(place, now: now)
    place = incarnation(
      of: place, segment, FlowKey.of(segment).key, tag, sourceIsLow: sourceIsLow)
    take(segment, at: place, sourceIsLow: sourceIsLow, clock: now)
  }

  /// The short way of a segment that is expected.
  @inline(__always)
  private mutating func takePredicted(
    _ segment: inout Segment, at place: UInt32, sourceIsLow: Bool
  ) -> Bool {
    segment.time >= now && !options.keepsAllSegments
      && connections[place].takePredicted(
        &segment, sourceIsLow: sourceIsLow, confirmsAll: options.confirmsTransitions, &meters,
        &lastIsSteady)
  }

  /// The same where the connection is steady.
  @inline(__always)
  private mutating func takeSteady(
    _ segment: inout Segment, at place: UInt32, sourceIsLow: Bool
  ) -> Bool {
    assert(connections[place].isSteady(confirmsAll: options.confirmsTransitions))
    return segment.time >= now
      && connections[place].takeSteady(&segment, sourceIsLow: sourceIsLow, &meters)
  }

  /// Whether the source of a segment is the lower socket of a place; nil if the segment has another key.
  @inline(__always)
  private func sourceIsLow(of segment: inout Segment, _ place: UInt32) -> Bool? {
    place & ConnectionTracker.quietMark == 0
      ? connections[place].key.sourceIsLow(of: &segment)
      : quiet.sourceIsLow(of: &segment, place & ~ConnectionTracker.quietMark)
  }

  /// The side of a connection that a segment comes from.
  static func side(_ traits: ConnectionTraits, sourceIsLow: Bool) -> Side {
    sourceIsLow == traits.contains(.clientIsLow) ? .client : .server
  }

  /// Begins a connection, over the one at `old` when that is not 0.
  mutating func open(
    _ segment: Segment, _ key: FlowKey, _ tag: UInt32, sourceIsLow: Bool, over old: UInt32
  ) -> UInt32 {
    if old == 0 { makeRoom(for: 1) }
    counts.connections &+= 1
    var connection = Connection(
      beginningWith: segment, key, tag, sourceIsLow: sourceIsLow, id: counts.connections)
    if old != 0 {
      connection.previous = connections[old].id
      connection.incarnation = connections[old].incarnation &+ 1
    }
    let place = connections.insert(connection)
    counts.peakConnections = max(counts.peakConnections, UInt64(held))
    if shardLog.isOn { shardLog.noteOpening(at: place) }
    if old == 0 {
      table.insert(tag, place: place)
    } else {
      supersede(old, by: place, segment, sourceIsLow: sourceIsLow)
      // Not before, when it could be the old one, nor once this one is in the wheel.
      makeRoom(for: 0)
      if previousIncarnations.count > options.maximumIncarnations { _ = evict() }
    }
    wheel.schedule(place, at: segment.time.advanced(byNanoseconds: shortestLife))
    return place
  }

  /// Lets a connection have the segment.
  ///
  /// - Parameter clock: The latest time seen before it.
  mutating func take(
    _ segment: Segment, at place: UInt32, sourceIsLow: Bool, clock: CaptureTime
  ) {
    effects.reset()
    let side =
      connections[place].traits.contains(.isSelf)
      ? .client : ConnectionTracker.side(connections[place].traits, sourceIsLow: sourceIsLow)
    if connections[place].admit(segment, side: side, &effects) {
      measure(segment, side, at: place)
      connections[place].step(segment, sender: side, &effects)
      if let answer = effects.finAnswer { redateFIN(by: answer, segment, side, at: place) }
    }
    let annotations = effects.annotations
    if !annotations.isEmpty { connections[place].tally(annotations, sender: side) }
    if segment.time < clock { connections[place].noteReversal(segment, clock) }
    if options.watchesDisturbances { watch(segment, annotations, place) }
    record(segment, side, annotations, at: place)
    if options.keepsTransitions { log(effects, of: place, by: segment, side) }
    if connections[place].newer != 0 {
      showNewest(segment, annotations, of: place, sourceIsLow: sourceIsLow)
    }
    if connections[place].older != 0, segment.flags.contains(.syn.union(.ack)) {
      releaseOlder(than: place, segment, sourceIsLow: sourceIsLow)
    }
  }

  /// Lets the stall meters see the segment, once the connection is long or disturbed enough to have
  /// them.
  private mutating func measure(_ segment: Segment, _ side: Side, at place: UInt32) {
    if connections[place].meter == 0 {
      guard connections[place].deservesMeter(segment, effects.annotations) else { return }
      connections[place].meter = meters.insert(StallMeters())
      connections[place].traits.insert(.measured)
    }
    let meter = connections[place].meter
    var segment = segment
    connections[place].measure(&segment, effects.annotations, sender: side, &meters[meter])
  }

  // MARK: - Time

  /// Moves the clock forward without a segment, as far as timers are concerned.
  @inline(__always)
  public mutating func advanceClock(to time: CaptureTime) {
    guard now < time else { return }
    now = time
    if wheel.isDue(at: time) { reviewDue(at: time) }
  }

  /// Looks at the connections whose time in the wheel has come.
  @inline(never)
  private mutating func reviewDue(at time: CaptureTime) {
    lastIsSteady = false
    let first = settled.count
    while let due = wheel.next(upTo: time) {
      let place = resolve(due)
      // What is held to have happened depends on the second of the wheel, not on who asked when.
      if place & ConnectionTracker.quietMark == 0 {
        review(place, at: wheel.time)
      } else {
        reviewQuiet(place, at: wheel.time)
      }
    }
    if settled.count > first + 1 { sortSettled(from: first) }
    if shardLog.isOn { shardLog.noteSettlings(settled.count - first) }
  }

  /// A connection's time in the wheel has come: its timers may have run out, and it may be done.
  mutating func review(_ place: UInt32, at time: CaptureTime) {
    expireTimers(place, now: time)
    if connections[place].isDone(options, now: time) {
      settle(place)
    } else {
      wheel.schedule(place, at: connections[place].nextReview(options, now: time))
    }
  }

  mutating func expireTimers(_ place: UInt32, now: CaptureTime) {
    effects.reset()
    connections[place].expireTimers(options.timers, now: now, &effects)
    if !effects.changes.isEmpty { log(effects.changes, of: place) }
    var older = connections[place].older
    while older != 0 {
      effects.reset()
      connections[older].expireTimers(options.timers, now: now, &effects)
      if !effects.changes.isEmpty { log(effects.changes, of: older) }
      older = connections[older].older
    }
  }

  // MARK: - ICMP

  /// Takes an ICMP error that quotes a segment of some connection.
  public mutating func process(_ error: ICMPError) {
    advanceClock(to: error.time)
    let (key, _) = FlowKey.of(
      source: error.source, sourcePort: error.sourcePort, destination: error.destination,
      destinationPort: error.destinationPort)
    var place = table.find(key.tag(seed: options.hashSeed)) {
      $0 & ConnectionTracker.quietMark == 0
        ? connections[$0].key == key : quiet.key($0 & ~ConnectionTracker.quietMark) == key
    }
    guard place != 0 else { return }
    if place & ConnectionTracker.quietMark != 0 { place = wake(place) }
    lastIsSteady = false
    connections[place].traits.insert(.hasICMPError)
    connections[place].lastFrame = max(connections[place].lastFrame, error.frame)
    if icmpErrors[place, default: []].count < 8 { icmpErrors[place, default: []].append(error) }
  }
}
