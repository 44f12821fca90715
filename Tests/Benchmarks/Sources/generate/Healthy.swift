/// Captures of connections in which nothing goes wrong.
struct Healthy: ~Copyable {
  private var output: CaptureOutput
  private var random: Random
  private var time: Int64 = 1_700_000_000_000_000_000
  /// From one segment to the next, nanoseconds, on average.
  private let spacing: Int

  init(_ output: consuming CaptureOutput, seed: UInt64, nanosecondsApart: Int) {
    self.output = output
    spacing = nanosecondsApart
    random = Random(seed: seed)
  }

  consuming func close() throws {
    try output.close()
  }

  /// Connections of ten segments, of which `open` are open at once.
  mutating func short(connections: Int, open: Int) throws {
    var flows = (0..<min(open, connections)).map { Flow(number: $0, random: &random) }
    var started = flows.count
    while !flows.isEmpty {
      let chosen = random.below(flows.count)
      let packet = Healthy.exchange(&flows[chosen], time)
      try write(packet)
      guard flows[chosen].step == 10 else { continue }
      if started < connections {
        flows[chosen] = Flow(number: started, random: &random)
        started += 1
      } else {
        flows.swapAt(chosen, flows.count - 1)
        flows.removeLast()
      }
    }
  }

  private static func exchange(_ flow: inout Flow, _ time: Int64) -> Packet {
    if let opening = flow.open(time: time) { return opening }
    switch flow.step {
    case 3: return flow.send(fromClient: true, [.psh, .ack], payload: 120, time: time)
    case 4: return flow.send(fromClient: false, .ack, time: time)
    case 5: return flow.send(fromClient: false, [.psh, .ack], payload: 200, time: time)
    case 6: return flow.send(fromClient: true, .ack, time: time)
    case 7: return flow.send(fromClient: true, [.fin, .ack], time: time)
    case 8: return flow.send(fromClient: false, [.fin, .ack], time: time)
    default: return flow.send(fromClient: true, .ack, time: time)
    }
  }

  /// Downloads: `open` connections that stay open, full-size segments with an acknowledgment for
  /// every second one. So many open connections that they get four segments each show what an open
  /// connection costs.
  ///
  /// - Parameter inTurns: Whether the connections take turns, instead of whoever comes.
  mutating func bulk(packets: Int, open: Int, inTurns: Bool = false) throws {
    var flows = (0..<open).map { Flow(number: $0, random: &random) }
    for number in 0..<packets {
      // Everybody opens before data flows.
      let chosen =
        number < 3 * open
        ? Healthy.opening(number, of: open) : inTurns ? number % open : random.below(open)
      let packet =
        if let opening = flows[chosen].open(time: time) {
          opening
        } else if flows[chosen].step % 3 == 2 {
          flows[chosen].send(fromClient: true, .ack, time: time)
        } else {
          flows[chosen].send(fromClient: false, .ack, payload: 1448, time: time)
        }
      try write(packet)
    }
  }

  /// Who sends the segment of that number while `open` connections are opened: a thousand at a time,
  /// so that handshakes take milliseconds.
  private static func opening(_ number: Int, of open: Int) -> Int {
    let first = number / 3000 * 1000
    return first + number % 3000 % min(1000, open - first)
  }

  /// One SYN each from sources that never answer.
  mutating func flood(packets: Int) throws {
    for number in 0..<packets {
      var flow = Flow(number: number, random: &random)
      flow.packet.source = random.word() & 0xFF_FFFF
      flow.packet.sourcePort = UInt16(1024 + random.below(64_000))
      flow.packet.destination = 0x20_0001
      flow.packet.destinationPort = 443
      try write(flow.send(fromClient: true, .syn, time: time))
    }
  }

  private mutating func write(_ packet: Packet) throws {
    try output.write(packet, time: time)
    time += Int64(spacing / 2 + random.below(spacing + 1))
  }
}
