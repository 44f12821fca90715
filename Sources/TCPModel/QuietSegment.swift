import PacketDecoding

/// A segment of a quiet connection in two words. Where it begins, what it acknowledges and most of
/// its timestamps follow from the segments before it.
///
///     bits  0-35  nanoseconds since the segment before     0-12  ticks since the sender's last TSval
///          36-56  frames since¹                           13-15  ticks of TSecr behind the peer's
///          57-58  the state of the checksum               16-31  bytes of payload, or how much less
///          59     it acknowledges less than was sent      32-47  window
///          60     sent by the server                      48-63  Identification
///          61-62  flags: ACK, PSH,ACK, FIN,ACK, others
///          63     another pair follows
///
/// ¹ The upper bits stand in the oddity, as those of the ticks do.
///
/// That is a `QuietOddity` and, where the bits above have no room for them, the `QuietNumbers`. Of a
/// SYN,ACK it is the oddity and the `QuietOffer`; its numbers, where there is no room, take a third.
struct QuietSegment: BitwiseCopyable {
  private var first: UInt64
  private var second: UInt64

  @inline(__always)
  init(_ pair: QuietPair) {
    first = pair.first
    second = pair.second
  }

  /// - Parameters:
  ///   - distance: How far it is from the segment before, as `distance(nanoseconds:frames:)` tells.
  ///   - flags: Their code.
  ///   - ticks: Of its TSval since the sender's last. Bits without room are left to the oddity.
  ///   - echoLag: Ticks of its TSecr behind the peer's last TSval. The same.
  ///   - lag: How much less it acknowledges than was sent; 0 where it has payload, which takes its room.
  @inline(__always)
  init(
    _ segment: Segment, isServer: Bool, distance: UInt64, flags: UInt64, ticks: UInt32,
    echoLag: UInt32, lag: UInt32, isOdd: Bool
  ) {
    first =
      distance | UInt64(segment.checksum.rawValue) << 57 | (lag != 0 ? 1 << 59 : 0)
      | (isServer ? 1 << 60 : 0) | flags << 61 | (isOdd ? 1 << 63 : 0)
    let small =
      ticks & QuietSegment.tickMask | (echoLag & QuietSegment.echoMask) << QuietSegment.tickBits
    second =
      UInt64(small) | (UInt64(segment.payloadLength) | UInt64(lag & 0xffff)) << 16
      | UInt64(segment.window) << 32 | UInt64(segment.identification) << 48
  }

  /// How far a segment is from the one before; nil if there is no room for that. Frames are given as
  /// far as there is room.
  @inline(__always)
  static func distance(nanoseconds: UInt64, frames: UInt64) -> UInt64? {
    nanoseconds >> 36 | frames >> (frameBits + QuietOddity.frameBits) == 0
      ? nanoseconds | (frames & frameMask) << 36 : nil
  }

  var pair: QuietPair { QuietPair(first: first, second: second) }

  /// Nanoseconds since the segment before.
  var pause: Int64 { Int64(first & (1 << 36 - 1)) }
  /// Frames since the segment before, as far as there is room.
  var frames: UInt64 { first >> 36 & QuietSegment.frameMask }
  var checksum: ChecksumState {
    ChecksumState(rawValue: UInt8(truncatingIfNeeded: first >> 57 & 3)) ?? .unverified
  }
  /// How much less it acknowledges than was sent, as far as there is room.
  var lag: UInt32 { first & 1 << 59 != 0 ? field : 0 }
  var payloadLength: UInt32 { first & 1 << 59 != 0 ? 0 : field }
  var isServer: Bool { first & 1 << 60 != 0 }
  /// Their code.
  var flags: UInt64 { first >> 61 & 3 }
  /// Whether it is FIN,ACK and nothing else.
  var isFIN: Bool { flags == 2 }
  /// Whether another pair follows.
  var isOdd: Bool { first & 1 << 63 != 0 }
  /// As far as there is room.
  var ticks: UInt32 { UInt32(truncatingIfNeeded: second) & QuietSegment.tickMask }
  /// As far as there is room.
  var echoLag: UInt32 { UInt32(second & 0xffff) >> QuietSegment.tickBits }
  var window: UInt16 { UInt16(truncatingIfNeeded: second >> 32) }
  var identification: UInt16 { UInt16(second >> 48) }

  private var field: UInt32 { UInt32(second >> 16 & 0xffff) }

  static var frameBits: UInt64 { 21 }
  private static var frameMask: UInt64 { 1 << frameBits - 1 }
  static var tickBits: UInt32 { 13 }
  static var tickMask: UInt32 { 1 << tickBits - 1 }
  static var echoBits: UInt32 { 3 }
  static var echoMask: UInt32 { 1 << echoBits - 1 }

  // MARK: The codes of flags

  /// Of flags that stand in the oddity.
  static var otherCode: UInt64 { 3 }

  /// 0 for ACK, 1 for PSH,ACK, 2 for FIN,ACK, else 3.
  @inline(__always)
  static func code(_ flags: TCPFlags) -> UInt64 {
    let others = UInt64(flags.rawValue ^ TCPFlags.ack.rawValue)
    return others & ~9 == 0 ? others >> 3 | (others & 1) << 1 : otherCode
  }

  /// The flags of a code but `otherCode`.
  @inline(__always)
  static func flags(_ code: UInt64) -> TCPFlags {
    TCPFlags(
      rawValue: TCPFlags.ack.rawValue | UInt16(truncatingIfNeeded: (code & 1) << 3 | code >> 1))
  }
}
