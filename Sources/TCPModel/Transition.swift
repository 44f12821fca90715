public import PacketDecoding

/// One of the two ends of a connection.
public enum Side: UInt8, Sendable, BitwiseCopyable, CaseIterable {
  /// The end that sent the first SYN; a guess when none was seen.
  case client
  case server

  /// The other end.
  @inlinable
  public var peer: Side { self == .client ? .server : .client }
}

extension Side: CustomStringConvertible {
  public var description: String { self == .client ? "client" : "server" }
}

/// Why a transition is believed.
public enum Evidence: UInt8, Sendable, BitwiseCopyable {
  /// The endpoint's own segment proves it.
  case sent
  /// A segment passed that moves the endpoint if it arrives.
  case received
  /// No segment: a timer of the endpoint ran out at the time given.
  case timer
  /// The capture began in mid-connection, or a segment is missing from it.
  case assumed
}

extension Evidence: CustomStringConvertible {
  public var description: String {
    switch self {
    case .sent: "sent"
    case .received: "received"
    case .timer: "timer"
    case .assumed: "assumed"
    }
  }
}

/// A change of state of one endpoint, and why it is believed.
public struct Transition: Sendable, BitwiseCopyable {
  public internal(set) var endpoint: Side
  public internal(set) var from: TCPState
  public internal(set) var to: TCPState
  public internal(set) var evidence: Evidence
  /// When the segment passed, or the timer ran out.
  public internal(set) var time: CaptureTime
  /// The frame of that segment; 0 for timers.
  public internal(set) var frame: UInt64
  /// The frame of a later segment of this endpoint that proves a `received` transition; 0 if none.
  public internal(set) var confirmedBy: UInt64 = 0
  /// The frame that showed that the transition did not happen; 0 if none.
  public internal(set) var revokedBy: UInt64 = 0

  var proof = TransitionProof()

  init(
    endpoint: Side, from: TCPState, to: TCPState, evidence: Evidence, time: CaptureTime,
    frame: UInt64
  ) {
    self.endpoint = endpoint
    self.from = from
    self.to = to
    self.evidence = evidence
    self.time = time
    self.frame = frame
  }
}

/// How it shows that an endpoint has received the segment that moved it.
struct TransitionProof: Sendable, BitwiseCopyable {
  /// What the endpoint acknowledges then.
  var end = SequenceNumber(0)
  /// TSval of that segment, 0 when it had none.
  var timestamp = TimestampValue(0)
  /// Whether that segment occupied sequence space, so that an acknowledgment can cover it.
  var hasLength = false

  init() {}

  @inline(__always)
  init(_ segment: Segment) {
    end = SequenceNumber(segment.sequence) + segment.sequenceLength
    timestamp = TimestampValue(segment.hasTimestamps ? segment.timestampValue : 0)
    hasLength = segment.sequenceLength > 0
  }
}
