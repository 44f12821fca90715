import TCPModel

/// Connections that one shard has let go, in the order in which they were settled, each with its place
/// in the order of all.
struct SettledBatch: Sendable {
  private var entries: [Entry] = []
  private var briefs: [ConnectionBrief] = []
  /// One that says nothing, where lines are not wanted.
  private var lines: [ConnectionLine] = []
  private var histories: [TrackedConnection] = []
  /// Index of the next one that has not been taken out.
  private(set) var next = 0

  private struct Entry {
    var place: SettledPlace
    var connection: UpcomingConnection
    /// Where it is in `histories`, or else in `briefs` and in `lines`.
    var index: Int
    var hasHistory: Bool
  }

  /// Takes connections from a shard; those that were here are gone.
  ///
  /// - Parameter most: How many, about: those with long histories count as several.
  mutating func fill(
    from shard: inout TrackerShard, _ interest: ConnectionInterest, most: Int
  ) {
    entries.removeAll(keepingCapacity: true)
    briefs.removeAll(keepingCapacity: true)
    lines.removeAll(keepingCapacity: true)
    if !interest.everyConnection { lines.append(shard.tracker.line) }
    histories.removeAll(keepingCapacity: true)
    next = 0
    var room = most
    while room > 0, let upcoming = shard.tracker.upcoming(after: 0) {
      let place = SettledPlace(moment: shard.takeMoment(), id: upcoming.id)
      switch interest.next(of: &shard.tracker) {
      case .nothing:
        return
      case .brief, .summary:
        entries.append(
          Entry(place: place, connection: upcoming, index: briefs.count, hasHistory: false))
        briefs.append(shard.tracker.brief)
        if interest.everyConnection { lines.append(shard.tracker.line) }
        room -= 1
      case .history:
        let tracked = shard.tracker.takeHistory()
        entries.append(
          Entry(place: place, connection: upcoming, index: histories.count, hasHistory: true))
        histories.append(tracked)
        room -= 1 + tracked.segments.count / 4
      }
    }
  }

  /// How many there were.
  var count: Int { entries.count }

  /// Whether all have been taken out.
  var isEmpty: Bool { next == entries.count }

  /// The place in the order of all of the one at an index; nil behind the last one.
  @inline(__always)
  func place(_ index: Int) -> SettledPlace? { index < entries.count ? entries[index].place : nil }

  /// Whose connection is at an index.
  func upcoming(_ index: Int) -> UpcomingConnection { entries[index].connection }

  /// Calls `brief` or `history` with the next one.
  mutating func handOut(
    _ brief: (inout ConnectionBrief, inout ConnectionLine) -> Void,
    _ history: (TrackedConnection) -> Void
  ) {
    let entry = entries[next]
    next += 1
    if entry.hasHistory {
      history(histories[entry.index])
    } else {
      brief(&briefs[entry.index], &lines[min(entry.index, lines.count - 1)])
    }
  }
}

/// The place of a connection in the order in which one tracker would have settled all.
struct SettledPlace: Sendable, BitwiseCopyable {
  /// When it was settled, as `TrackerShard.takeMoment` has it.
  var moment: UInt64
  var id: UInt64

  /// Before all others, and behind them. No connection has such an id.
  static let first = SettledPlace(moment: 0, id: 0)
  static let last = SettledPlace(moment: .max, id: .max)

  @inline(__always)
  static func < (left: SettledPlace, right: SettledPlace) -> Bool {
    left.moment == right.moment ? left.id < right.id : left.moment < right.moment
  }
}
