import BlockStorage

/// A place that the table had under a tag, 0 for none. It stands until a place is taken out of the
/// table, or another put for one.
struct KnownPlace {
  var place: UInt32
  /// `FlowTable.removals` then.
  var removals: Int
}

/// Where a search for a tag came to its end. Until a place is taken out, or the table grows, nothing
/// under that tag is before it.
struct FlowTableGap {
  fileprivate var slot = 0
  fileprivate var mask = 0
  fileprivate var removals = 0
}

/// Finds the place of a 4-tuple's connection: open addressing with linear probing, deletion by
/// backward shift, at most five eighths full. A bucket holds 32 bits of the hash and the 32-bit
/// place, so that most misses are seen, and the table grows, without touching a connection.
struct FlowTable: ~Copyable {
  /// tag << 32 | place; 0 is empty, for places start at 1.
  private var buckets: BlockArray<UInt64>
  private var mask: Int
  private(set) var count = 0
  /// How often a place was taken out, or another put for it.
  private(set) var removals = 0

  init(minimumCapacity: Int = 1024) {
    var size = 64
    while size < minimumCapacity * 8 / 5 { size *= 2 }
    buckets = BlockArray(zeros: size)
    mask = size - 1
  }

  /// Calls `matches` with each place under the tag until it returns true; returns that place, or 0.
  @inline(__always)
  func find(_ tag: UInt32, matches: (UInt32) -> Bool) -> UInt32 {
    search(tag, matches: matches).place
  }

  /// Calls `matches` with each place under the tag until it returns true; returns that place, or 0,
  /// and where it came to its end.
  ///
  /// - Parameter gap: Where a search for this tag that found nothing came to its end.
  @inline(__always)
  func search(
    _ tag: UInt32, after gap: FlowTableGap = FlowTableGap(), matches: (UInt32) -> Bool
  ) -> (place: UInt32, gap: FlowTableGap) {
    var slot = isCurrent(gap) ? gap.slot : Int(tag) & mask
    while true {
      let bucket = buckets[slot]
      var place: UInt32 = 0
      if bucket != 0 {
        if bucket >> 32 == tag { place = UInt32(truncatingIfNeeded: bucket) }
        if place == 0 || !matches(place) {
          slot = (slot &+ 1) & mask
          continue
        }
      }
      return (place, FlowTableGap(slot: slot, mask: mask, removals: removals))
    }
  }

  @inline(__always)
  private func isCurrent(_ gap: FlowTableGap) -> Bool {
    gap.mask == mask && gap.removals == removals
  }

  /// Brings the buckets where a search for the tag begins into the cache.
  @inline(__always)
  func prefetch(_ tag: UInt32) {
    let slot = Int(tag) & mask
    buckets.prefetch(slot)
    // Most searches that do not end in the first line end in the next one.
    buckets.prefetch(slot &+ FlowTable.searchLength)
  }

  /// Buckets that few searches go beyond.
  private static var searchLength: Int { 5 }

  /// The first place under the tag, whatever its key, or 0 and where it belongs.
  @inline(__always)
  func firstPlace(_ tag: UInt32) -> (place: UInt32, gap: FlowTableGap) {
    search(tag) { _ in true }
  }

  /// Adds a place.
  ///
  /// - Parameter gap: Where a search for the tag came to its end.
  @inline(__always)
  mutating func insert(_ tag: UInt32, place: UInt32, at gap: FlowTableGap? = nil) {
    let bucket = UInt64(tag) << 32 | UInt64(place)
    if count &* 8 >= buckets.count &* 5 {
      grow()
      put(bucket)
    } else if let gap, isCurrent(gap), buckets[gap.slot] == 0 {
      buckets[gap.slot] = bucket
    } else {
      put(bucket)
    }
    count &+= 1
  }

  /// Lets `place` stand where `old` stood under the same tag.
  mutating func replace(_ tag: UInt32, old: UInt32, with place: UInt32) {
    guard let slot = slot(of: old, tag) else { return }
    removals &+= 1
    buckets[slot] = UInt64(tag) << 32 | UInt64(place)
  }

  /// Takes a place out.
  mutating func remove(_ tag: UInt32, place: UInt32) {
    guard var hole = slot(of: place, tag) else { return }
    count -= 1
    removals &+= 1
    var next = (hole + 1) & mask
    while buckets[next] != 0 {
      let home = Int(buckets[next] >> 32) & mask
      // Move back unless its home lies cyclically in (hole, next].
      if (next - home) & mask >= (next - hole) & mask {
        buckets[hole] = buckets[next]
        hole = next
      }
      next = (next + 1) & mask
    }
    buckets[hole] = 0
  }

  private func slot(of place: UInt32, _ tag: UInt32) -> Int? {
    var slot = Int(tag) & mask
    while buckets[slot] != 0 {
      if UInt32(truncatingIfNeeded: buckets[slot]) == place { return slot }
      slot = (slot + 1) & mask
    }
    return nil
  }

  /// Every place, with its tag.
  var entries: [(tag: UInt32, place: UInt32)] {
    var entries: [(tag: UInt32, place: UInt32)] = []
    entries.reserveCapacity(count)
    for slot in 0..<buckets.count where buckets[slot] != 0 {
      entries.append((UInt32(buckets[slot] >> 32), UInt32(truncatingIfNeeded: buckets[slot])))
    }
    return entries
  }

  @inline(__always)
  private mutating func put(_ bucket: UInt64) {
    var slot = Int(bucket >> 32) & mask
    while buckets[slot] != 0 { slot = (slot &+ 1) & mask }
    buckets[slot] = bucket
  }

  @inline(never)
  private mutating func grow() {
    let size = buckets.count * 2
    var old = BlockArray<UInt64>(zeros: size)
    swap(&old, &buckets)
    mask = size - 1
    for index in 0..<old.count where old[index] != 0 { put(old[index]) }
  }
}
