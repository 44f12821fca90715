import TCPModel

/// Connections that share a cause: how many, and the first ones by number. The same whatever the
/// order in which they are added.
struct ConnectionSample {
  /// How many were added.
  private(set) var count = 0
  /// The ids of the first ten, ascending.
  private(set) var first: [UInt64] = []

  private static let limit = 10

  mutating func add(_ id: UInt64) {
    count += 1
    guard first.count < ConnectionSample.limit || id < (first.last ?? .max) else { return }
    let place = first.firstIndex { $0 > id } ?? first.endIndex
    first.insert(id, at: place)
    if first.count > ConnectionSample.limit { first.removeLast() }
  }

  /// Whether `id` is the smallest of all so far: its connection then serves as the example.
  func isFirst(_ id: UInt64) -> Bool { first.first == id }

  /// "1 connection", "12 connections".
  var phrase: String { ProofText.count(count, "connection") }
}
