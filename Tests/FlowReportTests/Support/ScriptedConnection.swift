import FlowDiagnosis
import PacketDecoding
import TCPModel

/// Connections made of segments written down here, followed by the tracker.
struct ScriptedConnection: ~Copyable {
  private var tracker: ConnectionTracker
  private var frame: UInt64 = 0

  static let client = (address: IPAddress(ipv4: 0xc000_0205), port: UInt16(40000))
  static let server = (address: IPAddress(ipv4: 0xc000_0209), port: UInt16(80))
  /// 2026-11-21 02:00:00 UTC.
  static let start = CaptureTime(nanoseconds: 1_795_226_400_000_000_000)

  init(_ options: TrackerOptions = TrackerOptions()) {
    tracker = ConnectionTracker(options: options)
  }

  /// Lets a segment pass.
  mutating func send(
    _ side: Side, at microseconds: Int64, _ flags: TCPFlags, _ sequence: UInt32,
    ack: UInt32? = nil, length: UInt32 = 0, window: UInt16 = 502,
    timestamps: (UInt32, UInt32)? = nil
  ) {
    frame += 1
    var segment = Segment()
    segment.frame = frame
    segment.time = ScriptedConnection.start.advanced(byNanoseconds: microseconds * 1000)
    let (from, to) =
      side == .client
      ? (ScriptedConnection.client, ScriptedConnection.server)
      : (ScriptedConnection.server, ScriptedConnection.client)
    (segment.source, segment.sourcePort) = from
    (segment.destination, segment.destinationPort) = to
    segment.hopLimit = 64
    segment.flags = ack == nil ? flags : flags.union(.ack)
    segment.sequence = sequence
    segment.acknowledgment = ack ?? 0
    segment.payloadLength = length
    segment.packetLength = 40 + length
    segment.window = window
    if flags.contains(.syn) {
      segment.options = [.maximumSegmentSize, .sackPermitted, .windowScale]
      segment.maximumSegmentSize = 1460
      segment.windowShift = 7
    }
    if let timestamps {
      segment.options.insert(.timestamps)
      (segment.timestampValue, segment.timestampEchoReply) = timestamps
    }
    tracker.process(segment)
  }

  /// SYN, SYN,ACK, ACK from initial sequence numbers 1000 and 5000.
  mutating func open() {
    send(.client, at: 0, .syn, 1000, window: 64240, timestamps: (100, 0))
    send(.server, at: 1000, .syn, 5000, ack: 1001, window: 65160, timestamps: (700, 100))
    send(.client, at: 1100, [], 1001, ack: 5001, timestamps: (101, 700))
  }

  /// Ends the input.
  mutating func finish() -> [TrackedConnection] {
    tracker.finish()
    var all: [TrackedConnection] = []
    while let tracked = tracker.nextSettled() { all.append(tracked) }
    return all
  }

  /// A connection in which the handshake's ACK was lost and everything else went well.
  ///
  /// - Parameter whole: Whether undisturbed segments are kept as well.
  static func withLostAcknowledgment(whole: Bool = false) -> TrackedConnection? {
    var options = TrackerOptions()
    options.keepsAllSegments = whole
    var script = ScriptedConnection(options)
    script.open()
    script.send(
      .server, at: 1_001_000, .syn, 5000, ack: 1001, window: 65160, timestamps: (1700, 100))
    script.send(.client, at: 1_001_100, [], 1001, ack: 5001, timestamps: (1101, 1700))
    script.send(.client, at: 1_002_000, .psh, 1001, ack: 5001, length: 6, timestamps: (1102, 1700))
    script.send(.server, at: 1_003_000, [], 5001, ack: 1007, timestamps: (1703, 1102))
    script.send(.client, at: 1_004_000, .fin, 1007, ack: 5001, timestamps: (1104, 1703))
    script.send(.server, at: 1_005_000, .fin, 5001, ack: 1008, timestamps: (1705, 1104))
    script.send(.client, at: 1_005_100, [], 1008, ack: 5002, timestamps: (1105, 1705))
    return script.finish().first
  }
}
