import BasicContainers

/// What is kept of the segments of quiet connections: words on pages as large as a cache line. Page 0
/// is never given out, so that it can mean "none".
struct QuietPages: ~Copyable {
  static var shift: Int { 3 }
  /// Words of a page.
  static var capacity: Int { 1 << shift }
  /// Bytes of a page.
  static var bytes: Int { capacity * MemoryLayout<UInt64>.stride }

  private var words = BlockArray<UInt64>()
  private var free = UniqueArray<UInt32>()

  init() {
    _ = add()
  }

  /// Pages in use.
  var count: Int { words.count &>> QuietPages.shift &- 1 &- free.count }

  @inline(never)
  private mutating func add() -> UInt32 {
    let page = words.count &>> QuietPages.shift
    words.append(repeating: 0, count: QuietPages.capacity)
    return UInt32(truncatingIfNeeded: page)
  }

  /// Gives a page back.
  mutating func give(_ page: UInt32) {
    free.append(page)
  }

  /// Writes a word after the others.
  ///
  /// - Parameters:
  ///   - position: How many words there are; moved on.
  ///   - pages: The pages in their order. A new one is added when one is full.
  @inline(__always)
  mutating func put(
    _ word: UInt64, at position: inout Int, on pages: inout InlineArray<4, UInt32>
  ) {
    let slot = position & (QuietPages.capacity - 1)
    if slot == 0 {
      pages[position &>> QuietPages.shift] = free.isEmpty ? add() : free.removeLast()
    }
    let page = Int(pages[position &>> QuietPages.shift])
    words[page &<< QuietPages.shift | slot] = word
    position &+= 1
  }

  /// Reads the word at a position, which is moved on.
  @inline(__always)
  borrowing func get(at position: inout Int, on pages: InlineArray<4, UInt32>) -> UInt64 {
    let page = Int(pages[position &>> QuietPages.shift])
    let word = words[page &<< QuietPages.shift | position & (QuietPages.capacity - 1)]
    position &+= 1
    return word
  }

  /// A word of a page.
  subscript(page: UInt32, slot: Int) -> UInt64 {
    @inline(__always) _read { yield words[Int(page) &<< QuietPages.shift | slot] }
  }
}
