import BasicContainers
import BlockStorage

/// What is kept of the segments of quiet connections: pairs of words on pages as large as a cache
/// line. Page 0 is never given out, so that it can mean "none".
struct QuietPages: ~Copyable {
  static var shift: Int { 2 }
  /// Pairs of a page.
  static var capacity: Int { 1 << shift }
  /// Bytes of a page.
  static var bytes: Int { capacity * MemoryLayout<QuietPair>.stride }

  private var pairs = BlockArray<QuietPair>()
  private var free = UniqueArray<UInt32>()

  init() {
    _ = add()
  }

  /// Pages in use.
  var count: Int { pairs.count &>> QuietPages.shift &- 1 &- free.count }

  @inline(never)
  private mutating func add() -> UInt32 {
    let page = pairs.count &>> QuietPages.shift
    pairs.append(repeating: QuietPair(), count: QuietPages.capacity)
    return UInt32(truncatingIfNeeded: page)
  }

  /// Gives a page back.
  mutating func give(_ page: UInt32) {
    free.append(page)
  }

  /// Writes a pair after the others.
  ///
  /// - Parameters:
  ///   - position: How many pairs there are; moved on.
  ///   - pages: The pages in their order. A new one is added when one is full.
  @inline(__always)
  mutating func put(
    _ pair: QuietPair, at position: inout Int, on pages: inout InlineArray<4, UInt32>
  ) {
    let slot = position & (QuietPages.capacity - 1)
    if slot == 0 {
      pages[position &>> QuietPages.shift] = free.isEmpty ? add() : free.removeLast()
    }
    let page = Int(pages[position &>> QuietPages.shift])
    pairs[page &<< QuietPages.shift | slot] = pair
    position &+= 1
  }

  /// Reads the pair at a position, which is moved on.
  @inline(__always)
  borrowing func get(at position: inout Int, on pages: InlineArray<4, UInt32>) -> QuietPair {
    let page = Int(pages[position &>> QuietPages.shift])
    let pair = pairs[page &<< QuietPages.shift | position & (QuietPages.capacity - 1)]
    position &+= 1
    return pair
  }

  /// Brings a page into the cache.
  @inline(__always)
  func prefetch(_ page: UInt32) { pairs.prefetch(Int(page) &<< QuietPages.shift) }
}

/// Two words about a segment.
struct QuietPair: BitwiseCopyable {
  var first: UInt64 = 0
  var second: UInt64 = 0
}
