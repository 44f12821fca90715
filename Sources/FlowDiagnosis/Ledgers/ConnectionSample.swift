import TCPModel

/// Connections that share a cause: how many, and the first ones by number. The same whatever the
/// order in which they are added.
struct ConnectionSample: BitwiseCopyable {
  /// How many were added.
  private(set) var count = 0
  /// The lowest ids, ascending, as many as there are.
  private var lowest = InlineArray<10, UInt64>(repeating: 0)

  @inline(__always)
  mutating func add(_ id: UInt64) {
    if count < lowest.count || id < lowest[lowest.count - 1] { insert(id) }
    count += 1
  }

  private mutating func insert(_ id: UInt64) {
    var place = min(count, lowest.count - 1)
    while place > 0, id < lowest[place - 1] {
      lowest[place] = lowest[place - 1]
      place -= 1
    }
    lowest[place] = id
  }

  /// The ids of the first ten, ascending.
  var first: [UInt64] { (0..<min(count, lowest.count)).map { lowest[$0] } }

  /// Whether `id` is the smallest of all so far: its connection then serves as the example.
  func isFirst(_ id: UInt64) -> Bool { count > 0 && lowest[0] == id }

  /// "1 connection", "12 connections".
  var phrase: String { ProofText.count(count, "connection") }
}
