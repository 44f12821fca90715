import PacketDecoding

// Letting connections go: out of the table when they are done or the input ends, and handed out, with
// their histories where those are wanted.

extension ConnectionTracker {
  /// Connections held, in whatever form; not those that only wait to be collected.
  @inline(__always)
  var held: Int { connections.count &+ quiet.count &- wokenCount &- settled.count }

  /// Takes a connection out of the table; it waits in `settled` to be collected.
  mutating func settle(_ place: UInt32) {
    takeOut(place)
    settled.append(place)
  }

  private mutating func takeOut(_ place: UInt32) {
    let changes = connections[place].reviewOneSided(options.timers)
    if !changes.isEmpty { log(changes, of: place) }
    let newer = connections[place].newer
    let older = connections[place].older
    if newer != 0 {
      connections[newer].older = older
    } else if older != 0 {
      // What is before it can still be met.
      table.replace(connections[place].tag, old: place, with: older)
    } else {
      table.remove(connections[place].tag, place: place)
    }
    if older != 0 { connections[older].newer = newer }
    connections[place].older = 0
    connections[place].newer = 0
  }

  /// The input has ended: everything still held is settled, in the order of the ids.
  public mutating func finish() {
    let first = settled.count
    wheel.removeAll(into: &settled)
    for place in evictable.places { settled.append(place) }
    evictable = EvictionLine()
    sortSettled(from: first)
    for index in first..<settled.count {
      let place = settled[index]
      if place & ConnectionTracker.quietMark != 0 { continue }
      expireTimers(place, now: now)
      if !connections[place].isOver { connections[place].traits.insert(.openAtEnd) }
      takeOut(place)
    }
    table = FlowTable(minimumCapacity: 0)
    hasFinished = true
  }

  /// Puts what was settled in one go into the order of the ids, each where it is followed now.
  mutating func sortSettled(from first: Int) {
    var last: UInt64 = 0
    var isSorted = true
    for index in first..<settled.count {
      let place = resolve(settled[index])
      settled[index] = place
      let id = id(of: place)
      if id < last { isSorted = false }
      last = id
    }
    if isSorted { return }
    let places = (first..<settled.count).map { (self.id(of: settled[$0]), settled[$0]) }
      .sorted { $0.0 < $1.0 }
    for (index, place) in zip(first..., places) { settled[index] = place.1 }
  }

  @inline(__always)
  func id(of place: UInt32) -> UInt64 {
    place & ConnectionTracker.quietMark == 0
      ? connections[place].id : quiet[place & ~ConnectionTracker.quietMark].id
  }

  /// A connection that will be handed out after `distance` others, or nil if nobody knows yet.
  /// Changes nothing; `mutating` only in order that the tracker be passed by address.
  public mutating func upcoming(after distance: Int) -> UpcomingConnection? {
    guard settled.count > distance else { return nil }
    let place = settled[distance]
    if place & ConnectionTracker.quietMark == 0 {
      return UpcomingConnection(
        id: connections[place].id, key: connections[place].key,
        clientIsLow: connections[place].traits.contains(.clientIsLow))
    }
    let index = place & ~ConnectionTracker.quietMark
    return UpcomingConnection(
      id: quiet[index].id, key: quiet.key(index), clientIsLow: quiet[index].clientIsLow)
  }

  /// The next connection that is done, with its history, or nil. Its place in memory is given back.
  public mutating func nextSettled() -> TrackedConnection? {
    nextSettled(wantsHistory: { _ in true }) == .history ? takeHistory() : nil
  }

  /// Goes on to the next connection that is done.
  ///
  /// - Parameters:
  ///   - offersBriefs: Whether the brief of any connection may be all that is wanted of it.
  ///   - acceptsBrief: Whether it is all that is wanted of this one, which took the ordinary course.
  ///   - wantsLine: Whether the line is wanted as well where the brief is enough.
  ///   - wantsHistory: Whether the segments and transitions of a connection are wanted.
  public mutating func nextSettled(
    offersBriefs: Bool = false, acceptsBrief: (inout ConnectionBrief) -> Bool = { _ in false },
    wantsLine: Bool = false,
    wantsHistory: (Connection) -> Bool
  ) -> SettledConnection {
    if historyPlace != 0 {
      letGo(historyPlace)
      historyPlace = 0
    }
    guard var place = settled.popFirst() else { return .nothing }
    // Each asks for what the next one reads, some connections later.
    if settled.count > 18 {
      prefetch(settled[18])
      prefetchCourse(settled[12])
      prefetchPages(settled[6])
    }
    if place & ConnectionTracker.quietMark != 0 {
      if offersBriefs, takeBrief(place, wantsLine: wantsLine, acceptsBrief) { return .brief }
      if takeSettled(place, wantsHistory) { return .summary }
      place = wakeSettled(place)
    } else if !wantsHistory(connections[place]) {
      summary = connections[place]
      letGo(place)
      return .summary
    }
    historyPlace = place
    return .history
  }

  /// The connection that `nextSettled(wantsHistory:)` last went on to, which had
  /// answered `.history`: to be called once, before the next is asked for. Its place in memory is
  /// given back.
  public mutating func takeHistory() -> TrackedConnection {
    let place = historyPlace
    historyPlace = 0
    let connection = connections[place]
    let tracked = TrackedConnection(
      connection: connection, segments: records.elements(of: connection.segments),
      transitions: transitions.elements(of: connection.transitions),
      previous: connection.traits.contains(.reuses)
        ? previousIncarnations[place] : nil,
      icmpErrors: connection.traits.contains(.hasICMPError) ? icmpErrors[place] ?? [] : [],
      stalls: connection.meter == 0 ? nil : meters[connection.meter])
    if place != 0 { letGo(place) }
    return tracked
  }

  /// Gives back what a connection holds.
  private mutating func letGo(_ place: UInt32) {
    if connections[place].traits.contains(.reuses) { previousIncarnations[place] = nil }
    if connections[place].traits.contains(.hasICMPError) { icmpErrors[place] = nil }
    if connections[place].meter != 0 { meters.remove(connections[place].meter) }
    connections[place].id = 0
    records.removeAll(&connections[place].segments)
    transitions.removeAll(&connections[place].transitions)
    connections.remove(place)
  }
}

/// Whose connection is about to be handed out.
public struct UpcomingConnection: Sendable {
  public var id: UInt64
  public var key: FlowKey
  /// Whether the lower socket of the key is the client.
  public var clientIsLow: Bool
}
