public import PacketDecoding

/// What the capture shows of one end of a connection: its state and its share of the transmission
/// control block (RFC 9293 §3.3.1), as far as packets reveal them.
///
/// A plain value of fixed size. Only the step (`EndpointStep`) changes it.
public struct Endpoint: Sendable, BitwiseCopyable {
  /// The state, as far as the packets seen so far tell.
  public internal(set) var state = TCPState.closed
  /// The state before a RST, or a new SYN, ended it, to return to when it goes on talking.
  var stateBeforeReset = TCPState.closed
  /// What is thought about a FIN of it that the capture does not contain.
  var hiddenFIN = HiddenFIN.none
  /// Whether it has been in CLOSING.
  var wasClosing = false
  /// What is known about this endpoint.
  public internal(set) var marks: EndpointMarks = []
  /// Shift count for its windows; 0 unless both SYNs carried the option (RFC 7323 §2.2).
  public internal(set) var windowShift: UInt8 = 0
  /// IPv4 TTL or IPv6 Hop Limit of its first segment.
  public internal(set) var hopLimit: UInt8 = 0
  /// Maximum segment size it announced, bytes; 0 if unknown.
  public internal(set) var maximumSegmentSize: UInt16 = 0
  /// ISS, valid with `.initialSequenceKnown`.
  public internal(set) var initialSendSequence = SequenceNumber(0)
  /// SND.NXT: the end of the highest sequence number seen from it.
  public internal(set) var sendNext = SequenceNumber(0)
  /// SND.UNA: the highest acknowledgment of the peer that passed.
  public internal(set) var sendUnacknowledged = SequenceNumber(0)
  /// RCV.NXT: the end of what the peer sent in order and passed, or what this endpoint has
  /// acknowledged, whichever is further.
  public internal(set) var receiveNext = SequenceNumber(0)
  /// The sequence number of its FIN, valid with `.finSent`; without it, of the FIN that `hiddenFIN`
  /// suspects.
  public internal(set) var finSequence = SequenceNumber(0)
  /// What its first FIN acknowledged, valid with `.finSent`.
  var finAcknowledgment = SequenceNumber(0)
  /// The window it last offered (SND.WND of its peer), bytes, scaled where the scale is known.
  public internal(set) var window: UInt32 = 0
  /// TSval of its first SYN, or of its first segment where no SYN was seen.
  public internal(set) var firstTimestamp = TimestampValue(0)
  /// The newest TSval it sent.
  public internal(set) var newestTimestamp = TimestampValue(0)
  /// When a segment with `newestTimestamp` first passed.
  public internal(set) var newestTimestampTime = CaptureTime.epoch
  /// When a segment with `firstTimestamp` passed.
  public internal(set) var firstTimestampTime = CaptureTime.epoch
  /// The last TSecr it sent: how much of the peer it had seen (RFC 7323 §4.3).
  public internal(set) var lastEcho = TimestampValue(0)
  /// When its last segment passed.
  public internal(set) var lastTime = CaptureTime.epoch
  /// The frame of that segment.
  public internal(set) var lastFrame: UInt64 = 0
  /// When its FIN last passed, and the frame of it; 0 if none did.
  public internal(set) var lastFINTime = CaptureTime.epoch
  var lastFINFrame: UInt64 = 0
  /// When an acknowledgment of its FIN first passed, valid with `.finAcknowledged`.
  var finAcknowledgedTime = CaptureTime.epoch
  /// How often it repeated itself or probed since the peer was last heard; saturates.
  public internal(set) var unanswered: UInt8 = 0
  /// When the timer of its present state was last started.
  public internal(set) var timerStart = CaptureTime.epoch

  /// When it entered TIME-WAIT, and the frame that brought it there; 0 if it never did.
  public internal(set) var timeWaitTime = CaptureTime.epoch
  public internal(set) var timeWaitFrame: UInt64 = 0

  // MARK: Received out of order

  /// Ranges of the peer's data that passed beyond a hole, as [start, end); empty when equal.
  var beyondHole = SequencePair()
  var beyondSecondHole = SequencePair()

  // MARK: Counts of what it sent; capture duplicates included

