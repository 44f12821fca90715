import PacketDecoding

/// What of a segment's headers is the same for most of an end's segments: their bytes, IP and TCP
/// together, the hop limit, and whether there are timestamps.
struct QuietHeader: Equatable, Sendable, BitwiseCopyable {
  /// From the lowest bit: the hop limit, 8 bits; whether there are timestamps; in the upper half the
  /// length.
  var rawValue: UInt32

  @inline(__always)
  init(rawValue: UInt32) {
    self.rawValue = rawValue
  }

  @inline(__always)
  init(length: UInt32, hopLimit: UInt8, hasTimestamps: Bool) {
    rawValue = UInt32(hopLimit) | (hasTimestamps ? 1 << 8 : 0) | length << 16
  }

  @inline(__always)
  init(_ segment: Segment) {
    self.init(
      length: segment.packetLength &- segment.payloadLength, hopLimit: segment.hopLimit,
      hasTimestamps: segment.hasTimestamps)
  }

  var length: UInt32 { rawValue >> 16 }
  var hopLimit: UInt8 { UInt8(truncatingIfNeeded: rawValue) }
  var hasTimestamps: Bool { rawValue & 1 << 8 != 0 }

  /// The header to expect after a SYN that had this one: without options but timestamps.
  func afterSYN(isIPv4: Bool) -> QuietHeader {
    let length: UInt32 = (isIPv4 ? 40 : 60) + (hasTimestamps ? 12 : 0)
    return QuietHeader(rawValue: rawValue & 0xffff | length << 16)
  }
}
