import PacketDecoding

// Connections about which nothing is remarkable so far are kept as their segments alone, and are
// replayed through the step when that ends: most never need more memory, and a SYN of a flood needs
// next to none.

extension ConnectionTracker {
  /// Marks the place of a quiet connection.
  static let quietMark: UInt32 = 1 << 31

  /// Silence, in units of 2³⁰ ns, after which a timer may have run out. 0 when somebody wants to see
  /// what happens as it happens.
  static func quietPatience(_ options: TrackerOptions) -> Int64 {
    guard options.holdsQuietly, !options.watchesDisturbances, !options.watchesTransitions else {
      return 0
    }
    let timers = options.timers
    var shortest = min(timers.timeWait, timers.finWait2, timers.synSent, timers.synReceived)
    shortest = min(shortest, timers.closing, timers.remembrance, options.idleLimit ?? .max)
    return max(0, min(shortest >> 30 - 1, 1 << 15))
  }

  /// Begins a connection quietly. Returns whether that was possible.
  @inline(__always)
  mutating func openQuietly(
    _ segment: inout Segment, _ tag: UInt32, _ gap: FlowTableGap
  ) -> Bool {
    let (key, sourceIsLow) = FlowKey.of(segment)
    guard quietPatience > 1, segment.time >= now,
      let connection = QuietConnection(
        segment, key: key, sourceIsLow: sourceIsLow, id: counts.connections &+ 1)
    else { return false }
    if held >= options.maximumConnections { makeRoom(for: 1) }
    counts.connections &+= 1
    let place = quiet.insert(connection, key) | ConnectionTracker.quietMark
    counts.peakConnections = max(counts.peakConnections, UInt64(held))
    if shardLog.isOn { shardLog.noteOpening(at: place) }
    table.insert(tag, place: place, at: gap)
    wheel.schedule(place, at: segment.time.advanced(byNanoseconds: shortestLife))
    return true
  }

  /// Lets a quiet connection have a segment. Returns whether it stays quiet.
  @inline(__always)
  mutating func takeQuietly(
    _ segment: inout Segment, at place: UInt32, sourceIsLow: Bool
  ) -> Bool {
    let index = place & ~ConnectionTracker.quietMark
    guard segment.time >= now else { return false }
    let side = quiet[index].side(sourceIsLow: sourceIsLow)
    let start = quiet[index].firstTime
    if quiet[index].course == 0 {
      quiet[index].course = quietCourses.insert(QuietCourse(quiet[index]))
    }
    return quietCourses[quiet[index].course].take(
      &segment, sender: side, since: start, patience: quietPatience, into: &quietPages)
  }

  /// Turns a quiet connection into one that is followed state by state. Returns its place. The old
  /// place stays in the wheel, and leads to it.
  mutating func wake(_ place: UInt32) -> UInt32 {
    let index = place & ~ConnectionTracker.quietMark
    let tag = quiet.key(index).tag(seed: options.hashSeed)
    let woken = replay(index, tag)
    table.replace(tag, old: place, with: woken)
    forgetCourse(index)
    quiet[index].wokenPlace = woken
    wokenCount += 1
    if shardLog.isOn { shardLog.places.append(woken) }
    return woken
  }

  /// Where a place that comes out of the wheel leads to: itself, unless it was woken.
  mutating func resolve(_ place: UInt32) -> UInt32 {
    guard place & ConnectionTracker.quietMark != 0 else { return place }
    let index = place & ~ConnectionTracker.quietMark
    let woken = quiet[index].wokenPlace
    guard woken != 0 else { return place }
    quiet.remove(index)
    wokenCount -= 1
    return woken
  }

