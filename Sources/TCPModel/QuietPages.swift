import BasicContainers

/// The segments of quiet connections, a few side by side. Page 0 is never given out, so that it can
/// mean "none".
struct QuietPages: ~Copyable {
  /// Segments of a page: two cache lines.
  static let capacity: UInt8 = 4

  /// Bytes of a page.
  static var bytes: Int { Int(capacity) * MemoryLayout<QuietSegment>.stride }

  private var segments = BlockArray<QuietSegment>()
  private var free = UniqueArray<UInt32>()

  init() {
    _ = add()
  }

  /// Which page, and which place on it, the segment with a number has.
  @inline(__always)
  static func place(of number: UInt8) -> (page: Int, slot: UInt8) {
    (Int(number / capacity), number % capacity)
  }

  /// Pages in use.
  var count: Int { segments.count / Int(QuietPages.capacity) - 1 - free.count }

  /// A page to write on.
  mutating func take() -> UInt32 {
    free.isEmpty ? add() : free.removeLast()
  }

  private mutating func add() -> UInt32 {
    let page = segments.count / Int(QuietPages.capacity)
    segments.append(repeating: QuietSegment(), count: Int(QuietPages.capacity))
    return UInt32(truncatingIfNeeded: page)
  }

  /// Gives a page back.
  mutating func give(_ page: UInt32) {
    free.append(page)
  }

  subscript(page: UInt32, slot: UInt8) -> QuietSegment {
    @inline(__always) _read {
      yield segments[Int(page) &* Int(QuietPages.capacity) &+ Int(slot)]
    }
    @inline(__always) _modify {
      yield &segments[Int(page) &* Int(QuietPages.capacity) &+ Int(slot)]
    }
  }
}
