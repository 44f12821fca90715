import BasicContainers

/// An array that grows by blocks, so that what it holds need not be moved. Only the first block
/// begins small, for most inputs are.
struct Blocks<Element: BitwiseCopyable>: ~Copyable {
  private static var shift: Int { 9 }
  private static var mask: Int { 1 << shift - 1 }

  private var blocks = UniqueArray<UniqueArray<Element>>()
  private(set) var count = 0

  var indices: Range<Int> { 0..<count }

  subscript(index: Int) -> Element {
    @inline(__always) _read {
      yield blocks[index >> Blocks.shift][index & Blocks.mask]
    }
    @inline(__always) _modify {
      yield &blocks[index >> Blocks.shift][index & Blocks.mask]
    }
  }

  @inline(__always)
  mutating func append(_ element: Element) {
    if count & Blocks.mask == 0 { addBlock() }
    blocks[count >> Blocks.shift].append(element)
    count += 1
  }

  @inline(never)
  private mutating func addBlock() {
    let first = 8
    blocks.append(UniqueArray(minimumCapacity: count == 0 ? first : 1 << Blocks.shift))
  }
}