  /// Lets go of a quiet connection that is done, if its brief is enough: it stands in `brief` then,
  /// and its line, where that is wanted, in `line`.
  mutating func takeBrief(
    _ place: UInt32, wantsLine: Bool, _ accepts: (inout ConnectionBrief) -> Bool
  ) -> Bool {
    let index = place & ~ConnectionTracker.quietMark
    let isEvicted = quiet[index].isEvicted
    guard
      followBrief(
        index, at: endTime(index), isEnd: hasFinished || isEvicted, measures: wantsLine)
    else { return false }
    if isEvicted {
      brief.traits.remove(.openAtEnd)
      brief.traits.insert(.evicted)
    }
    guard accepts(&brief) else { return false }
    if wantsLine {
      line.follow(
        quiet[index], &brief, quietCourses[quiet[index].course], quietPages, &roundTrips)
    }
    // At the end nobody needs the room any more.
    if !hasFinished { letGoQuietly(index) }
    return true
  }

  /// Makes `brief` what a quiet connection has come to at `time`, if it took the ordinary course and
  /// has come to rest.
  ///
  /// - Parameter measures: Whether `roundTrips` is to be what its round trips came to.
  @inline(__always)
  private mutating func followBrief(
    _ index: UInt32, at time: CaptureTime, isEnd: Bool, measures: Bool
  ) -> Bool {
    if quiet[index].course == 0 {
      return brief.follow(
        quiet[index], quiet.key(index), synSent: options.timers.synSent, until: time, isEnd: isEnd)
    }
    return brief.follow(
      quiet[index], quiet.key(index), quietCourses[quiet[index].course], quietPages,
      timeWait: options.timers.timeWait, synSent: options.timers.synSent,
      patience: quietPatience << 30, until: time, isEnd: isEnd,
      &roundTrips, measures: measures)
  }

  /// Lets go of a quiet connection that is done, if nobody wants its history: it stands in `summary`
  /// then.
  mutating func takeSettled(_ place: UInt32, _ wantsHistory: (Connection) -> Bool) -> Bool {
    let index = place & ~ConnectionTracker.quietMark
    guard summarize(index, at: endTime(index)) else { return false }
    _ = summary.reviewOneSided(options.timers)
    guard !wantsHistory(summary) else { return false }
    if !hasFinished { letGoQuietly(index) }
    return true
  }

  /// Wakes one that is done and out of the table.
  mutating func wakeSettled(_ place: UInt32) -> UInt32 {
    let index = place & ~ConnectionTracker.quietMark
    let isEvicted = quiet[index].isEvicted
    let end = endTime(index)
    let woken = replay(index, 0)
    letGoQuietly(index)
    expireTimers(woken, now: end)
    if isEvicted {
      connections[woken].traits.insert(.evicted)
    } else if hasFinished, !connections[woken].isOver {
      connections[woken].traits.insert(.openAtEnd)
    }
    let changes = connections[woken].reviewOneSided(options.timers)
    if !changes.isEmpty { log(changes, of: woken) }
    return woken
  }

  /// Until when what became of one that is done is followed: an evicted one is a SYN whose timer runs.
  @inline(__always)
  private func endTime(_ index: UInt32) -> CaptureTime {
    quiet[index].isEvicted ? quiet[index].firstTime : now
  }

  /// Evicts one that is a SYN whose timer runs, without waking it: a flood is made of such. Returns
  /// whether it is.
  mutating func evictCall(_ place: UInt32) -> Bool {
    let index = place & ~ConnectionTracker.quietMark
    guard quiet[index].course == 0,
      now.nanoseconds(since: quiet[index].firstTime) < options.timers.synSent
    else { return false }
    counts.evictedHalfOpen &+= 1
    quiet[index].isEvicted = true
    table.remove(quiet.key(index).tag(seed: options.hashSeed), place: place)
    settled.append(place)
    return true
  }

  /// Brings into the cache where the table has one.
  mutating func prefetchBucket(_ place: UInt32) {
    guard place & ConnectionTracker.quietMark != 0 else { return }
    let index = place & ~ConnectionTracker.quietMark
    table.prefetch(quiet.key(index).tag(seed: options.hashSeed))
  }

