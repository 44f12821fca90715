import PacketDecoding
public import TCPModel

/// What a connection showed, sign by sign in one word, so that a glance tells which rules it may
/// interest.
public struct ConnectionSigns: OptionSet, Sendable, BitwiseCopyable {
  public var rawValue: UInt64

  @inlinable
  public init(rawValue: UInt64) {
    self.rawValue = rawValue
  }

  // What was noticed about its segments has the lower half, as in `SegmentAnnotations`.

  /// `SegmentAnnotations.retransmission`
  public static let retransmission = ConnectionSigns(.retransmission)
  /// `SegmentAnnotations.keepAlive`
  public static let keepAlive = ConnectionSigns(.keepAlive)
  /// `SegmentAnnotations.zeroWindow`
  public static let zeroWindow = ConnectionSigns(.zeroWindow)
  /// `SegmentAnnotations.previousIncarnation`
  public static let ofPreviousIncarnation = ConnectionSigns(.previousIncarnation)
  /// `SegmentAnnotations.unacceptableAcknowledgment`
  public static let unacceptableAcknowledgment = ConnectionSigns(.unacceptableAcknowledgment)
  /// `SegmentAnnotations.unacceptableEcho`
  public static let unacceptableEcho = ConnectionSigns(.unacceptableEcho)
  /// `SegmentAnnotations.ignoredReset`
  public static let ignoredReset = ConnectionSigns(.ignoredReset)
  /// `SegmentAnnotations.doubtfulReset`
  public static let doubtfulReset = ConnectionSigns(.doubtfulReset)
  /// `SegmentAnnotations.repeated`
  public static let repeated = ConnectionSigns(.repeated)
  /// `SegmentAnnotations.resurrects`
  public static let resurrects = ConnectionSigns(.resurrects)
  /// `SegmentAnnotations.timestampRegression`
  public static let timestampRegression = ConnectionSigns(.timestampRegression)

  /// The client sent a SYN without ACK.
  public static let clientSYN = ConnectionSigns(rawValue: 1 << 32)
  /// The server did.
  public static let serverSYN = ConnectionSigns(rawValue: 1 << 33)
  /// More than one SYN of the client.
  public static let clientSYNRepeated = ConnectionSigns(rawValue: 1 << 34)
  /// More than one SYN or SYN,ACK of the server.
  public static let serverSYNRepeated = ConnectionSigns(rawValue: 1 << 35)
  /// Any segment of the server.
  public static let serverSeen = ConnectionSigns(rawValue: 1 << 36)
  /// An acceptable SYN,ACK passed.
  public static let answered = ConnectionSigns(rawValue: 1 << 37)
  /// The client's acknowledgment of it passed.
  public static let completed = ConnectionSigns(rawValue: 1 << 38)
  /// A step of the handshake took more than a quarter of a second.
  public static let slowHandshake = ConnectionSigns(rawValue: 1 << 39)
  /// The client uses timestamps.
  public static let clientTimestamps = ConnectionSigns(rawValue: 1 << 40)
  /// Any RST of the client.
  public static let clientRST = ConnectionSigns(rawValue: 1 << 41)
  /// Any RST of the server.
  public static let serverRST = ConnectionSigns(rawValue: 1 << 42)
  /// A RST closed its sender.
  public static let aborted = ConnectionSigns(rawValue: 1 << 43)
  /// A FIN of either end.
  public static let anyFIN = ConnectionSigns(rawValue: 1 << 44)
  /// A FIN of each.
  public static let bothFINs = ConnectionSigns(rawValue: 1 << 45)
  /// More than one FIN of one end.
  public static let finRepeated = ConnectionSigns(rawValue: 1 << 46)
  /// One end sent its FIN while it held the other's.
  public static let closedSecond = ConnectionSigns(rawValue: 1 << 47)
  /// More than four repetitions of one end.
  public static let manyRepetitions = ConnectionSigns(rawValue: 1 << 48)
  /// `ConnectionTraits.isSelf`
  public static let isSelf = ConnectionSigns(rawValue: 1 << 49)
  /// `ConnectionTraits.reuses`
  public static let reuses = ConnectionSigns(rawValue: 1 << 50)
  /// `ConnectionTraits.hasICMPError`
  public static let hasICMPError = ConnectionSigns(rawValue: 1 << 51)
  /// `ConnectionTraits.measured`
  public static let measured = ConnectionSigns(rawValue: 1 << 52)
  /// `ConnectionTraits.dataAfterFIN`
  public static let dataAfterFIN = ConnectionSigns(rawValue: 1 << 53)

  private init(_ annotations: SegmentAnnotations) {
    rawValue = UInt64(annotations.rawValue)
  }
}

extension ConnectionSigns {
  /// The signs of a connection.
  public init(_ connection: Connection) {
    self.init(connection.noticed)
    let marks = (client: connection.client.marks, server: connection.server.marks)
    set(.clientSYN, marks.client.contains(.synSent))
    set(.serverSYN, marks.server.contains(.synSent))
    set(.clientSYNRepeated, connection.client.synCount > 1)
    set(.serverSYNRepeated, connection.server.synCount > 1)
    set(.serverSeen, marks.server.contains(.seen))
    set(.answered, connection.answerTime != .epoch)
    set(.completed, connection.completionTime != .epoch)
    set(
      .slowHandshake,
      connection.completionTime.nanoseconds(since: connection.answerTime) > 250_000_000
        || connection.answerTime.nanoseconds(since: connection.firstTime) > 250_000_000)
    set(.clientTimestamps, marks.client.contains(.timestamps))
    set(.clientRST, connection.client.rstCount > 0)
    set(.serverRST, connection.server.rstCount > 0)
    set(.aborted, marks.client.union(marks.server).contains(.reset))
    set(.anyFIN, marks.client.union(marks.server).contains(.finSent))
    set(.bothFINs, marks.client.intersection(marks.server).contains(.finSent))
    set(.finRepeated, max(connection.client.finCount, connection.server.finCount) > 1)
    set(.closedSecond, marks.client.union(marks.server).contains(.closedSecond))
    set(
      .manyRepetitions,
      max(connection.client.retransmissions, connection.server.retransmissions) > 4)
    set(.isSelf, connection.traits.contains(.isSelf))
    set(.reuses, connection.traits.contains(.reuses))
    set(.hasICMPError, connection.traits.contains(.hasICMPError))
    set(.measured, connection.traits.contains(.measured))
    set(.dataAfterFIN, connection.traits.contains(.dataAfterFIN))
  }

  @inline(__always)
  private mutating func set(_ sign: ConnectionSigns, _ holds: Bool) {
    if holds { formUnion(sign) }
  }
}

/// Which signs let a connection through to a rule.
public struct ConnectionGate: Sendable, BitwiseCopyable {
  /// All of them are needed.
  public var all: ConnectionSigns
  /// One of them is needed; if there are none, none is.
  public var any: ConnectionSigns
  /// None of them may be there.
  public var none: ConnectionSigns

  /// A gate that lets everything through unless told otherwise.
  public init(
    all: ConnectionSigns = [], any: ConnectionSigns = [], none: ConnectionSigns = []
  ) {
    self.all = all
    self.any = any
    self.none = none
  }

  /// Whether a connection with these signs passes.
  public func admits(_ signs: ConnectionSigns) -> Bool {
    signs.isSuperset(of: all) && signs.isDisjoint(with: none)
      && (any.isEmpty || !signs.isDisjoint(with: any))
  }
}
