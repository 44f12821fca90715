/// One TCP segment as it passed the point of capture: everything later stages need, by value.
///
/// Decoding never judges: SYN with FIN, port 0 and a window of nonsense are representable. All
/// numbers are in host byte order.
public struct Segment: Sendable, BitwiseCopyable {
  // MARK: The frame

  /// Position of the frame in the whole input, from 1. A fragmented segment carries the number of
  /// the frame that completed it.
  public var frame: UInt64 = 0
  /// When that frame passed.
  public var time = CaptureTime.epoch
  /// The interface it was seen on.
  public var interface: UInt32 = 0

  // MARK: IP

  /// Source address of the innermost IP header.
  public var source = IPAddress.unspecified
  /// Destination address of the innermost IP header.
  public var destination = IPAddress.unspecified
  /// IPv4 Identification (RFC 791 §3.1); 0 for IPv6.
  public var identification: UInt16 = 0
  /// IPv4 Time to Live or IPv6 Hop Limit.
  public var hopLimit: UInt8 = 0
  /// The two ECN bits of the IP header (RFC 3168 §5).
  public var explicitCongestion: UInt8 = 0

  // MARK: TCP

  public var sourcePort: UInt16 = 0
  public var destinationPort: UInt16 = 0
  /// SEG.SEQ, the raw number of the wire.
  public var sequence: UInt32 = 0
  /// SEG.ACK, meaningful when `flags` has `.ack`.
  public var acknowledgment: UInt32 = 0
  public var flags: TCPFlags = []
  /// The window field, unscaled.
  public var window: UInt16 = 0
  public var urgentPointer: UInt16 = 0
  /// Bytes of payload the segment carried on the wire, computed from the IP length (from the
  /// frame's original length where segmentation offload left the IP length 0). Not what was
  /// captured.
  public var payloadLength: UInt32 = 0
  /// Bytes of the whole IP packet on the wire.
  public var packetLength: UInt32 = 0

  // MARK: TCP options

  /// Which options the header carried.
  public var options: TCPOptionKinds = []
  /// TSval of the timestamps option (RFC 7323 §3).
  public var timestampValue: UInt32 = 0
  /// TSecr of the timestamps option.
  public var timestampEchoReply: UInt32 = 0
  /// Maximum segment size (RFC 9293 §3.7.1), bytes.
  public var maximumSegmentSize: UInt16 = 0
  /// Shift count of the window scale option (RFC 7323 §2), as sent: 0...255.
  public var windowShift: UInt8 = 0
  /// How many SACK blocks the header carried, 0...4.
  public var sackCount: UInt8 = 0
  /// The SACK blocks in their order (RFC 2018 §3); the first may be a D-SACK (RFC 2883).
  public var sackBlocks = SACKBlocks(repeating: SACKBlock(left: 0, right: 0))
  /// Bytes of the Fast Open cookie, 0 when it is a request (RFC 7413 §4.1.1).
  public var fastOpenCookieLength: UInt8 = 0
  /// MPTCP subtype (RFC 8684 §3), 0...15.
  public var multipathSubtype: UInt8 = 0

  // MARK: What the capture lets us know

  /// What the TCP checksum says.
  public var checksum = ChecksumState.unverified
  /// Where the bytes ended before the header did.
  public var truncation = SegmentTruncation.none

  @inlinable
  public init() {}

  /// Sequence space the segment occupies: payload plus one for SYN and one for FIN (SEG.LEN).
  @inlinable
  public var sequenceLength: UInt32 {
    payloadLength &+ (flags.contains(.syn) ? 1 : 0) &+ (flags.contains(.fin) ? 1 : 0)
  }

  /// Whether the timestamps option was present and whole.
  @inlinable
  public var hasTimestamps: Bool { options.contains(.timestamps) }
}

/// One block of a SACK option: the half-open range [left, right) of received bytes.
public struct SACKBlock: Sendable, BitwiseCopyable, Equatable {
  public var left: UInt32
  public var right: UInt32

  @inlinable
  public init(left: UInt32, right: UInt32) {
    self.left = left
    self.right = right
  }
}

/// Room for the four blocks that fit into a header (RFC 2018 §3).
public typealias SACKBlocks = InlineArray<4, SACKBlock>

/// What the TCP checksum of a segment says about it.
public enum ChecksumState: UInt8, Sendable, BitwiseCopyable {
  /// Not all of the segment was captured, or it was a fragment: it cannot be said.
  case unverified
  /// Right.
  case valid
  /// The sum of the pseudo-header alone, or 0: left to the network card by the sending host, on
  /// which the capture was taken. Says nothing against the segment.
  case offloaded
  /// Wrong: the receiver will drop the segment.
  case invalid
}

/// Where the captured bytes of a segment ended.
public enum SegmentTruncation: UInt8, Sendable, BitwiseCopyable {
  /// Header and options are whole; payload may have been cut.
  case none
  /// Ports and sequence numbers and flags are there, some options are not.
  case options
  /// The fixed header itself was cut after the flags and the window.
  case header
}

/// The options a TCP header carried.
public struct TCPOptionKinds: OptionSet, Sendable, BitwiseCopyable {
  public var rawValue: UInt16

  @inlinable
  public init(rawValue: UInt16) {
    self.rawValue = rawValue
  }

  /// Kind 2 (RFC 9293 §3.7.1).
  @inlinable public static var maximumSegmentSize: TCPOptionKinds {
    TCPOptionKinds(rawValue: 1 << 0)
  }
  /// Kind 3 (RFC 7323 §2).
  @inlinable public static var windowScale: TCPOptionKinds { TCPOptionKinds(rawValue: 1 << 1) }
  /// Kind 4 (RFC 2018 §2).
  @inlinable public static var sackPermitted: TCPOptionKinds { TCPOptionKinds(rawValue: 1 << 2) }
  /// Kind 5 (RFC 2018 §3).
  @inlinable public static var sack: TCPOptionKinds { TCPOptionKinds(rawValue: 1 << 3) }
  /// Kind 8 (RFC 7323 §3).
  @inlinable public static var timestamps: TCPOptionKinds { TCPOptionKinds(rawValue: 1 << 4) }
  /// Kind 34 (RFC 7413), or the experimental kind 254 with its identifier.
  @inlinable public static var fastOpen: TCPOptionKinds { TCPOptionKinds(rawValue: 1 << 5) }
  /// Kind 30 (RFC 8684).
  @inlinable public static var multipath: TCPOptionKinds { TCPOptionKinds(rawValue: 1 << 6) }
  /// Kind 19 (RFC 2385).
  @inlinable public static var md5Signature: TCPOptionKinds { TCPOptionKinds(rawValue: 1 << 7) }
  /// Kind 29 (RFC 5925).
  @inlinable public static var authentication: TCPOptionKinds { TCPOptionKinds(rawValue: 1 << 8) }
  /// Kind 28 (RFC 5482).
  @inlinable public static var userTimeout: TCPOptionKinds { TCPOptionKinds(rawValue: 1 << 9) }
  /// Kinds 172 and 174 (RFC 9768).
  @inlinable public static var accurateECN: TCPOptionKinds { TCPOptionKinds(rawValue: 1 << 10) }
  /// Any other kind.
  @inlinable public static var unknown: TCPOptionKinds { TCPOptionKinds(rawValue: 1 << 14) }
  /// A length that does not fit. One that leads nowhere ended the walk, what came before holds; a
  /// known kind of the wrong length was passed over. Alone when the data offset itself is
  /// impossible: options and payload are unknown then.
  @inlinable public static var malformed: TCPOptionKinds { TCPOptionKinds(rawValue: 1 << 15) }
}
