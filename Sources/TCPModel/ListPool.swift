import BlockStorage

/// A value and the index of the one after it, 0 at the end. Not nested in `ListPool` and not private:
/// Swift 6.3.1 aborts on that in debug builds ("Global is external, but doesn't have external or weak
/// linkage").
struct PoolNode<Value: BitwiseCopyable>: BitwiseCopyable {
  var value: Value
  var next: UInt32
}

/// The nodes of many short lists. Free nodes form a list of their own, so that a whole
/// list is given back at once, without a walk over memory that may be cold. Index 0 means "none".
struct ListPool<Value: BitwiseCopyable>: ~Copyable {
  private var nodes = BlockArray<PoolNode<Value>>()
  private var firstFree: UInt32 = 0
  private var count = 0

  /// Bytes of the nodes in use.
  var bytes: Int { count &* MemoryLayout<PoolNode<Value>>.stride }

  init(placeholder: Value) {
    nodes.append(PoolNode(value: placeholder, next: 0))
  }

  private mutating func take(_ value: Value) -> UInt32 {
    count &+= 1
    guard firstFree != 0 else {
      nodes.append(PoolNode(value: value, next: 0))
      return UInt32(truncatingIfNeeded: nodes.count - 1)
    }
    let index = firstFree
    firstFree = nodes[Int(index)].next
    nodes[Int(index)] = PoolNode(value: value, next: 0)
    return index
  }

  private mutating func give(_ index: UInt32) {
    count &-= 1
    nodes[Int(index)].next = firstFree
    firstFree = index
  }

  /// Appends to a list. Once the list holds `limit` elements, the one in its middle that has been
  /// there longest goes: the beginning and the end are kept.
  mutating func append(_ value: Value, to list: inout PooledList, limit: UInt32) {
    let index = take(value)
    if list.last == 0 {
      list.first = index
    } else {
      nodes[Int(list.last)].next = index
    }
    list.last = index
    list.count += 1
    if list.count == limit / 2 { list.pivot = index }
    guard list.count > limit, list.pivot != 0 else { return }
    let dropped = nodes[Int(list.pivot)].next
    guard dropped != 0, dropped != list.last else { return }
    nodes[Int(list.pivot)].next = nodes[Int(dropped)].next
    give(dropped)
    list.count -= 1
  }

  /// The index after `index` in its list, 0 at the end.
  func next(_ index: UInt32) -> UInt32 { nodes[Int(index)].next }

  /// The value at an index of a list.
  subscript(index: UInt32) -> Value {
    _read { yield nodes[Int(index)].value }
    _modify { yield &nodes[Int(index)].value }
  }

  /// The elements of a list, in order.
  func elements(of list: PooledList) -> [Value] {
    var values: [Value] = []
    values.reserveCapacity(Int(list.count))
    var index = list.first
    while index != 0 {
      values.append(nodes[Int(index)].value)
      index = nodes[Int(index)].next
    }
    return values
  }

  /// A copy of a list of another pool.
  mutating func copy(_ list: PooledList, of other: borrowing ListPool) -> PooledList {
    var copy = PooledList()
    var index = list.first
    while index != 0 {
      append(other[index], to: &copy, limit: .max)
      if index == list.pivot { copy.pivot = copy.last }
      index = other.next(index)
    }
    return copy
  }

  /// Gives a whole list back.
  mutating func removeAll(_ list: inout PooledList) {
    count &-= Int(list.count)
    if list.first != 0 {
      nodes[Int(list.last)].next = firstFree
      firstFree = list.first
    }
    list = PooledList()
  }
}
