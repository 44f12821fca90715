public import PacketDecoding

/// What a line of output tells of a connection: a quarter of a `Connection`.
public struct ConnectionLine: Equatable, Sendable, BitwiseCopyable {
  /// As in `Connection`, like everything here.
  public internal(set) var id: UInt64 = 0
  public internal(set) var previous: UInt64 = 0
  public internal(set) var incarnation: UInt32 = 1
  /// Those of `ConnectionLine.traits`.
  public internal(set) var traits: ConnectionTraits = []
  public internal(set) var opening = Opening.none
  public internal(set) var activeCloser = Closer.none
  public internal(set) var key = ConnectionTracker.noKey
  public internal(set) var client = EndpointLine()
  public internal(set) var server = EndpointLine()
  public internal(set) var firstFrame: UInt64 = 0
  public internal(set) var lastFrame: UInt64 = 0
  public internal(set) var firstTime = CaptureTime.epoch
  public internal(set) var lastTime = CaptureTime.epoch
  public internal(set) var completionTime = CaptureTime.epoch
  public internal(set) var clientRoundTrip: Int64 = 0
  public internal(set) var serverRoundTrip: Int64 = 0

  /// Nothing yet, to be written over.
  package init() {}

  /// The line of a connection.
  public init(_ connection: Connection) {
    id = connection.id
    previous = connection.previous
    incarnation = connection.incarnation
    traits = connection.traits.intersection(ConnectionLine.traits)
    opening = connection.opening
    activeCloser = connection.activeCloser
    key = connection.key
    client = EndpointLine(connection.client)
    server = EndpointLine(connection.server)
    firstFrame = connection.firstFrame
    lastFrame = connection.lastFrame
    firstTime = connection.firstTime
    lastTime = connection.lastTime
    completionTime = connection.completionTime
    clientRoundTrip = connection.clientRoundTrip
    serverRoundTrip = connection.serverRoundTrip
  }

  /// The traits that are kept.
  @inline(__always)
  public static var traits: ConnectionTraits {
    ConnectionTraits.clientIsLow.union(.clientKnown).union(.isSelf).union(.replaced)
  }

  /// Address and port of a side.
  @inlinable
  public func socket(_ side: Side) -> (address: IPAddress, port: UInt16) {
    key.socket(isLow: (side == .client) == traits.contains(.clientIsLow))
  }
}

/// What a line of output tells of one end of a connection.
public struct EndpointLine: Equatable, Sendable, BitwiseCopyable {
  /// Those of `EndpointLine.marks`.
  public internal(set) var marks: EndpointMarks = []
  public internal(set) var state = TCPState.closed
  public internal(set) var hopLimit: UInt8 = 0
  public internal(set) var initialSendSequence = SequenceNumber(0)
  public internal(set) var firstTimestamp = TimestampValue(0)
  public internal(set) var timerStart = CaptureTime.epoch
  public internal(set) var packets: UInt64 = 0
  public internal(set) var bytes: UInt64 = 0
  public internal(set) var payloadBytes: UInt64 = 0
  public internal(set) var synCount: UInt16 = 0
  public internal(set) var finCount: UInt16 = 0
  public internal(set) var rstCount: UInt16 = 0
  public internal(set) var retransmissions: UInt16 = 0
  public internal(set) var spuriousRetransmissions: UInt16 = 0
  public internal(set) var outOfOrder: UInt16 = 0
  public internal(set) var duplicateAcknowledgments: UInt16 = 0
  public internal(set) var zeroWindows: UInt16 = 0
  public internal(set) var keepAlives: UInt16 = 0
  public internal(set) var invalidChecksums: UInt16 = 0
  public internal(set) var captureDuplicates: UInt16 = 0

  init() {}

  @inline(__always)
  init(_ endpoint: Endpoint) {
    marks = endpoint.marks.intersection(EndpointLine.marks)
    state = endpoint.state
    hopLimit = endpoint.hopLimit
    initialSendSequence = endpoint.initialSendSequence
    firstTimestamp = endpoint.firstTimestamp
    timerStart = endpoint.timerStart
    packets = endpoint.packets
    bytes = endpoint.bytes
    payloadBytes = endpoint.payloadBytes
    synCount = endpoint.synCount
    finCount = endpoint.finCount
    rstCount = endpoint.rstCount
    retransmissions = endpoint.retransmissions
    spuriousRetransmissions = endpoint.spuriousRetransmissions
    outOfOrder = endpoint.outOfOrder
    duplicateAcknowledgments = endpoint.duplicateAcknowledgments
    zeroWindows = endpoint.zeroWindows
    keepAlives = endpoint.keepAlives
    invalidChecksums = endpoint.invalidChecksums
    captureDuplicates = endpoint.captureDuplicates
  }

  /// The marks that are kept.
  @inline(__always)
  public static var marks: EndpointMarks {
    EndpointMarks.synSent.union(.synAckSent).union(.finSent).union(.reset).union(.wasReset)
      .union(.refused).union(.timedOut)
  }
}
