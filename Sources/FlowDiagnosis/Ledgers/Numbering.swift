import TCPModel

/// What `Numbering` can number.
protocol Numbered: Equatable, BitwiseCopyable {
  /// A hash under secret words, so that nobody outside can choose keys that collide.
  func hash(_ secret: Secret) -> UInt64
}

/// Small numbers for keys, from 1 in the order in which the keys come, so that what is kept by key
/// can stand in plain arrays. Open addressing with linear probing, at most half full. The order is
/// that of the input, never that of the hashes.
struct Numbering<Key: Numbered> {
  private let secret: Secret
  /// The upper half of the hash and the number; 0 is empty.
  private var buckets: [UInt64]
  private var keys: [Key] = []
  /// The number asked for last.
  private var last: UInt32 = 0

  init(_ secret: Secret) {
    self.secret = secret
    buckets = Array(repeating: 0, count: 64)
  }

  /// The highest number given.
  var count: Int { keys.count }

  /// The key that has a number.
  subscript(number: UInt32) -> Key { keys[Int(number) - 1] }

  /// The number of a key, a new one if it has none yet; 0 when it has none and as many as `limit`
  /// have been given.
  mutating func number(of key: Key, limit: Int) -> UInt32 {
    if last != 0, keys[Int(last) - 1] == key { return last }
    let hash = key.hash(secret)
    let mask = buckets.count - 1
    var slot = Int(truncatingIfNeeded: hash) & mask
    while buckets[slot] != 0 {
      let number = UInt32(truncatingIfNeeded: buckets[slot])
      if buckets[slot] >> 32 == hash >> 32, keys[Int(number) - 1] == key {
        last = number
        return number
      }
      slot = (slot + 1) & mask
    }
    guard keys.count < limit else { return 0 }
    keys.append(key)
    last = UInt32(keys.count)
    buckets[slot] = (hash >> 32) << 32 | UInt64(last)
    if keys.count * 2 > buckets.count { grow() }
    return last
  }

  /// The number of a key, 0 if it has none.
  func number(of key: Key) -> UInt32 {
    let hash = key.hash(secret)
    let mask = buckets.count - 1
    var slot = Int(truncatingIfNeeded: hash) & mask
    while buckets[slot] != 0 {
      let number = UInt32(truncatingIfNeeded: buckets[slot])
      if buckets[slot] >> 32 == hash >> 32, keys[Int(number) - 1] == key { return number }
      slot = (slot + 1) & mask
    }
    return 0
  }

  private mutating func grow() {
    let mask = buckets.count * 2 - 1
    var grown: [UInt64] = Array(repeating: 0, count: mask + 1)
    for (index, key) in keys.enumerated() {
      let hash = key.hash(secret)
      var slot = Int(truncatingIfNeeded: hash) & mask
      while grown[slot] != 0 { slot = (slot + 1) & mask }
      grown[slot] = (hash >> 32) << 32 | UInt64(index + 1)
    }
    buckets = grown
  }
}

/// The secret words of a `Numbering`.
struct Secret: Sendable, BitwiseCopyable {
  private let first: UInt64
  private let second: UInt64
  private let third: UInt64

  init(_ seed: HashSeed) {
    (first, second, third) = (seed.first, seed.second, seed.third)
  }

  /// Two words into one: their product of 128 bits folded, each mixed with a secret word.
  @inline(__always)
  func mix(_ left: UInt64, _ right: UInt64) -> UInt64 {
    let product = (left ^ first).multipliedFullWidth(by: right ^ second)
    return product.high ^ product.low ^ third
  }
}
