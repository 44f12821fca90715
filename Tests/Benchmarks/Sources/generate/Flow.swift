/// A connection without faults, a segment at a time.
struct Flow {
  var packet = Packet()
  /// Next sequence number of each side, the client's first.
  var next: (UInt32, UInt32)
  /// Timestamp last heard by each side.
  var heard: (UInt32, UInt32) = (0, 0)
  /// How far it has come.
  var step = 0

  init(number: Int, random: inout Random) {
    // Hosts of two /12, and ports that change once the hosts are through.
    packet.source = UInt32(number % 4096) | 0x10_0000
    packet.destination = UInt32((number % 4096) &* 7 % 64) | 0x20_0000
    let generation = number / 4096
    packet.sourcePort = UInt16(32_768 + generation % 28_232)
    packet.destinationPort = [443, 80, 5432, 8080][generation / 28_232 % 4]
    next = (random.word(), random.word())
  }

  /// The next segment of one side.
  mutating func send(
    fromClient: Bool, _ flags: Packet.Flags, payload: Int = 0, time: Int64
  ) -> Packet {
    var sent = packet
    sent.flags = flags
    sent.payload = payload
    sent.identification = UInt16(truncatingIfNeeded: step)
    sent.timestamp = UInt32(truncatingIfNeeded: time / 1_000_000) | 1
    sent.window = flags.contains(.syn) ? 64_240 : 502
    if flags.contains(.syn) {
      sent.maximumSegment = 1460
      sent.windowScale = 7
      sent.permitsSACK = true
    }
    if fromClient {
      sent.sequence = next.0
      sent.acknowledgment = flags.contains(.ack) ? next.1 : 0
      sent.timestampEcho = heard.0
      next.0 &+= sent.length
      heard.1 = sent.timestamp
    } else {
      sent.source = packet.destination
      sent.destination = packet.source
      sent.sourcePort = packet.destinationPort
      sent.destinationPort = packet.sourcePort
      sent.sequence = next.1
      sent.acknowledgment = flags.contains(.ack) ? next.0 : 0
      sent.timestampEcho = heard.1
      next.1 &+= sent.length
      heard.0 = sent.timestamp
    }
    step += 1
    return sent
  }

  /// Opens the connection: its first three segments.
  mutating func open(time: Int64) -> Packet? {
    switch step {
    case 0: send(fromClient: true, .syn, time: time)
    case 1: send(fromClient: false, [.syn, .ack], time: time)
    case 2: send(fromClient: true, .ack, time: time)
    default: nil
    }
  }
}
