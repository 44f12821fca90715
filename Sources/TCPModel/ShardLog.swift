internal import DequeModule

/// What one of several trackers tells of the connections it began and settled, so that those of all can
/// be put in the order in which one tracker would have begun and settled them.
struct ShardLog {
  /// Whether there are several.
  var isOn = false
  /// How many segments and ICMP errors of the whole input were before the one whose turn it is.
  var moment: UInt64 = 0
  /// The moments of beginnings since ids were given out.
  var openings: [UInt64] = []
  /// Where those connections may be found; some places may have been given away since.
  var places: [UInt32] = []
  /// The moments at which connections were settled that have not been handed out, with how many.
  var settlings = Deque<(moment: UInt64, count: Int)>()

  mutating func noteOpening(at place: UInt32) {
    openings.append(moment)
    places.append(place)
  }

  mutating func noteSettlings(_ count: Int) {
    if count > 0 { settlings.append((moment, count)) }
  }

  /// The moment of the one that is handed out next.
  mutating func takeSettling() -> UInt64 {
    guard let moment = settlings.first?.moment else { return .max }
    settlings[0].count -= 1
    if settlings[0].count == 0 { settlings.removeFirst() }
    return moment
  }
}
