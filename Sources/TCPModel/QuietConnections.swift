import PacketDecoding

/// The quiet connections, by index from 1, with their addresses.
struct QuietConnections: ~Copyable {
  private var connections = Slab(placeholder: QuietConnection())
  /// Those that are not both of IPv4.
  private var addresses = Slab(placeholder: AddressPair())

  /// How many there are.
  var count: Int { connections.count }

  /// Bytes that they take.
  var bytes: Int {
    connections.count &* MemoryLayout<QuietConnection>.stride
      &+ addresses.count &* MemoryLayout<AddressPair>.stride
  }

  /// Takes a connection in. Returns its index.
  @inline(__always)
  mutating func insert(_ connection: QuietConnection, _ key: FlowKey) -> UInt32 {
    let index = connections.insert(connection)
    if !connection.isIPv4 {
      connections[index].lowAddress = addresses.insert(
        AddressPair(low: key.lowAddress, high: key.highAddress))
    }
    return index
  }

  /// Lets one go. Its index must not be used until `insert` returns it again.
  mutating func remove(_ index: UInt32) {
    if !connections[index].isIPv4 { addresses.remove(connections[index].lowAddress) }
    connections.remove(index)
  }

  subscript(index: UInt32) -> QuietConnection {
    @inline(__always) _read { yield connections[index] }
    @inline(__always) _modify { yield &connections[index] }
  }

  /// The key of one.
  @inline(__always)
  func key(_ index: UInt32) -> FlowKey {
    let lowPort = connections[index].lowPort
    let highPort = connections[index].highPort
    if connections[index].isIPv4 {
      return FlowKey(
        lowAddress: IPAddress(ipv4: connections[index].lowAddress),
        highAddress: IPAddress(ipv4: connections[index].highAddress), lowPort: lowPort,
        highPort: highPort)
    }
    let pair = addresses[connections[index].lowAddress]
    return FlowKey(
      lowAddress: pair.low, highAddress: pair.high, lowPort: lowPort, highPort: highPort)
  }

  /// Whether the lower socket of one is the source of a segment; nil if the segment has another key.
  @inline(__always)
  func sourceIsLow(of segment: inout Segment, _ index: UInt32) -> Bool? {
    key(index).sourceIsLow(of: &segment)
  }

  /// Brings one into the cache.
  @inline(__always)
  func prefetch(_ index: UInt32) { connections.prefetch(index) }
}

/// The addresses of a key. Not nested, nor private: see `PoolNode`.
struct AddressPair: BitwiseCopyable {
  var low = IPAddress.unspecified
  var high = IPAddress.unspecified
}