  /// A quiet connection's time in the wheel has come.
  mutating func reviewQuiet(_ place: UInt32, at time: CaptureTime) {
    let index = place & ~ConnectionTracker.quietMark
    let last = lastTimeOfQuiet(index)
    // Nothing is done before it has been silent for that long.
    let earliest = last.advanced(byNanoseconds: shortestLife)
    if time < earliest {
      wheel.schedule(place, at: earliest)
      return
    }
    let isDone =
      time >= last.advanced(byNanoseconds: options.timers.remembrance)
      && followBrief(index, at: time, isEnd: hasFinished, measures: false) && brief.isOver
    if !isDone {
      guard summarize(index, at: time) else {
        _ = wake(place)
        review(resolve(place), at: time)
        return
      }
      guard summary.isDone(options, now: time) else {
        wheel.schedule(place, at: summary.nextReview(options, now: time))
        return
      }
    }
    table.remove(quiet.key(index).tag(seed: options.hashSeed), place: place)
    settled.append(place)
  }

  @inline(__always)
  func lastTimeOfQuiet(_ index: UInt32) -> CaptureTime {
    quiet[index].firstTime.advanced(
      byNanoseconds: quietCourses[quiet[index].course].lastTime)
  }

  /// Follows a quiet connection through all of its segments. Returns the place of what it became.
  private mutating func replay(_ index: UInt32, _ tag: UInt32) -> UInt32 {
    let source = quiet[index]
    let key = quiet.key(index)
    let first = source.firstSegment(key)
    let place = connections.insert(
      Connection(
        beginningWith: first, key, tag, sourceIsLow: source.clientIsLow,
        id: source.id))
    take(first, at: place, sourceIsLow: source.clientIsLow, clock: first.time)
    var reader = QuietReader(source, quietCourses[source.course])
    var segment = first
    while let side = reader.next(&segment, quietPages) {
      expireTimers(place, now: segment.time)
      take(
        segment, at: place, sourceIsLow: source.clientIsLow == (side == .client),
        clock: segment.time)
    }
    return place
  }

  /// Makes `summary` what a quiet connection has come to at `time`, without its history: what
  /// `replay` gives, but for segments, transitions and what is told of them. Returns whether that
  /// is all there is to tell.
  private mutating func summarize(_ index: UInt32, at time: CaptureTime) -> Bool {
    let source = quiet[index]
    let key = quiet.key(index)
    var segment = source.firstSegment(key)
    summary = Connection(
      ordinarilyBeginningWith: segment, key, sourceIsLow: source.clientIsLow,
      id: source.id)
    let patience = quietPatience << 30
    var reader = QuietReader(source, quietCourses[source.course])
    while let side = reader.next(&segment, quietPages) {
      if summary.takeOrdinary(segment, sender: side, patience: patience) { continue }
      effects.reset()
      summary.expireTimers(options.timers, now: segment.time, &effects)
      summary.takeUnrecorded(segment, sender: side, &effects)
      if summary.deservesMeter(segment, effects.annotations) { return false }
    }
    effects.reset()
    summary.expireTimers(options.timers, now: time, &effects)
    if source.isEvicted {
      summary.traits.insert(.evicted)
    } else if hasFinished, !summary.isOver {
      summary.traits.insert(.openAtEnd)
    }
    return true
  }

  /// Gives back all that is kept of a quiet connection.
  private mutating func letGoQuietly(_ index: UInt32) {
    forgetCourse(index)
    quiet.remove(index)
  }

  /// Gives back what is kept of the segments of a quiet connection.
  private mutating func forgetCourse(_ index: UInt32) {
    let course = quiet[index].course
    guard course != 0 else { return }
    for number in 0..<4 {
      let page = quietCourses[course].pages[number]
      if page == 0 { break }
      quietPages.give(page)
    }
    quietCourses.remove(course)
    quiet[index].course = 0
  }
}
