import FlowDiagnosis
import Foundation
import TCPModel
import Testing

/// What is found does not depend on when a connection was done.
@Suite struct OrderTests {
  /// The records of the findings of connections examined in an order.
  private func records(_ connections: [TrackedConnection], _ options: DiagnosisOptions) -> [String]
  {
    var diagnostician = Diagnostician(options)
    diagnostician.facts.end = connections.map(\.connection.lastTime).max()
    var findings: [Finding] = []
    for tracked in connections { findings += diagnostician.examine(tracked) }
    findings += diagnostician.conclude()
    return findings.map {
      "\($0.id) \($0.severity) \($0.confidence) \($0.connections) of \($0.connectionCount) \($0.frames) "
        + "\($0.time) \($0.summary) \($0.advice) \($0.values) \($0.causeKey)"
    }.sorted()
  }

  @Test(
    "Findings are the same in whatever order connections are done", arguments: Repository.promises)
  func shuffled(_ promise: Repository.Promise) throws {
    let options = try promise.diagnosisOptions()
    let replay = try Replay(
      Repository.captures.appending(path: promise.capture).path, options: options)
    let told = records(replay.connections, options)
    var random = SystemRandomNumberGenerator()
    for order in 0..<4 {
      let seed = UInt64.random(in: 0 ... .max, using: &random)
      var generator = Generator(state: seed)
      let connections =
        order == 0 ? replay.connections.reversed() : replay.connections.shuffled(using: &generator)
      #expect(records(connections, options) == told, "seed \(seed)")
    }
  }

  /// SplitMix64.
  private struct Generator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
      state &+= 0x9e37_79b9_7f4a_7c15
      var value = (state ^ (state >> 30)) &* 0xbf58_476d_1ce4_e5b9
      value = (value ^ (value >> 27)) &* 0x94d0_49bb_1331_11eb
      return value ^ (value >> 31)
    }
  }
}
