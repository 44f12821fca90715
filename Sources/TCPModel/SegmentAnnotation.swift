/// What the tracker noticed about a segment, beyond its header.
public struct SegmentAnnotations: OptionSet, Sendable, BitwiseCopyable {
  public var rawValue: UInt32

  @inlinable
  public init(rawValue: UInt32) {
    self.rawValue = rawValue
  }

  /// Its sequence range had been sent before.
  @inlinable public static var retransmission: SegmentAnnotations {
    SegmentAnnotations(rawValue: 1 << 0)
  }
  /// What it repeats had been acknowledged when it passed.
  @inlinable public static var spurious: SegmentAnnotations { SegmentAnnotations(rawValue: 1 << 1) }
  /// It fills a hole left by segments that overtook it.
  @inlinable public static var outOfOrder: SegmentAnnotations {
    SegmentAnnotations(rawValue: 1 << 2)
  }
  /// It repeats the last acknowledgment while data is outstanding.
  @inlinable public static var duplicateAcknowledgment: SegmentAnnotations {
    SegmentAnnotations(rawValue: 1 << 3)
  }
  /// A keep-alive probe (RFC 9293 §3.8.4).
  @inlinable public static var keepAlive: SegmentAnnotations {
    SegmentAnnotations(rawValue: 1 << 4)
  }
  /// It offers a window of zero.
  @inlinable public static var zeroWindow: SegmentAnnotations {
    SegmentAnnotations(rawValue: 1 << 5)
  }
  /// A probe of a closed window (RFC 9293 §3.8.6.1).
  @inlinable public static var windowProbe: SegmentAnnotations {
    SegmentAnnotations(rawValue: 1 << 6)
  }
  /// The same frame seen again because of where the capture was taken; not processed.
  @inlinable public static var captureDuplicate: SegmentAnnotations {
    SegmentAnnotations(rawValue: 1 << 7)
  }
  /// Its checksum is wrong: it does not arrive; not processed.
  @inlinable public static var invalidChecksum: SegmentAnnotations {
    SegmentAnnotations(rawValue: 1 << 8)
  }
  /// It lies outside the receiver's window (RFC 9293 §3.10.7.4, first check).
  @inlinable public static var unacceptable: SegmentAnnotations {
    SegmentAnnotations(rawValue: 1 << 9)
  }
  /// Its TSval is older than what the receiver has (PAWS, RFC 7323 §5.3, R1).
  @inlinable public static var oldTimestamp: SegmentAnnotations {
    SegmentAnnotations(rawValue: 1 << 10)
  }
  /// It belongs to the previous incarnation of the 4-tuple.
  @inlinable public static var previousIncarnation: SegmentAnnotations {
    SegmentAnnotations(rawValue: 1 << 11)
  }
  /// In SYN-SENT: its ACK does not acknowledge the SYN (RFC 9293 §3.10.7.3, first check).
  @inlinable public static var unacceptableAcknowledgment: SegmentAnnotations {
    SegmentAnnotations(rawValue: 1 << 12)
  }
  /// In SYN-SENT: its TSecr is none that the attempt sent.
  @inlinable public static var unacceptableEcho: SegmentAnnotations {
    SegmentAnnotations(rawValue: 1 << 13)
  }
  /// A RST that its receiver need not accept (RFC 5961 §3.2).
  @inlinable public static var ignoredReset: SegmentAnnotations {
    SegmentAnnotations(rawValue: 1 << 14)
  }
  /// A RST that does not look like the endpoint's own.
  @inlinable public static var doubtfulReset: SegmentAnnotations {
    SegmentAnnotations(rawValue: 1 << 15)
  }
  /// It acknowledges data that the capture does not contain.
  @inlinable public static var acknowledgesUnseen: SegmentAnnotations {
    SegmentAnnotations(rawValue: 1 << 16)
  }
  /// It starts beyond the end of what was seen: the capture lacks segments, or they come later.
  @inlinable public static var gap: SegmentAnnotations { SegmentAnnotations(rawValue: 1 << 17) }
  /// It showed that an earlier transition had not happened.
  @inlinable public static var revokes: SegmentAnnotations { SegmentAnnotations(rawValue: 1 << 18) }
  /// A SYN, SYN,ACK or FIN sent again.
  @inlinable public static var repeated: SegmentAnnotations {
    SegmentAnnotations(rawValue: 1 << 19)
  }
  /// It moved an endpoint to another state.
  @inlinable public static var moves: SegmentAnnotations { SegmentAnnotations(rawValue: 1 << 20) }
  /// The first segment after its sender had been CLOSED by a RST.
  @inlinable public static var resurrects: SegmentAnnotations {
    SegmentAnnotations(rawValue: 1 << 21)
  }
  /// A pure ACK that answers a SYN or RST its sender must not take (RFC 5961 §3.2, §4.2).
  @inlinable public static var challenge: SegmentAnnotations {
    SegmentAnnotations(rawValue: 1 << 22)
  }
  /// Its first SACK block reports a duplicate (RFC 2883).
  @inlinable public static var duplicateReport: SegmentAnnotations {
    SegmentAnnotations(rawValue: 1 << 23)
  }
  /// Its TSval lies behind an earlier one of the same sender by more than reordering explains.
  @inlinable public static var timestampRegression: SegmentAnnotations {
    SegmentAnnotations(rawValue: 1 << 24)
  }
  /// The first segment after a long silence of the connection.
  @inlinable public static var afterIdle: SegmentAnnotations {
    SegmentAnnotations(rawValue: 1 << 25)
  }
}
