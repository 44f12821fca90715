public import PacketDecoding

/// A connection that the tracker lets go, with what it kept of it.
public struct TrackedConnection: Sendable {
  public var connection: Connection
  /// The segments that open, close or disturb it, in order of capture.
  public var segments: [SegmentRecord]
  /// Changes of state in the order in which they were concluded.
  public var transitions: [Transition]
  /// What it met when it took a 4-tuple that was still remembered.
  public var previous: PreviousIncarnation?
  /// The ICMP errors about it, a few at most.
  public var icmpErrors: [ICMPError]
  /// Waits measured at its ends; nil unless the connection has the trait `.measured`.
  public var stalls: StallMeters?

  public init(
    connection: Connection, segments: [SegmentRecord], transitions: [Transition],
    previous: PreviousIncarnation?, icmpErrors: [ICMPError], stalls: StallMeters? = nil
  ) {
    self.connection = connection
    self.segments = segments
    self.transitions = transitions
    self.previous = previous
    self.icmpErrors = icmpErrors
    self.stalls = stalls
  }
}
