public import PacketDecoding

/// A connection that the tracker lets go, with what it kept of it.
public struct TrackedConnection: Sendable {
  public var connection: Connection
  /// The segments that open, close or disturb it, in order of capture.
  public var segments: [SegmentRecord]
  /// Changes of state in the order in which they were concluded.
  public var transitions: [Transition]
  /// What it met when it took a 4-tuple that was still remembered.
  public var previous: PreviousIncarnation? {
    get { previousIfAny.first }
    set { previousIfAny = newValue.map { [$0] } ?? [] }
  }
  /// The ICMP errors about it, a few at most.
  public var icmpErrors: [ICMPError]
  /// Waits measured at its ends; nil unless the connection has the trait `.measured`.
  public var stalls: StallMeters? {
    get { stallsIfAny.first }
    set { stallsIfAny = newValue.map { [$0] } ?? [] }
  }

  // Rare and large, so not in line.
  private var previousIfAny: [PreviousIncarnation] = []
  private var stallsIfAny: [StallMeters] = []

  public init(
    connection: Connection, segments: [SegmentRecord], transitions: [Transition],
    previous: PreviousIncarnation?, icmpErrors: [ICMPError], stalls: StallMeters? = nil
  ) {
    self.connection = connection
    self.segments = segments
    self.transitions = transitions
    self.icmpErrors = icmpErrors
    if let previous { previousIfAny = [previous] }
    if let stalls { stallsIfAny = [stalls] }
  }
}

/// What `ConnectionTracker.nextSettled` went on to. Without the connection itself, which is large and
/// wanted in full only where something happened.
public enum SettledConnection: Sendable {
  /// No connection is done.
  case nothing
  /// One of which the brief is enough: `ConnectionTracker.brief`, and `line` where that was asked for.
  case brief
  /// One whose history is not wanted: `ConnectionTracker.summary`.
  case summary
  /// One with its history: `ConnectionTracker.takeHistory()`.
  case history
}
