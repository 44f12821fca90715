public import PacketDecoding

/// The 4-tuple of a connection, the same for both directions: the lower of the two sockets first.
public struct FlowKey: Hashable, Sendable, BitwiseCopyable {
  public var lowAddress: IPAddress
  public var highAddress: IPAddress
  public var lowPort: UInt16
  public var highPort: UInt16

  /// Address and port of one of the two sockets.
  @inlinable
  public func socket(isLow: Bool) -> (address: IPAddress, port: UInt16) {
    isLow ? (lowAddress, lowPort) : (highAddress, highPort)
  }

  /// The key of a segment, and whether its source is the lower socket.
  @inline(__always)
  static func of(_ segment: Segment) -> (key: FlowKey, sourceIsLow: Bool) {
    of(
      source: segment.source, sourcePort: segment.sourcePort, destination: segment.destination,
      destinationPort: segment.destinationPort)
  }

  /// The key of a source and a destination, and whether the source is the lower socket.
  @inline(__always)
  static func of(
    source: IPAddress, sourcePort: UInt16, destination: IPAddress, destinationPort: UInt16
  ) -> (key: FlowKey, sourceIsLow: Bool) {
    let sourceIsLow: Bool
    if source.high != destination.high {
      sourceIsLow = source.high < destination.high
    } else if source.low != destination.low {
      sourceIsLow = source.low < destination.low
    } else {
      sourceIsLow = sourcePort <= destinationPort
    }
    return sourceIsLow
      ? (
        FlowKey(
          lowAddress: source, highAddress: destination, lowPort: sourcePort,
          highPort: destinationPort), true
      )
      : (
        FlowKey(
          lowAddress: destination, highAddress: source, lowPort: destinationPort,
          highPort: sourcePort), false
      )
  }

  /// Whether the lower socket of the key is the source of a segment; nil if the segment has another
  /// key.
  @inline(__always)
  func sourceIsLow(of segment: inout Segment) -> Bool? {
    if segment.source == lowAddress, segment.sourcePort == lowPort {
      return segment.destination == highAddress && segment.destinationPort == highPort ? true : nil
    }
    return segment.source == highAddress && segment.sourcePort == highPort
      && segment.destination == lowAddress && segment.destinationPort == lowPort ? false : nil
  }

  /// Whether both ends are the same socket.
  public var isSelf: Bool { lowAddress == highAddress && lowPort == highPort }

  /// A hash of the whole tuple under a secret seed, so that nobody outside can choose tuples that
  /// collide.
  @inline(__always)
  func tag(seed: HashSeed) -> UInt32 {
    FlowKey.tag(
      FlowKey.mix(lowAddress, lowPort, seed), FlowKey.mix(highAddress, highPort, seed), seed)
  }

  /// The tag of the key of a segment.
  @inline(__always)
  static func tag(of segment: inout Segment, seed: HashSeed) -> UInt32 {
    tag(
      mix(segment.source, segment.sourcePort, seed),
      mix(segment.destination, segment.destinationPort, seed), seed)
  }

  /// Both sockets in one, whichever comes first.
  @inline(__always)
  private static func tag(_ one: UInt64, _ other: UInt64, _ seed: HashSeed) -> UInt32 {
    let both = fold((one &+ other) ^ seed.third, (one ^ other) ^ seed.first)
    return UInt32(truncatingIfNeeded: both >> 32)
  }

  /// A socket in a word: a 64×64-bit multiplication folded to 64 bits, each operand mixed with a secret
  /// word.
  @inline(__always)
  private static func mix(_ address: IPAddress, _ port: UInt16, _ seed: HashSeed) -> UInt64 {
    fold(
      address.low ^ seed.first, address.high ^ seed.second ^ UInt64(port) &* 0x1_0000_0001_0001)
  }

  @inline(__always)
  private static func fold(_ left: UInt64, _ right: UInt64) -> UInt64 {
    let product = left.multipliedFullWidth(by: right)
    return product.high ^ product.low
  }
}

/// The secret words of a flow table's hash. Results never depend on them.
public struct HashSeed: Sendable, BitwiseCopyable {
  package private(set) var first: UInt64
  package private(set) var second: UInt64
  package private(set) var third: UInt64

  /// Makes a seed from random words.
  public init(_ first: UInt64, _ second: UInt64) {
    var state = first ^ 0x9e37_79b9_7f4a_7c15
    func next() -> UInt64 {
      state = state &+ 0x9e37_79b9_7f4a_7c15 &+ second
      var word = state
      word = (word ^ (word >> 30)) &* 0xbf58_476d_1ce4_e5b9
      word = (word ^ (word >> 27)) &* 0x94d0_49bb_1331_11eb
      return (word ^ (word >> 31)) | 1
    }
    self.first = next()
    self.second = next()
    self.third = next()
  }

  /// A fixed seed, for tests and for input that nobody hostile has made.
  public static let fixed = HashSeed(0x7463_7077_6879, 0x52)
}
