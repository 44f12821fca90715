/// The pairs of a quiet connection, one after the other.
struct QuietPairs {
  private let pages: InlineArray<4, UInt32>
  private var remaining: UInt8
  private var position = 0

  init(_ course: QuietCourse) {
    pages = course.pages
    remaining = course.count
  }

  /// The next segment; nil at the end. What it has of further pairs is to be read by `nextPair`.
  @inline(__always)
  mutating func next(_ store: borrowing QuietPages) -> QuietSegment? {
    guard remaining > 0 else { return nil }
    remaining &-= 1
    return QuietSegment(nextPair(store))
  }

  @inline(__always)
  mutating func nextPair(_ store: borrowing QuietPages) -> QuietPair {
    store.get(at: &position, on: pages)
  }
}