  public internal(set) var packets: UInt64 = 0
  /// Bytes of IP packets on the wire.
  public internal(set) var bytes: UInt64 = 0
  /// Bytes of TCP payload, retransmissions included.
  public internal(set) var payloadBytes: UInt64 = 0
  /// Segments with SYN, SYN,ACK included; saturates.
  public internal(set) var synCount: UInt16 = 0
  public internal(set) var finCount: UInt16 = 0
  public internal(set) var rstCount: UInt16 = 0
  /// Segments whose sequence range had been sent before; saturates, like all below.
  public internal(set) var retransmissions: UInt16 = 0
  /// Of those, the ones already acknowledged when they passed.
  public internal(set) var spuriousRetransmissions: UInt16 = 0
  public internal(set) var outOfOrder: UInt16 = 0
  public internal(set) var duplicateAcknowledgments: UInt16 = 0
  public internal(set) var zeroWindows: UInt16 = 0
  public internal(set) var keepAlives: UInt16 = 0
  public internal(set) var invalidChecksums: UInt16 = 0
  /// Frames seen twice because of where the capture was taken.
  public internal(set) var captureDuplicates: UInt16 = 0

  /// Identities of its last four segments, newest first, to recognise capture duplicates.
  var recentSegments = InlineArray<4, UInt32>(repeating: 0)

  public init() {}

  /// Whether it repeated itself or probed so often without an answer that the peer is held to hear
  /// nothing. Keep-alives, with nothing outstanding, come further apart than an answer takes.
  var getsNoAnswer: Bool {
    unanswered >= (sendNext == sendUnacknowledged ? 2 : 3)
  }
}

/// What is thought about a FIN that the capture does not contain.
enum HiddenFIN: UInt8, Sendable, BitwiseCopyable {
  case none
  /// Something showed that the endpoint has sent one octet more than passed: data, or its FIN.
  case suspected
  /// The same, shown by the segment that was the first to acknowledge such an octet of the peer.
  case suspectedCrossing
  /// The peer, or the endpoint itself, went on as after a FIN.
  case assumed
}

/// A range of sequence numbers held by value.
struct SequencePair: Sendable, BitwiseCopyable {
  var start = SequenceNumber(0)
  var end = SequenceNumber(0)

  var isEmpty: Bool { start == end }
}

/// What is known about an endpoint.
public struct EndpointMarks: OptionSet, Sendable, BitwiseCopyable {
  public var rawValue: UInt32

  @inlinable
  public init(rawValue: UInt32) {
    self.rawValue = rawValue
  }

