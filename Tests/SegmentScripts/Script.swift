package import PacketDecoding
package import TCPModel

/// Connections as short scripts in packetdrill's manner: one segment a line, numbers relative to
/// each side's ISS.
///
///     0.000 > S 0
///     0.010 < S. 0 ack 1
///     0.010 > . 1 ack 1
///     0.020 > P. 1:11 ack 1 win 500 TS 105 202
///
/// `>` goes from client to server, `<` back. Flags: S F R P, and `.` for ACK. `win`, `TS value
/// echo`, `mss`, `wscale`, `sack-permitted`, `sack left right`,
/// `id` and `ttl` may follow. `iss number`, `server-iss number`, `port number` and `host number`, the last
/// octet of the client's address, on a line of their own change the ISS of either side, the client's
/// port and its address for what follows.
package struct Script {
  var clientPort: UInt16 = 41_000
  var serverPort: UInt16 = 443
  var clientISS: UInt32 = 1_000_000
  var serverISS: UInt32 = 5_000_000
  var exchanged = false
  var clientHost: UInt32 = 5

  /// The segments of a script.
  package static func segments(_ text: String, exchanged: Bool = false) -> [Segment] {
    var script = Script()
    script.exchanged = exchanged
    var frame: UInt64 = 0
    var result: [Segment] = []
    for line in text.split(separator: "\n") {
      let words = line.split(separator: " ").map(String.init)
      guard let first = words.first, !first.hasPrefix("#") else { continue }
      switch first {
      case "iss": script.clientISS = UInt32(words[1])!
      case "server-iss": script.serverISS = UInt32(words[1])!
      case "port": script.clientPort = UInt16(words[1])!
      case "host": script.clientHost = UInt32(words[1])!
      default:
        frame += 1
        result.append(script.segment(words, frame: frame))
      }
    }
    return result
  }

  private func segment(_ words: [String], frame: UInt64) -> Segment {
    var segment = Segment()
    segment.frame = frame
    segment.time = CaptureTime(
      nanoseconds: 1_700_000_000_000_000_000 + Int64((Double(words[0])! * 1e9).rounded()))
    let fromClient = words[1] == ">"
    // The same exchange with the addresses of the two hosts exchanged.
    let client = IPAddress(ipv4: exchanged ? 0x0a00_0009 : 0x0a00_0000 + clientHost)
    let server = IPAddress(ipv4: exchanged ? 0x0a00_0000 + clientHost : 0x0a00_0009)
    segment.source = fromClient ? client : server
    segment.destination = fromClient ? server : client
    segment.sourcePort = fromClient ? clientPort : serverPort
    segment.destinationPort = fromClient ? serverPort : clientPort
    segment.hopLimit = 64
    segment.identification = UInt16(truncatingIfNeeded: frame)
    segment.window = 64_000
    for letter in words[2] {
      switch letter {
      case "S": segment.flags.insert(.syn)
      case "F": segment.flags.insert(.fin)
      case "R": segment.flags.insert(.rst)
      case "P": segment.flags.insert(.psh)
      case ".": segment.flags.insert(.ack)
      default: fatalError("unknown flag \(letter)")
      }
    }
    let ends = words[3].split(separator: ":").map { Int64($0)! }
    let base = fromClient ? clientISS : serverISS
    segment.sequence = base &+ UInt32(truncatingIfNeeded: ends[0])
    if ends.count > 1 { segment.payloadLength = UInt32(ends[1] - ends[0]) }
    segment.packetLength = 40 + segment.payloadLength
    var index = 4
    func next() -> Int64 {
      index += 1
      return Int64(words[index])!
    }
    while index < words.count {
      switch words[index] {
      case "ack":
        segment.acknowledgment =
          (fromClient ? serverISS : clientISS) &+ UInt32(truncatingIfNeeded: next())
      case "win": segment.window = UInt16(next())
      case "TS":
        segment.options.insert(.timestamps)
        segment.timestampValue = UInt32(next())
        segment.timestampEchoReply = UInt32(next())
      case "mss":
        segment.options.insert(.maximumSegmentSize)
        segment.maximumSegmentSize = UInt16(next())
      case "wscale":
        segment.options.insert(.windowScale)
        segment.windowShift = UInt8(next())
      case "sack":
        let origin = fromClient ? serverISS : clientISS
        segment.options.insert(.sack)
        segment.sackCount = 1
        segment.sackBlocks[0] = SACKBlock(
          left: origin &+ UInt32(truncatingIfNeeded: next()),
          right: origin &+ UInt32(truncatingIfNeeded: next()))
      case "sack-permitted": segment.options.insert(.sackPermitted)
      case "id": segment.identification = UInt16(next())
      case "ttl": segment.hopLimit = UInt8(next())
      default: fatalError("unknown word \(words[index])")
      }
      index += 1
    }
    return segment
  }

  /// What the tracker makes of a script, in the order of the ids.
  package static func run(
    _ text: String, options: TrackerOptions = TrackerOptions(), exchanged: Bool = false,
    endingAt end: Double? = nil
  ) -> [TrackedConnection] {
    track(segments(text, exchanged: exchanged), options: options, endingAt: end)
  }

  /// What the tracker makes of segments, numbered anew, in the order of the ids.
  package static func track(
    _ segments: [Segment], options: TrackerOptions = TrackerOptions(), endingAt end: Double? = nil
  ) -> [TrackedConnection] {
    var tracker = ConnectionTracker(options: options)
    for (index, segment) in segments.enumerated() {
      var numbered = segment
      numbered.frame = UInt64(index + 1)
      tracker.process(numbered)
    }
    if let end {
      tracker.advanceClock(
        to: CaptureTime(nanoseconds: 1_700_000_000_000_000_000 + Int64(end * 1e9)))
    }
    tracker.finish()
    var connections: [TrackedConnection] = []
    while let connection = tracker.nextSettled() { connections.append(connection) }
    return connections.sorted { $0.connection.id < $1.connection.id }
  }
}

extension TrackedConnection {
  /// The path of states of a side that stands at the end, as "CLOSED SYN-SENT ESTABLISHED".
  package func path(_ side: Side) -> String {
    var states: [String] = []
    for transition in transitions where transition.endpoint == side && transition.revokedBy == 0 {
      if states.isEmpty { states.append("\(transition.from)") }
      states.append("\(transition.to)")
    }
    return states.joined(separator: " ")
  }
}

/// The three segments of an ordinary opening.
package let handshake = """
  0.000 > S 0
  0.010 < S. 0 ack 1
  0.010 > . 1 ack 1

  """

/// The same with timestamps: the client's clock stands at 1000 as it begins, the server's at 8990.
package let stampedHandshake = """
  0.000 > S 0 TS 1000 0
  0.010 < S. 0 ack 1 TS 9000 1000
  0.010 > . 1 ack 1 TS 1010 9000

  """

/// The three segments, and ten bytes each way.
package let exchange =
  handshake + """
    0.020 > P. 1:11 ack 1
    0.030 < P. 1:11 ack 11
    0.031 > . 11 ack 11

    """
