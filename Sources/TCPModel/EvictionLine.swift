import PacketDecoding

/// A connection in line to be evicted.
struct Evictable {
  /// What goes before what.
  enum Kind: UInt8 {
    case closed
    case halfOpen
    case open
  }

  var kind: Kind
  /// When its last segment passed, as it was put in line.
  var lastTime: CaptureTime
  var id: UInt64
  var place: UInt32

  func goesBefore(_ other: Evictable) -> Bool {
    (kind.rawValue, lastTime, id) < (other.kind.rawValue, other.lastTime, other.id)
  }
}

/// The connections that go next when room is needed, the last one first. Its memory is used again: to
/// have it cleared by the system took longer than to find out who goes.
struct EvictionLine {
  private var entries: [Evictable] = []
  /// Those before this are not in line.
  private var start = 0

  var count: Int { entries.count &- start }

  /// The entry at an index, 0..<`count`.
  subscript(index: Int) -> Evictable { entries[start &+ index] }

  /// The places of all, in their order.
  var places: [UInt32] { entries[start...].map(\.place) }

  mutating func popLast() -> Evictable? { count > 0 ? entries.removeLast() : nil }

  /// Takes everybody out.
  mutating func removeAll() {
    entries.removeAll(keepingCapacity: true)
    start = 0
  }

  /// Lets one stand anywhere; `close` sorts.
  mutating func append(_ entry: Evictable) { entries.append(entry) }

  /// Keeps `count` at most in line, those that go first, and calls `body` with each of the others.
  mutating func close(keeping count: Int, _ body: (Evictable) -> Void) {
    entries.sort { $1.goesBefore($0) }
    start = max(0, entries.count - count)
    // Those that go first of them first.
    for index in (0..<start).reversed() { body(entries[index]) }
  }
}
