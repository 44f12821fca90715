import BasicContainers

/// Finds the place of a 4-tuple's connection in the slab: open addressing with linear probing,
/// deletion by backward shift, at most three quarters full. A
/// bucket holds the upper half of the hash and the
/// 32-bit place, so that most misses are seen without touching a connection.
struct FlowTable: ~Copyable {
  /// hash's upper 32 bits << 32 | place; 0 is empty, for places start at 1.
  private var buckets: UniqueArray<UInt64>
  private var mask: Int
  private(set) var count = 0

  init(minimumCapacity: Int = 1024) {
    var size = 64
    while size < minimumCapacity * 4 / 3 { size *= 2 }
    buckets = UniqueArray(repeating: 0, count: size)
    mask = size - 1
  }

  /// Calls `matches` with each place whose hash agrees until it returns true; returns that place,
  /// or 0.
  @inline(__always)
  func find(_ hash: UInt64, matches: (UInt32) -> Bool) -> UInt32 {
    var slot = Int(truncatingIfNeeded: hash) & mask
    let tag = hash >> 32
    while true {
      let bucket = buckets[slot]
      if bucket == 0 { return 0 }
      if bucket >> 32 == tag {
        let place = UInt32(truncatingIfNeeded: bucket)
        if matches(place) { return place }
      }
      slot = (slot + 1) & mask
    }
  }

  /// Adds a place. `rehash` returns the full hash of a place, for growing.
  mutating func insert(_ hash: UInt64, place: UInt32, rehash: (UInt32) -> UInt64) {
    if count * 4 >= buckets.count * 3 { grow(rehash: rehash) }
    put(hash, place)
    count += 1
  }

  /// Lets `place` stand where `old` stood under the same hash.
  mutating func replace(_ hash: UInt64, old: UInt32, with place: UInt32) {
    guard let slot = slot(of: old, hash) else { return }
    buckets[slot] = (hash >> 32) << 32 | UInt64(place)
  }

  /// Takes a place out.
  mutating func remove(_ hash: UInt64, place: UInt32, rehash: (UInt32) -> UInt64) {
    guard var hole = slot(of: place, hash) else { return }
    count -= 1
    var next = (hole + 1) & mask
    while buckets[next] != 0 {
      let home =
        Int(truncatingIfNeeded: rehash(UInt32(truncatingIfNeeded: buckets[next]))) & mask
      // Move back unless its home lies cyclically in (hole, next].
      if (next - home) & mask >= (next - hole) & mask {
        buckets[hole] = buckets[next]
        hole = next
      }
      next = (next + 1) & mask
    }
    buckets[hole] = 0
  }

  private func slot(of place: UInt32, _ hash: UInt64) -> Int? {
    var slot = Int(truncatingIfNeeded: hash) & mask
    while buckets[slot] != 0 {
      if UInt32(truncatingIfNeeded: buckets[slot]) == place { return slot }
      slot = (slot + 1) & mask
    }
    return nil
  }

  private mutating func put(_ hash: UInt64, _ place: UInt32) {
    var slot = Int(truncatingIfNeeded: hash) & mask
    while buckets[slot] != 0 { slot = (slot + 1) & mask }
    buckets[slot] = (hash >> 32) << 32 | UInt64(place)
  }

  private mutating func grow(rehash: (UInt32) -> UInt64) {
    let size = buckets.count * 2
    var old = UniqueArray<UInt64>(repeating: 0, count: size)
    swap(&old, &buckets)
    mask = size - 1
    for index in 0..<old.count where old[index] != 0 {
      let place = UInt32(truncatingIfNeeded: old[index])
      put(rehash(place), place)
    }
  }
}
