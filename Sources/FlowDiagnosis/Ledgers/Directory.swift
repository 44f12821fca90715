import BlockStorage

/// What a `Directory` can find.
protocol DirectoryKey: Equatable, BitwiseCopyable {
  /// A hash under secret words, so that nobody outside can choose keys that collide.
  func hash(_ secret: Secret) -> UInt64
}

/// Notes by key, under small numbers from 1 in the order in which the keys came. Open addressing
/// with linear probing, at most half full. The order is that of the input, never that of the hashes.
struct Directory<Key: DirectoryKey, Notes: BitwiseCopyable>: ~Copyable {
  private let secret: Secret
  /// The upper half of the hash and the number; 0 is empty.
  private var buckets: BlockArray<UInt64>
  private var entries = BlockArray<DirectoryEntry<Key, Notes>>()
  /// The number asked for last.
  private var last = 0

  init(_ secret: Secret) {
    self.secret = secret
    buckets = BlockArray(zeros: 256)
  }

  /// All numbers given.
  var numbers: Range<Int> { 1..<entries.count + 1 }

  /// The key that has a number.
  func key(_ number: Int) -> Key { entries[number &- 1].key }

  /// The notes under a number.
  @inline(__always)
  subscript(number: Int) -> Notes {
    _read { yield entries[number &- 1].notes }
    _modify { yield &entries[number &- 1].notes }
  }

  /// The number of a key. One that has none gets the next, with these notes, or 0 when as many as
  /// `limit` have been given.
  ///
  /// - Parameter known: Its hash, if somebody knows it.
  @inline(__always)
  mutating func number(
    of key: Key, _ known: UInt64? = nil, limit: Int, _ notes: @autoclosure () -> Notes
  ) -> Int {
    if last != 0, entries[last &- 1].key == key { return last }
    let hash = known ?? hash(key)
    let (number, slot) = search(for: key, hash)
    if number != 0 {
      last = number
      return number
    }
    guard entries.count < limit else { return 0 }
    entries.append(DirectoryEntry(key: key, notes: notes()))
    last = entries.count
    buckets[slot] = (hash >> 32) << 32 | UInt64(truncatingIfNeeded: last)
    if last &* 2 > buckets.count { grow() }
    return last
  }

  /// The number of a key, 0 if it has none.
  @inline(__always)
  func number(of key: Key) -> Int {
    if last != 0, entries[last &- 1].key == key { return last }
    return search(for: key, key.hash(secret)).number
  }

  /// What a key is found by.
  @inline(__always)
  func hash(_ key: Key) -> UInt64 { key.hash(secret) }

  /// Brings the bucket where a search for a key of this hash begins into the cache.
  @inline(__always)
  func prefetchBucket(_ hash: UInt64) {
    buckets.prefetch(Int(truncatingIfNeeded: hash) & (buckets.count &- 1))
  }

  /// Brings into the cache what that bucket leads to.
  ///
  /// - Returns: The number of that, 0 if there is none of this hash. Whose it is must be seen.
  @inline(__always)
  func prefetchEntry(_ hash: UInt64) -> Int {
    let bucket = buckets[Int(truncatingIfNeeded: hash) & (buckets.count &- 1)]
    guard bucket >> 32 == hash >> 32 else { return 0 }
    let number = Int(truncatingIfNeeded: bucket & 0xffff_ffff)
    entries.prefetch(number &- 1)
    return number
  }

  /// The number of a key, or 0 and where it belongs.
  @inline(__always)
  private func search(for key: Key, _ hash: UInt64) -> (number: Int, slot: Int) {
    let mask = buckets.count &- 1
    var slot = Int(truncatingIfNeeded: hash) & mask
    while true {
      let bucket = buckets[slot]
      if bucket == 0 { return (0, slot) }
      if bucket >> 32 == hash >> 32 {
        let number = Int(truncatingIfNeeded: bucket & 0xffff_ffff)
        if entries[number &- 1].key == key { return (number, slot) }
      }
      slot = (slot &+ 1) & mask
    }
  }

  @inline(never)
  private mutating func grow() {
    let mask = buckets.count * 4 - 1
    var grown = BlockArray<UInt64>(zeros: mask + 1)
    for number in numbers {
      let hash = key(number).hash(secret)
      var slot = Int(truncatingIfNeeded: hash) & mask
      while grown[slot] != 0 { slot = (slot &+ 1) & mask }
      grown[slot] = (hash >> 32) << 32 | UInt64(truncatingIfNeeded: number)
    }
    buckets = grown
  }
}

/// A key and what is noted under it.
struct DirectoryEntry<Key: DirectoryKey, Notes: BitwiseCopyable>: BitwiseCopyable {
  var key: Key
  var notes: Notes
}
