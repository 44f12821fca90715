/// How connections are tracked, and within which bounds.
public struct TrackerOptions: Sendable {
  public var timers = Timers()
  /// Connections held at once, half-open and closed ones included. The least valuable go first.
  public var maximumConnections = 1_000_000
  /// Connections that follow an older one on the same 4-tuple, held at once: with what is kept of the
  /// older one they take several times the memory of others.
  public var maximumIncarnations: Int { max(16, maximumConnections / 8) }
  /// Bytes that connections and their histories may take at once, as far as the tracker can tell.
  public var maximumBytes = Int.max
  /// Silence after which an open connection is let go, nanoseconds; nil: never. A capture file has
  /// an end; a live capture that runs for days needs a limit.
  public var idleLimit: Int64?
  /// Segments kept of one connection; the first and the last ones stay.
  public var maximumSegments: UInt32 = 96
  /// Transitions kept of one connection.
  public var maximumTransitions: UInt32 = 64
  /// Whether transitions are kept at all. The rules need them.
  public var keepsTransitions = true
  /// Whether every transition is followed until it is confirmed; else only those of connections
  /// that were disturbed, which is what the rules need.
  public var confirmsTransitions = true
  /// Whether every segment is recorded, not only those that open, close or disturb.
  public var keepsAllSegments = false
  /// Whether connections in which something goes wrong are handed out while they live, through
  /// `nextDisturbed`.
  public var watchesDisturbances = false
  /// Whether changes of state are handed out as they are concluded, through `nextTransition`. Needs
  /// `keepsTransitions`.
  public var watchesTransitions = false
  /// Whether connections are held as their segments alone while nothing is remarkable about them.
  /// Only a matter of memory and time: what comes out is the same. Not done where somebody watches.
  public var holdsQuietly = true
  /// The secret of the hash.
  public var hashSeed = HashSeed.fixed

  public init() {}

  /// Nothing is let go before it has been silent for so long.
  var shortestLife: Int64 { min(timers.remembrance, idleLimit ?? .max) }
}

/// What the tracker has counted.
public struct TrackerCounts: Sendable, BitwiseCopyable {
  /// TCP segments processed.
  public internal(set) var segments: UInt64 = 0
  /// Connections seen.
  public internal(set) var connections: UInt64 = 0
  /// Connections put out of memory early, by what they were.
  public internal(set) var evictedClosed: UInt64 = 0
  public internal(set) var evictedHalfOpen: UInt64 = 0
  public internal(set) var evictedOpen: UInt64 = 0
  /// The most connections held at once.
  public internal(set) var peakConnections: UInt64 = 0

  public init() {}
}