  /// Any segment of it was seen.
  @inlinable public static var seen: EndpointMarks { EndpointMarks(rawValue: 1 << 0) }
  /// It sent a SYN without ACK.
  @inlinable public static var synSent: EndpointMarks { EndpointMarks(rawValue: 1 << 1) }
  /// It sent a SYN,ACK.
  @inlinable public static var synAckSent: EndpointMarks { EndpointMarks(rawValue: 1 << 2) }
  /// Its ISS is known, from its SYN or from the acknowledgment of it.
  @inlinable public static var initialSequenceKnown: EndpointMarks {
    EndpointMarks(rawValue: 1 << 3)
  }
  /// It sent a FIN that belongs to this connection.
  @inlinable public static var finSent: EndpointMarks { EndpointMarks(rawValue: 1 << 4) }
  /// It sent its FIN while it held the peer's (it closed second).
  @inlinable public static var closedSecond: EndpointMarks { EndpointMarks(rawValue: 1 << 5) }
  /// The peer's FIN passed in order.
  @inlinable public static var finArrived: EndpointMarks { EndpointMarks(rawValue: 1 << 6) }
  /// It acknowledged the peer's FIN.
  @inlinable public static var finArrivalConfirmed: EndpointMarks {
    EndpointMarks(rawValue: 1 << 7)
  }
  /// An acknowledgment of its FIN passed.
  @inlinable public static var finAcknowledged: EndpointMarks { EndpointMarks(rawValue: 1 << 8) }
  /// It became ESTABLISHED by a segment that passed.
  @inlinable public static var establishedByArrival: EndpointMarks {
    EndpointMarks(rawValue: 1 << 9)
  }
  /// A later segment of it proved that it is ESTABLISHED.
  @inlinable public static var establishedConfirmed: EndpointMarks {
    EndpointMarks(rawValue: 1 << 10)
  }
  /// It sent a RST that closed it.
  @inlinable public static var reset: EndpointMarks { EndpointMarks(rawValue: 1 << 11) }
  /// A RST of the peer that it had to accept passed.
  @inlinable public static var wasReset: EndpointMarks { EndpointMarks(rawValue: 1 << 12) }
  /// Its SYN or SYN,ACK carried the timestamps option; without a handshake: its segments do.
  @inlinable public static var timestamps: EndpointMarks { EndpointMarks(rawValue: 1 << 13) }
  /// Its SYN carried SACK permitted.
  @inlinable public static var sackPermitted: EndpointMarks { EndpointMarks(rawValue: 1 << 14) }
  /// Its SYN carried a window scale.
  @inlinable public static var windowScale: EndpointMarks { EndpointMarks(rawValue: 1 << 15) }
  /// Its SYN carried data or a Fast Open option.
  @inlinable public static var fastOpen: EndpointMarks { EndpointMarks(rawValue: 1 << 16) }
  /// MPTCP options were seen.
  @inlinable public static var multipath: EndpointMarks { EndpointMarks(rawValue: 1 << 17) }
  /// Its segments came with more than one TTL.
  @inlinable public static var varyingHopLimit: EndpointMarks { EndpointMarks(rawValue: 1 << 18) }
  /// A segment of it with a right checksum was seen.
  @inlinable public static var validChecksum: EndpointMarks { EndpointMarks(rawValue: 1 << 19) }
  /// A refusal (RST that acknowledges its SYN) arrived.
  @inlinable public static var refused: EndpointMarks { EndpointMarks(rawValue: 1 << 20) }
  /// It opened simultaneously: SYN-SENT to SYN-RECEIVED.
  @inlinable public static var simultaneous: EndpointMarks { EndpointMarks(rawValue: 1 << 21) }
  /// It acknowledged data that the capture does not contain.
  @inlinable public static var acknowledgedUnseen: EndpointMarks {
    EndpointMarks(rawValue: 1 << 22)
  }
  /// A timer ended its last state.
  @inlinable public static var timedOut: EndpointMarks { EndpointMarks(rawValue: 1 << 23) }
  /// It negotiates ECN (RFC 3168) in its SYN.
  @inlinable public static var explicitCongestion: EndpointMarks {
    EndpointMarks(rawValue: 1 << 24)
  }
  /// Its first SYN echoed a timestamp: Linux `tcp_tw_reuse` took the port out of TIME-WAIT.
  @inlinable public static var timeWaitReuse: EndpointMarks { EndpointMarks(rawValue: 1 << 25) }
  /// An ACK that should have completed its handshake passed and was not taken.
  @inlinable public static var acknowledgmentIgnored: EndpointMarks {
    EndpointMarks(rawValue: 1 << 27)
  }
  /// Its acknowledgments covered more than the peer's SYN.
  @inlinable public static var acknowledgedSomething: EndpointMarks {
    EndpointMarks(rawValue: 1 << 28)
  }
  /// Its state was presumed when the capture first met it, without a transition.
  @inlinable public static var presumed: EndpointMarks { EndpointMarks(rawValue: 1 << 29) }
  /// A new SYN on its 4-tuple passed under its name, so that it is held to be gone.
  @inlinable public static var released: EndpointMarks { EndpointMarks(rawValue: 1 << 30) }
  /// A SYN or RST that it must not take reached it: it owes a challenge ACK.
  @inlinable public static var challenged: EndpointMarks { EndpointMarks(rawValue: 1 << 31) }
  /// The window it last offered is zero.
  @inlinable public static var zeroWindow: EndpointMarks { EndpointMarks(rawValue: 1 << 26) }
}

extension UInt16 {
  /// Adds one, staying at the maximum.
  @inline(__always)
  mutating func countUp() {
    if self != .max { self &+= 1 }
  }
}
