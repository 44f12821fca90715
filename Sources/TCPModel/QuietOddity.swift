import PacketDecoding

/// What is not as expected of a segment.
struct QuietOddity: BitwiseCopyable {
  /// From the lowest bit: the header, 32 bits; the upper bits of the ticks, 19; the flags, 8; whether
  /// the acknowledgment and TSecr follow; the upper bits of the frames, 4.
  var rawValue: UInt64

  @inline(__always)
  init(rawValue: UInt64) {
    self.rawValue = rawValue
  }

  @inline(__always)
  init(header: QuietHeader, flags: TCPFlags, ticks: UInt32, hasNumbers: Bool, frames: UInt64) {
    rawValue =
      UInt64(header.rawValue) | UInt64(ticks >> QuietSegment.tickBits) << 32
      | UInt64(flags.rawValue & 0xff) << 51 | (hasNumbers ? 1 << 59 : 0)
      | (frames >> QuietSegment.frameBits) << 60
  }

  var header: QuietHeader { QuietHeader(rawValue: UInt32(truncatingIfNeeded: rawValue)) }
  /// Those bits of the ticks that a `QuietSegment` has no room for.
  var ticks: UInt32 { UInt32(rawValue >> 32 & 0x7_ffff) << QuietSegment.tickBits }
  var flags: TCPFlags { TCPFlags(rawValue: UInt16(rawValue >> 51 & 0xff)) }
  var hasNumbers: Bool { rawValue & 1 << 59 != 0 }
  /// Those bits of the frames that a `QuietSegment` has no room for.
  var frames: UInt64 { (rawValue >> 60) << QuietSegment.frameBits }

  static var frameBits: UInt64 { 4 }
}

/// What a segment acknowledges and echoes, in a word.
struct QuietNumbers: BitwiseCopyable {
  var rawValue: UInt64

  init(rawValue: UInt64) {
    self.rawValue = rawValue
  }

  init(_ segment: Segment) {
    rawValue = UInt64(segment.acknowledgment) << 32 | UInt64(segment.timestampEchoReply)
  }

  var acknowledgment: UInt32 { UInt32(rawValue >> 32) }
  var timestampEchoReply: UInt32 { UInt32(truncatingIfNeeded: rawValue) }
}

/// What only a SYN,ACK says, in a word.
struct QuietOffer: BitwiseCopyable {
  var rawValue: UInt64

  init(rawValue: UInt64) {
    self.rawValue = rawValue
  }

  init(_ segment: Segment) {
    rawValue =
      UInt64(segment.sequence) << 32 | UInt64(segment.windowShift) << 24
      | UInt64(segment.options.rawValue & 0xff) << 16 | UInt64(segment.maximumSegmentSize)
  }

  var sequence: UInt32 { UInt32(rawValue >> 32) }
  var windowShift: UInt8 { UInt8(truncatingIfNeeded: rawValue >> 24) }
  var options: TCPOptionKinds { TCPOptionKinds(rawValue: UInt16(rawValue >> 16 & 0xff)) }
  var maximumSegmentSize: UInt16 { UInt16(truncatingIfNeeded: rawValue) }
}
