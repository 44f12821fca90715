public import PacketDecoding

/// One incarnation of a 4-tuple: both endpoints, and what the connection as a whole showed. A plain
/// value of fixed size; its segments and transitions live beside it.
public struct Connection: Sendable, BitwiseCopyable {
  /// Number of the connection in the whole input, from 1, by first frame.
  public internal(set) var id: UInt64 = 0
  /// The `id` of the incarnation of the same 4-tuple before it, 0 if none is remembered.
  public internal(set) var previous: UInt64 = 0
  /// How many incarnations of the 4-tuple there have been, this one included.
  public internal(set) var incarnation: UInt32 = 1
  public internal(set) var traits: ConnectionTraits = []
  /// How it began, as far as the capture shows.
  public internal(set) var opening = Opening.none
  /// Who sent the first FIN or RST.
  public internal(set) var activeCloser: Closer = .none
  public internal(set) var key: FlowKey
  public internal(set) var client = Endpoint()
  public internal(set) var server = Endpoint()

  public internal(set) var firstFrame: UInt64 = 0
  public internal(set) var lastFrame: UInt64 = 0
  public internal(set) var firstTime = CaptureTime.epoch
  public internal(set) var lastTime = CaptureTime.epoch
  /// When the first acceptable SYN,ACK passed; the epoch if none did.
  public internal(set) var answerTime = CaptureTime.epoch
  /// When the client's acknowledgment of it passed; the epoch if none did.
  public internal(set) var completionTime = CaptureTime.epoch
  /// Shortest time seen between a segment passing towards the client and its answer passing back,
  /// nanoseconds; 0 if unknown.
  public internal(set) var clientRoundTrip: Int64 = 0
  /// The same for the server.
  public internal(set) var serverRoundTrip: Int64 = 0
  /// Everything noticed about any of its segments.
  public internal(set) var noticed: SegmentAnnotations = []
  /// The longest time in which no segment of it passed, nanoseconds.
  public internal(set) var longestIdle: Int64 = 0
  /// The silences after which it went on.
  var silences = Silences()

  /// Frames of it whose time lies before that of an earlier frame of the input; saturates.
  public internal(set) var timeReversals: UInt32 = 0
  /// The furthest of them, nanoseconds.
  public internal(set) var longestTimeReversal: Int64 = 0
  /// The first of them; 0 if none.
  public internal(set) var firstReversedFrame: UInt64 = 0

  /// Place of its stall meters, 0 while it has none.
  var meter: UInt32 = 0
  var segments = PooledList()
  var transitions = PooledList()
  /// Segments only counted since the last recorded one.
  var omitted: UInt32 = 0
  /// Place of the incarnation before it while that can still be met, 0 if none.
  var older: UInt32 = 0
  /// Place of the incarnation that followed, 0 while this is the newest.
  var newer: UInt32 = 0
  /// 32 bits of the hash of its key.
  var tag: UInt32 = 0

  init(key: FlowKey) {
    self.key = key
  }

  /// The endpoint of a side.
  @inlinable
  public subscript(side: Side) -> Endpoint { side == .client ? client : server }

  /// Address and port of a side.
  public func socket(_ side: Side) -> (address: IPAddress, port: UInt16) {
    key.socket(isLow: (side == .client) == traits.contains(.clientIsLow))
  }
}

/// How a connection began, as far as the capture shows.
public enum Opening: UInt8, Sendable, BitwiseCopyable {
  /// Nothing of an opening was completed.
  case none
  /// SYN, SYN,ACK, ACK.
  case handshake
  /// Both sides sent a SYN that crossed (RFC 9293 §3.5, figure 7).
  case simultaneous
  /// A socket connected to itself.
  case `self`
  /// The capture began after it.
  case midstream
}

extension Opening: CustomStringConvertible {
  public var description: String {
    switch self {
    case .none: "none"
    case .handshake: "handshake"
    case .simultaneous: "simultaneous"
    case .self: "self"
    case .midstream: "midstream"
    }
  }
}

/// Who began to close.
public enum Closer: UInt8, Sendable, BitwiseCopyable {
  case none
  case client
  case server
  /// FINs crossed.
  case both
}

/// What holds for a connection as a whole.
public struct ConnectionTraits: OptionSet, Sendable, BitwiseCopyable {
  public var rawValue: UInt16

  @inlinable
  public init(rawValue: UInt16) {
    self.rawValue = rawValue
  }

  /// The client is the lower socket of the key.
  @inlinable public static var clientIsLow: ConnectionTraits { ConnectionTraits(rawValue: 1 << 0) }
  /// A SYN told which side is the client; else it is a guess.
  @inlinable public static var clientKnown: ConnectionTraits { ConnectionTraits(rawValue: 1 << 1) }
  /// Both ends are one socket; only the client's endpoint is kept.
  @inlinable public static var isSelf: ConnectionTraits { ConnectionTraits(rawValue: 1 << 2) }
  /// It replaced an incarnation whose ports were still held by an endpoint.
  @inlinable public static var reuses: ConnectionTraits { ConnectionTraits(rawValue: 1 << 3) }
  /// Another incarnation has taken its 4-tuple.
  @inlinable public static var replaced: ConnectionTraits { ConnectionTraits(rawValue: 1 << 4) }
  /// An ICMP error about it was seen.
  @inlinable public static var hasICMPError: ConnectionTraits { ConnectionTraits(rawValue: 1 << 5) }
  /// It was put out of memory before its end was known.
  @inlinable public static var evicted: ConnectionTraits { ConnectionTraits(rawValue: 1 << 6) }
  /// It was still alive when the capture ended.
  @inlinable public static var openAtEnd: ConnectionTraits { ConnectionTraits(rawValue: 1 << 7) }
  /// Its waits were measured: `TrackedConnection.stalls` says something.
  @inlinable public static var measured: ConnectionTraits { ConnectionTraits(rawValue: 1 << 9) }
  /// One side sent data after the other's FIN had passed.
  @inlinable public static var dataAfterFIN: ConnectionTraits {
    ConnectionTraits(rawValue: 1 << 11)
  }
  /// It is in line to be looked at while it lives.
  static let watched = ConnectionTraits(rawValue: 1 << 10)
  /// Segments were left out of its history.
  @inlinable public static var abridged: ConnectionTraits { ConnectionTraits(rawValue: 1 << 8) }
}
