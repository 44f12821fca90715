import BlockStorage

/// The quiet connections, by index from 1.
struct QuietConnections: ~Copyable {
  private var flows = Slab(placeholder: QuietFlow())
  private var syns = BlockArray(repeating: QuietSYN(), count: 1)

  /// How many there are.
  var count: Int { flows.count }

  /// Takes a connection in. Returns its index.
  @inline(__always)
  mutating func insert(_ connection: QuietConnection) -> UInt32 {
    let index = flows.insert(connection.flow)
    if Int(index) < syns.count {
      syns[Int(index)] = connection.syn
    } else {
      syns.append(connection.syn)
    }
    return index
  }

  /// Lets one go. Its index must not be used until `insert` returns it again.
  mutating func remove(_ index: UInt32) {
    flows.remove(index)
  }

  /// What is needed of one for each of its segments.
  subscript(index: UInt32) -> QuietFlow {
    @inline(__always) _read { yield flows[index] }
    @inline(__always) _modify { yield &flows[index] }
  }

  /// All of one.
  @inline(__always)
  func whole(_ index: UInt32) -> QuietConnection {
    QuietConnection(flows[index], syns[Int(index)])
  }

  /// Brings into the cache what is needed of one for each of its segments.
  @inline(__always)
  func prefetch(_ index: UInt32) { flows.prefetch(index) }

  /// The same of the rest.
  @inline(__always)
  func prefetchSYN(_ index: UInt32) { syns.prefetch(Int(index)) }
}
