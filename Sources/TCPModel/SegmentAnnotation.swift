/// What the tracker noticed about a segment, beyond its header.
public struct SegmentAnnotations: OptionSet, Sendable, BitwiseCopyable {
  public var rawValue: UInt32

  @inlinable
  public init(rawValue: UInt32) {
    self.rawValue = rawValue
  }

  /// Its sequence range had been sent before.
  public static let retransmission = SegmentAnnotations(rawValue: 1 << 0)
  /// What it repeats had been acknowledged when it passed.
  public static let spurious = SegmentAnnotations(rawValue: 1 << 1)
  /// It fills a hole left by segments that overtook it.
  public static let outOfOrder = SegmentAnnotations(rawValue: 1 << 2)
  /// It repeats the last acknowledgment while data is outstanding.
  public static let duplicateAcknowledgment = SegmentAnnotations(rawValue: 1 << 3)
  /// A keep-alive probe (RFC 9293 §3.8.4).
  public static let keepAlive = SegmentAnnotations(rawValue: 1 << 4)
  /// It offers a window of zero.
  public static let zeroWindow = SegmentAnnotations(rawValue: 1 << 5)
  /// A probe of a closed window (RFC 9293 §3.8.6.1).
  public static let windowProbe = SegmentAnnotations(rawValue: 1 << 6)
  /// The same frame seen again because of where the capture was taken; not processed.
  public static let captureDuplicate = SegmentAnnotations(rawValue: 1 << 7)
  /// Its checksum is wrong: it does not arrive; not processed.
  public static let invalidChecksum = SegmentAnnotations(rawValue: 1 << 8)
  /// It lies outside the receiver's window (RFC 9293 §3.10.7.4, first check).
  public static let unacceptable = SegmentAnnotations(rawValue: 1 << 9)
  /// Its TSval is older than what the receiver has (PAWS, RFC 7323 §5).
  public static let oldTimestamp = SegmentAnnotations(rawValue: 1 << 10)
  /// It belongs to the previous incarnation of the 4-tuple.
  public static let previousIncarnation = SegmentAnnotations(rawValue: 1 << 11)
  /// In SYN-SENT: its ACK does not acknowledge the SYN (RFC 9293 §3.10.7.3, first check).
  public static let unacceptableAcknowledgment = SegmentAnnotations(rawValue: 1 << 12)
  /// In SYN-SENT: its TSecr is none that the attempt sent.
  public static let unacceptableEcho = SegmentAnnotations(rawValue: 1 << 13)
  /// A RST that its receiver need not accept (RFC 5961 §3.2).
  public static let ignoredReset = SegmentAnnotations(rawValue: 1 << 14)
  /// A RST that does not look like the endpoint's own.
  public static let doubtfulReset = SegmentAnnotations(rawValue: 1 << 15)
  /// It acknowledges data that the capture does not contain.
  public static let acknowledgesUnseen = SegmentAnnotations(rawValue: 1 << 16)
  /// It starts beyond the end of what was seen: the capture lacks segments, or they come later.
  public static let gap = SegmentAnnotations(rawValue: 1 << 17)
  /// It showed that an earlier transition had not happened.
  public static let revokes = SegmentAnnotations(rawValue: 1 << 18)
  /// A SYN, SYN,ACK or FIN sent again.
  public static let repeated = SegmentAnnotations(rawValue: 1 << 19)
  /// It moved an endpoint to another state.
  public static let moves = SegmentAnnotations(rawValue: 1 << 20)
  /// The first segment after its sender had been CLOSED by a RST.
  public static let resurrects = SegmentAnnotations(rawValue: 1 << 21)
  /// A pure ACK that answers an unacceptable segment, SYN or RST (RFC 5961).
  public static let challenge = SegmentAnnotations(rawValue: 1 << 22)
  /// Its first SACK block reports a duplicate (RFC 2883).
  public static let duplicateReport = SegmentAnnotations(rawValue: 1 << 23)
  /// Its TSval lies behind an earlier one of the same sender by more than reordering explains.
  public static let timestampRegression = SegmentAnnotations(rawValue: 1 << 24)
  /// The first segment after a long silence of the connection.
  public static let afterIdle = SegmentAnnotations(rawValue: 1 << 25)
}
