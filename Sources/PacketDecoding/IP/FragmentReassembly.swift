/// Fragmented packets that wait for their missing parts (RFC 791 §3.2, RFC 8200 §4.5).
///
/// Only the start of a packet is kept, since nothing beyond its headers is read. The table has a
/// fixed number of places: a packet whose set of places is full takes that of the one that waited
/// longest. Which one depends on the packets alone, so that equal inputs give equal results.
struct FragmentReassembly {
  /// How long a packet may wait in capture time, nanoseconds. Receivers wait 30 s (Linux) or 60 s
  /// (RFC 8200 §4.5).
  static let waitingTime: Int64 = 30_000_000_000
  /// Sets of places; a power of two.
  static let setCount = 64
  /// Places in a set.
  static let placesPerSet = 4

  /// Packets given up because they waited too long, or another needed the place.
  private(set) var abandoned: UInt64 = 0
  /// Empty until the first fragment comes.
  private var places: [PartialPacket?] = []

  /// What identifies the fragments of one packet.
  struct Key: Equatable {
    var source: IPAddress
    var destination: IPAddress
    var identification: UInt32
    /// Protocol of IPv4; 44 for IPv6, where it is no part of the identity.
    var protocolNumber: UInt8

    /// The set of places for this packet. The mix is no secret: who fills one set on purpose only
    /// drives out fragments of others.
    fileprivate var set: Int {
      var mixed = source.low &+ source.high &* 0x9e37_79b9_7f4a_7c15
      mixed = (mixed ^ mixed >> 32) &* 0xd6e8_feb8_6659_fd93
      mixed ^= destination.low &+ destination.high &* 0x9e37_79b9_7f4a_7c15
      mixed = (mixed ^ mixed >> 32) &* 0xd6e8_feb8_6659_fd93
      mixed ^= UInt64(identification) << 8 | UInt64(protocolNumber)
      mixed = (mixed ^ mixed >> 32) &* 0xd6e8_feb8_6659_fd93
      return Int(truncatingIfNeeded: mixed >> 32) & (FragmentReassembly.setCount - 1)
    }
  }

  /// Adds a fragment.
  ///
  /// - Parameters:
  ///   - part: What the header says of the fragment.
  ///   - bytes: What was captured of its payload.
  /// - Returns: The packet, when this fragment completes it.
  /// - Throws: `.badFragment` when it does not fit the others, which are forgotten then.
  mutating func add(
    _ part: FragmentPart, key: Key, bytes: Span<UInt8>, time: CaptureTime
  ) throws(DecodeProblem) -> PartialPacket? {
    if places.isEmpty {
      places = Array(repeating: nil, count: Self.setCount * Self.placesPerSet)
    }
    let place = findPlace(for: key, time: time)
    if places[place] == nil { places[place] = PartialPacket(key: key, time: time) }
    guard places[place]?.add(part, bytes: bytes) == true else {
      places[place] = nil
      throw DecodeProblem(
        layer: key.source.isIPv4 ? .ipv4 : .ipv6Extension, kind: .badFragment, offset: 0)
    }
    guard places[place]?.isComplete == true else { return nil }
    return places[place].take()
  }

  /// The place of a packet: its own, else a free one, else that of the oldest.
  private mutating func findPlace(for key: Key, time: CaptureTime) -> Int {
    let first = key.set * Self.placesPerSet
    var chosen = first
    var chosenTime = Int64.max
    for place in first..<first + Self.placesPerSet {
      guard let packet = places[place] else {
        if chosenTime != Int64.min { (chosen, chosenTime) = (place, Int64.min) }
        continue
      }
      if time.nanoseconds(since: packet.started) > Self.waitingTime {
        places[place] = nil
        abandoned += 1
        if chosenTime != Int64.min { (chosen, chosenTime) = (place, Int64.min) }
      } else if packet.key == key {
        return place
      } else if packet.started.nanoseconds < chosenTime {
        (chosen, chosenTime) = (place, packet.started.nanoseconds)
      }
    }
    if places[chosen] != nil {
      places[chosen] = nil
      abandoned += 1
    }
    return chosen
  }
}
