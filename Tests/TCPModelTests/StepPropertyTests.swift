import PacketDecoding
import SegmentScripts
import TCPModel
import Testing

/// The step under random and adversarial segments.
@Suite struct StepPropertyTests {
  /// A small generator whose seed reproduces a run.
  struct Random: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
      state = state &+ 0x9e37_79b9_7f4a_7c15
      var word = state
      word = (word ^ (word >> 30)) &* 0xbf58_476d_1ce4_e5b9
      word = (word ^ (word >> 27)) &* 0x94d0_49bb_1331_11eb
      return word ^ (word >> 31)
    }
  }

  /// Segments near what two endpoints could say: few numbers, all flags.
  static func segments(seed: UInt64, exchanged: Bool) -> [Segment] {
    var random = Random(state: seed)
    let numbers: [UInt32] = [0, 1, 2, 100, 101, 0xffff_ffff, 0x7fff_ffff, 0x8000_0000, 65_537]
    let flags: [TCPFlags] = [
      .syn, [.syn, .ack], .ack, .ack, .ack, [.fin, .ack], [.fin, .ack], .rst, [.rst, .ack],
      [.psh, .ack], [.syn, .fin], [], [.syn, .rst], [.fin],
    ]
    var time: Int64 = 1_700_000_000_000_000_000
    var result: [Segment] = []
    for frame in 1...60 {
      var segment = Segment()
      segment.frame = UInt64(frame)
      time += [1_000, 10_000_000, 300_000_000, 61_000_000_000, -5_000_000].randomElement(
        using: &random)!
      segment.time = CaptureTime(nanoseconds: time)
      let forward = Bool.random(using: &random)
      let one = IPAddress(ipv4: exchanged ? 0x0a00_0002 : 0x0a00_0001)
      let other = IPAddress(ipv4: exchanged ? 0x0a00_0001 : 0x0a00_0002)
      segment.source = forward ? one : other
      segment.destination = forward ? other : one
      segment.sourcePort = forward ? 40_000 : 80
      segment.destinationPort = forward ? 80 : 40_000
      segment.flags = flags.randomElement(using: &random)!
      segment.sequence = numbers.randomElement(using: &random)! &+ (forward ? 0 : 5_000)
      segment.acknowledgment = numbers.randomElement(using: &random)! &+ (forward ? 5_000 : 0)
      segment.payloadLength = [0, 0, 1, 100, 65_535].randomElement(using: &random)!
      segment.window = [0, 1, 65_535].randomElement(using: &random)!
      segment.hopLimit = [64, 64, 64, 200].randomElement(using: &random)!
      segment.identification = UInt16(Int.random(in: 0...3, using: &random))
      if Bool.random(using: &random) {
        segment.options = [.timestamps]
        segment.timestampValue = numbers.randomElement(using: &random)!
        segment.timestampEchoReply = numbers.randomElement(using: &random)!
      }
      segment.checksum = Bool.random(using: &random) ? .valid : .invalid
      result.append(segment)
    }
    return result
  }

  static func run(_ segments: [Segment]) -> [TrackedConnection] {
    var tracker = ConnectionTracker()
    for segment in segments { tracker.process(segment) }
    tracker.finish()
    var result: [TrackedConnection] = []
    while let next = tracker.nextSettled() { result.append(next) }
    return result.sorted { $0.connection.id < $1.connection.id }
  }

  @Test("Random sequences never trap, count every segment, and chain their transitions")
  func chains() {
    for seed in UInt64(0)..<1_500 {
      let connections = StepPropertyTests.run(
        StepPropertyTests.segments(seed: seed, exchanged: false))
      let packets = connections.reduce(0) {
        $0 + $1.connection.client.packets + $1.connection.server.packets
      }
      #expect(packets == 60, "seed \(seed)")
      for connection in connections {
        for side in Side.allCases {
          var state: TCPState?
          for transition in connection.transitions
          where transition.endpoint == side && transition.revokedBy == 0 {
            if let state, state != transition.from, !(state.isIdle && transition.from.isIdle) {
              Issue.record(
                "seed \(seed), connection \(connection.connection.id), \(side): \(state) is followed by \(transition.from) → \(transition.to)"
              )
            }
            state = transition.to
          }
          if let state, state != connection.connection[side].state,
            !(state.isIdle && connection.connection[side].state.isIdle)
          {
            Issue.record(
              "seed \(seed), connection \(connection.connection.id), \(side) ends in \(connection.connection[side].state), its transitions in \(state)"
            )
          }
        }
      }
    }
  }

  @Test("The same exchange between exchanged addresses gives the same states")
  func symmetry() {
    for seed in UInt64(0)..<400 {
      let one = StepPropertyTests.run(StepPropertyTests.segments(seed: seed, exchanged: false))
      let other = StepPropertyTests.run(StepPropertyTests.segments(seed: seed, exchanged: true))
      let paths = { (all: [TrackedConnection]) in
        all.map { [$0.path(.client), $0.path(.server)] }
      }
      #expect(paths(one) == paths(other), "seed \(seed)")
    }
  }
}
