public import CBlockStorage

/// A growing array in blocks: growing touches only memory that is about to be used, and moves nothing
/// but a small first block, for most inputs are small. The others are of huge pages where the system
/// has them, as page faults cost more than what is done with most elements.
///
/// The core has its only unsafe code here, for it pays: see Tests/Benchmarks/README.md. It is sound, as
/// each access checks its index against `count`; all elements before that are initialized, and hold
/// no references; there is a block for each of them, and the blocks belong to this value alone.
@safe
public struct BlockArray<Element: BitwiseCopyable>: ~Copyable {
  /// The blocks, `blockCount` of them. Not an array, which would check each access once more.
  @usableFromInline var blocks: UnsafeMutablePointer<UnsafeMutablePointer<Element>>
  @usableFromInline var blockCount = 0
  /// Blocks that `blocks` has room for.
  @usableFromInline var blockCapacity = 8
  @usableFromInline var used = 0
  /// How many elements there are.
  @inlinable public var count: Int { used }
  /// Elements there is room for.
  @usableFromInline var capacity = 0

  @inlinable
  public init() {
    unsafe blocks = .allocate(capacity: blockCapacity)
  }

  /// All indices, in order.
  @inlinable
  public var indices: Range<Int> { 0..<used }

  /// An array of equal elements.
  @inlinable
  public init(repeating element: Element, count: Int) {
    self.init()
    append(repeating: element, count: count)
  }

  @inlinable
  deinit {
    for index in 0..<blockCount {
      if capacity < 1 << BlockArray.shift {
        unsafe blocks[index].deallocate()
      } else {
        unsafe block_storage_free(blocks[index], BlockArray.blockBytes)
      }
    }
    unsafe blocks.deallocate()
  }

  /// Elements of a block are 2 to the power of this: as many as take two huge pages at most.
  @usableFromInline
  static var shift: Int {
    @inline(__always) @inlinable get {
      Int.bitWidth - 1 - max(1, (4 << 20) / MemoryLayout<Element>.stride).leadingZeroBitCount
    }
  }

  @usableFromInline
  static var mask: Int {
    @inline(__always) @inlinable get { 1 << shift - 1 }
  }

  @inlinable static var blockBytes: Int { MemoryLayout<Element>.stride << shift }

  /// Elements of a first block that is the only one.
  @inlinable static var smallCapacity: Int { max(1, (1 << shift) >> 6) }

  /// The element at an index, 0..<`count`.
  @inlinable
  public subscript(index: Int) -> Element {
    @inline(__always) _read {
      precondition(contains(index))
      yield unsafe blocks[index >> BlockArray.shift][index & BlockArray.mask]
    }
    @inline(__always) _modify {
      precondition(contains(index))
      yield unsafe &blocks[index >> BlockArray.shift][index & BlockArray.mask]
    }
  }

  /// Whether there is an element at an index. One comparison; a negative index is a large one.
  @inline(__always) @inlinable
  func contains(_ index: Int) -> Bool {
    UInt(bitPattern: index) < UInt(bitPattern: used)
  }

  /// Asks for all of an element to be brought into the cache, and waits for nothing. An index that
  /// there is not is passed over.
  @inline(__always) @inlinable
  public func prefetch(_ index: Int) {
    guard contains(index) else { return }
    let element = unsafe UnsafeRawPointer(
      blocks[index >> BlockArray.shift] + index & BlockArray.mask)
    let size = MemoryLayout<Element>.stride
    var offset = 0
    while offset < size {
      unsafe block_storage_prefetch(element + offset)
      offset += BlockArray.cacheLine
    }
    // One that begins within a line may end in another.
    if BlockArray.cacheLine % size != 0, size % BlockArray.cacheLine != 0 {
      unsafe block_storage_prefetch(element + size - 1)
    }
  }

  @usableFromInline
  static var cacheLine: Int {
    @inline(__always) @inlinable get { 64 }
  }

  /// Appends an element.
  @inlinable
  public mutating func append(_ element: Element) {
    if used == capacity { grow() }
    unsafe (blocks[used >> BlockArray.shift] + used & BlockArray.mask).initialize(to: element)
    used += 1
  }

  /// Appends some equal elements.
  @inlinable
  public mutating func append(repeating element: Element, count elements: Int) {
    var remaining = elements
    while remaining > 0 {
      if used == capacity { grow() }
      let first = used & BlockArray.mask
      let some = min(remaining, capacity - used, 1 << BlockArray.shift - first)
      unsafe (blocks[used >> BlockArray.shift] + first).initialize(repeating: element, count: some)
      used += some
      remaining -= some
    }
  }

  /// Takes out the last `elements`, 0...`count`, and keeps their room.
  @inlinable
  public mutating func removeLast(_ elements: Int) {
    precondition(elements >= 0 && elements <= used)
    used -= elements
  }

  /// Takes all elements out and keeps their room.
  @inlinable
  public mutating func removeAll() {
    used = 0
  }

  @inlinable @inline(never)
  mutating func grow() {
    if capacity == 0, BlockArray.smallCapacity < 1 << BlockArray.shift {
      capacity = BlockArray.smallCapacity
      unsafe blocks[0] = .allocate(capacity: capacity)
      blockCount = 1
      return
    }
    guard let memory = unsafe block_storage_allocate(BlockArray.blockBytes) else {
      fatalError(
        "out of memory: no block of \(BlockArray.blockBytes) bytes; --max-memory bounds what is held"
      )
    }
    let block = unsafe memory.bindMemory(to: Element.self, capacity: 1 << BlockArray.shift)
    if capacity > 0, capacity < 1 << BlockArray.shift {
      unsafe block.initialize(from: blocks[0], count: used)
      unsafe blocks[0].deallocate()
      unsafe blocks[0] = block
    } else {
      if blockCount == blockCapacity { growDirectory() }
      unsafe blocks[blockCount] = block
      blockCount += 1
    }
    capacity = blockCount << BlockArray.shift
  }

  @inlinable
  mutating func growDirectory() {
    let old = unsafe blocks
    blockCapacity *= 2
    unsafe blocks = .allocate(capacity: blockCapacity)
    unsafe blocks.initialize(from: old, count: blockCount)
    unsafe old.deallocate()
  }
}

extension BlockArray where Element: FixedWidthInteger {
  /// An array of zeros. Whole blocks come as such and are not touched.
  @inlinable
  public init(zeros count: Int) {
    self.init()
    while used < count {
      if used == capacity { grow() }
      if capacity < 1 << BlockArray.shift {
        append(repeating: 0, count: min(count, capacity) - used)
      } else {
        used = min(count, capacity)
      }
    }
  }
}
