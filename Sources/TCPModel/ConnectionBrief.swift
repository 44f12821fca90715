public import PacketDecoding

/// What a connection came to, as far as totals and ledgers ask: a third of a `Connection`.
public struct ConnectionBrief: Equatable, Sendable, BitwiseCopyable {
  /// As in `Connection`, like everything here.
  public internal(set) var id: UInt64
  public internal(set) var key: FlowKey
  /// But for what is thought about evidence.
  public internal(set) var traits: ConnectionTraits
  public internal(set) var opening: Opening
  public internal(set) var activeCloser: Closer
  public internal(set) var firstFrame: UInt64
  public internal(set) var firstTime: CaptureTime
  public internal(set) var lastTime: CaptureTime
  public internal(set) var answerTime: CaptureTime
  public internal(set) var completionTime: CaptureTime
  public internal(set) var survivedSilence: Int64
  public internal(set) var client: EndpointBrief
  public internal(set) var server: EndpointBrief

  /// The brief of a connection.
  @inline(__always)
  public init(_ connection: Connection) {
    id = connection.id
    key = connection.key
    traits = connection.traits.intersection(ConnectionBrief.traits)
    opening = connection.opening
    activeCloser = connection.activeCloser
    firstFrame = connection.firstFrame
    firstTime = connection.firstTime
    lastTime = connection.lastTime
    answerTime = connection.answerTime
    completionTime = connection.completionTime
    survivedSilence = connection.survivedSilence
    client = EndpointBrief(connection.client)
    server = EndpointBrief(connection.server)
  }

  private static var traits: ConnectionTraits {
    ConnectionTraits.clientIsLow.union(.clientKnown).union(.isSelf).union(.hasICMPError)
      .union(.evicted).union(.openAtEnd)
  }

  /// Address and port of a side.
  public func socket(_ side: Side) -> (address: IPAddress, port: UInt16) {
    key.socket(isLow: (side == .client) == traits.contains(.clientIsLow))
  }

  /// Nothing yet, to be written over.
  init() {
    key = FlowKey(lowAddress: .unspecified, highAddress: .unspecified, lowPort: 0, highPort: 0)
    id = 0
    traits = []
    opening = .none
    activeCloser = .none
    firstFrame = 0
    firstTime = .epoch
    lastTime = .epoch
    answerTime = .epoch
    completionTime = .epoch
    survivedSilence = 0
    client = EndpointBrief()
    server = EndpointBrief()
  }
}

/// What one end of a connection came to.
public struct EndpointBrief: Equatable, Sendable, BitwiseCopyable {
  /// Those of `EndpointBrief.marks`.
  public internal(set) var marks: EndpointMarks = []
  public internal(set) var state = TCPState.closed
  public internal(set) var timerStart = CaptureTime.epoch
  public internal(set) var timeWaitTime = CaptureTime.epoch
  public internal(set) var timeWaitFrame: UInt64 = 0
  public internal(set) var lastTime = CaptureTime.epoch
  public internal(set) var packets: UInt64 = 0
  public internal(set) var payloadBytes: UInt64 = 0
  public internal(set) var firstTimestamp = TimestampValue(0)
  public internal(set) var newestTimestamp = TimestampValue(0)
  public internal(set) var synCount: UInt16 = 0
  public internal(set) var finCount: UInt16 = 0
  public internal(set) var rstCount: UInt16 = 0

  init() {}

  @inline(__always)
  init(_ endpoint: Endpoint) {
    marks = endpoint.marks.intersection(EndpointBrief.marks)
    state = endpoint.state
    timerStart = endpoint.timerStart
    timeWaitTime = endpoint.timeWaitTime
    timeWaitFrame = endpoint.timeWaitFrame
    lastTime = endpoint.lastTime
    packets = endpoint.packets
    payloadBytes = endpoint.payloadBytes
    firstTimestamp = endpoint.firstTimestamp
    newestTimestamp = endpoint.newestTimestamp
    synCount = endpoint.synCount
    finCount = endpoint.finCount
    rstCount = endpoint.rstCount
  }

  /// The marks that are kept.
  @inline(__always)
  public static var marks: EndpointMarks {
    EndpointMarks.seen.union(.synSent).union(.synAckSent).union(.initialSequenceKnown)
      .union(.refused).union(.timestamps).union(.sackPermitted).union(.windowScale)
      .union(.acknowledgedSomething)
  }
}
