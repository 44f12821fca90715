import BlockStorage

/// Places waiting for their turn, first come, first served. Its memory is used again once it has been
/// empty.
struct PlaceQueue: ~Copyable {
  private var places = BlockArray<UInt32>()
  /// Where the first one is.
  private var head = 0

  var count: Int { places.count &- head }
  var isEmpty: Bool { count == 0 }

  mutating func append(_ place: UInt32) {
    places.append(place)
  }

  mutating func popFirst() -> UInt32? {
    guard head < places.count else { return nil }
    let place = places[head]
    head &+= 1
    if head == places.count {
      places.removeAll()
      head = 0
    }
    return place
  }

  /// The place that is `index` behind the first.
  subscript(index: Int) -> UInt32 {
    get { places[head &+ index] }
    set { places[head &+ index] = newValue }
  }
}
