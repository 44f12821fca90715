import BasicContainers

/// A growing array in blocks: growing copies nothing and touches only memory that is about to be
/// used, which matters where page faults cost more than work. Only the first block begins small,
/// for most inputs are.
struct BlockArray<Element: BitwiseCopyable>: ~Copyable {
  private static var shift: Int { 10 }
  private static var mask: Int { 1 << shift - 1 }

  private var blocks = UniqueArray<UniqueArray<Element>>()
  private(set) var count = 0

  mutating func append(_ element: Element) {
    if count & BlockArray.mask == 0 { addBlock() }
    blocks[blocks.count - 1].append(element)
    count += 1
  }

  /// Appends a few equal elements, side by side in one block: `count` divides the size of a block.
  mutating func append(repeating element: Element, count elements: Int) {
    if count & BlockArray.mask == 0 {
      if count == 0 {
        addBlock()
      } else {
        blocks.append(UniqueArray(repeating: element, count: 1 << BlockArray.shift))
      }
    }
    count += elements
    let filled = (count - 1) & BlockArray.mask + 1
    while blocks[blocks.count - 1].count < filled { blocks[blocks.count - 1].append(element) }
  }

  @inline(never)
  private mutating func addBlock() {
    let first = 8
    blocks.append(UniqueArray(minimumCapacity: count == 0 ? first : 1 << BlockArray.shift))
  }

  subscript(index: Int) -> Element {
    @inline(__always) _read {
      yield blocks[index >> BlockArray.shift][index & BlockArray.mask]
    }
    @inline(__always) _modify {
      yield &blocks[index >> BlockArray.shift][index & BlockArray.mask]
    }
  }
}
