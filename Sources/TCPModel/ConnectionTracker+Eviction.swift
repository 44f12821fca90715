import PacketDecoding

// Making room within the bounds that were set: closed connections and those in TIME-WAIT go first, by
// age, then half-open attempts, then what has been idle longest. Which they are is found out for many
// at a time.

extension ConnectionTracker {
  /// Bytes that connections and their histories take, about; those that only wait to be collected are
  /// taken for average ones and left out.
  @inline(__always)
  var heldBytes: Int {
    settled.isEmpty
      ? usedBytes
      : Int(Double(usedBytes) * Double(max(0, held)) / Double(max(1, held + settled.count)))
  }

  /// The same, with those that only wait. In line: a call of a method that changes nothing copies the
  /// whole tracker.
  @inline(__always)
  var usedBytes: Int {
    quiet.bytes &+ quiet.count &* ConnectionTracker.placeBytes
      &+ quietCourses.count &* MemoryLayout<QuietCourse>.stride
      &+ quietPages.count &* QuietPages.bytes
      &+ connections.count &* ConnectionTracker.connectionBytes &+ records.bytes
      &+ transitions.bytes &+ meters.count &* MemoryLayout<StallMeters>.stride
      &+ previousIncarnations.count &* ConnectionTracker.connectionBytes
  }

  /// Bytes that connections may take besides if all that are quiet are woken and all timers run out, at
  /// most.
  @inline(__always)
  var possibleGrowth: Int {
    let transition = MemoryLayout<PoolNode<Transition>>.stride
    // A quiet connection has 16 segments at most, which make a few transitions each.
    let woken =
      ConnectionTracker.connectionBytes + 16 * MemoryLayout<PoolNode<SegmentRecord>>.stride
      + 64 * transition + MemoryLayout<StallMeters>.stride
    return quietCourses.count &* woken &+ connections.count &* 8 &* transition
  }

  /// A connection's share of the table and of the wheel.
  private static var placeBytes: Int { 24 }
  private static var connectionBytes: Int { MemoryLayout<Connection>.stride + placeBytes }

  /// Lets go of connections until there is room for `count` more.
  @inline(__always)
  mutating func makeRoom(for count: Int) {
    // Those that only wait to be collected make it less.
    if held + count > options.maximumConnections || usedBytes > options.maximumBytes {
      makeMoreRoom(for: count)
    }
  }

  @inline(never)
  private mutating func makeMoreRoom(for count: Int) {
    while held + count > options.maximumConnections || heldBytes > options.maximumBytes {
      guard evict() else { return }
    }
  }

  /// Lets go of the one that matters least. False if there is none.
  mutating func evict() -> Bool {
    var hasGathered = false
    while true {
      guard let entry = evictable.popLast() else {
        if hasGathered { return false }
        gatherEvictable()
        hasGathered = true
        continue
      }
      let next = evictable.count &- ConnectionTracker.evictionLead
      if next >= 0 { prefetchBucket(evictable[next].place) }
      var place = resolve(entry.place)
      guard place == entry.place, lastTime(of: place) == entry.lastTime else {
        // It has lived on since.
        schedule(place)
        continue
      }
      if place & ConnectionTracker.quietMark != 0 {
        if evictCall(place) { return true }
        _ = wake(place)
        place = resolve(place)
      }
      expireTimers(place, now: now)
      switch connections[place].evictionKind {
      case .closed: counts.evictedClosed &+= 1
      case .halfOpen: counts.evictedHalfOpen &+= 1
      case .open: counts.evictedOpen &+= 1
      }
      connections[place].traits.insert(.evicted)
      settle(place)
      return true
    }
  }

  /// Evictions before its own at which the table is asked for a connection.
  private static var evictionLead: Int { 12 }

  /// Puts a quarter of all connections in line, those that matter least.
  private mutating func gatherEvictable() {
    evictable.removeAll()
    for due in wheel.removeAll() {
      let place = resolve(due)
      evictable.append(
        Evictable(
          kind: kind(of: place), lastTime: lastTime(of: place), id: id(of: place), place: place))
    }
    // Out of the tracker, which puts the others back.
    var line = EvictionLine()
    swap(&line, &evictable)
    line.close(keeping: max(64, line.count / 4)) { schedule($0.place) }
    swap(&line, &evictable)
  }

  // In line, like what they call: Swift would copy the tracker for a method that changes nothing.

  @inline(__always)
  private func kind(of place: UInt32) -> Evictable.Kind {
    place & ConnectionTracker.quietMark == 0
      ? connections[place].evictionKind
      : quietCourses[quiet[place & ~ConnectionTracker.quietMark].course].evictionKind
  }

  @inline(__always)
  private func lastTime(of place: UInt32) -> CaptureTime {
    place & ConnectionTracker.quietMark == 0
      ? connections[place].lastTime : lastTimeOfQuiet(place & ~ConnectionTracker.quietMark)
  }

  /// Puts a place back into the wheel.
  private mutating func schedule(_ place: UInt32) {
    wheel.schedule(
      place,
      at: place & ConnectionTracker.quietMark == 0
        ? connections[place].nextReview(options, now: now)
        : lastTime(of: place).advanced(byNanoseconds: options.shortestLife))
  }
}

extension Connection {
  fileprivate var evictionKind: Evictable.Kind {
    if isOver || client.state == .timeWait || server.state == .timeWait { return .closed }
    return client.state == .synSent || server.state == .synReceived ? .halfOpen : .open
  }
}

extension QuietCourse {
  /// As far as its segments tell without a replay.
  fileprivate var evictionKind: Evictable.Kind {
    isClosing ? .closed : count < 2 ? .halfOpen : .open
  }
}
