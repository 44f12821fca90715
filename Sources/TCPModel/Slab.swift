import BasicContainers
import BlockStorage

/// Values addressed by index; freed places are used again, last freed
/// first. Indices are 32 bits wide, and 0 is never given out, so that it can mean "none".
struct Slab<Element: BitwiseCopyable>: ~Copyable {
  private var elements = BlockArray<Element>()
  private var free: UniqueArray<UInt32>

  init(placeholder: Element) {
    free = UniqueArray()
    elements.append(placeholder)
  }

  /// How many elements are in use.
  var count: Int { elements.count &- 1 &- free.count }

  /// Stores an element and returns where.
  mutating func insert(_ element: Element) -> UInt32 {
    if !free.isEmpty {
      let index = free.removeLast()
      elements[Int(index)] = element
      return index
    }
    let index = UInt32(truncatingIfNeeded: elements.count)
    elements.append(element)
    return index
  }

  /// Gives the place back. The index must not be used until `insert` returns it again.
  mutating func remove(_ index: UInt32) {
    free.append(index)
  }

  /// Gives all places back.
  mutating func removeAll() {
    elements.removeLast(elements.count &- 1)
    free.removeAll(keepingCapacity: true)
  }

  /// Brings a value into the cache, or the first part of it.
  @inline(__always)
  func prefetch(_ index: UInt32) { elements.prefetch(Int(index)) }

  subscript(index: UInt32) -> Element {
    @inline(__always) _read { yield elements[Int(index)] }
    @inline(__always) _modify { yield &elements[Int(index)] }
  }
}
