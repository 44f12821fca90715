import FlowDiagnosis
import PacketDecoding
import SegmentScripts
import TCPModel
import Testing

@testable import tcpwhy

/// Which connections a timeline, or a report, draws.
@Suite struct TimelineChoiceTests {
  /// So many healthy connections, one after the other.
  private func connections(_ count: Int) -> [TrackedConnection] {
    let script = (0..<count).map { "port \(42_000 + $0)\n" + handshake }.joined()
    return Script.run(script)
  }

  private func finding(_ id: String, _ severity: Severity, on connections: UInt64...) -> Finding {
    Finding(
      id: id, severity: severity, confidence: .certain, connections: connections,
      frames: [FrameRole(1, "SYN")], time: .epoch, summary: "summary", advice: "advice")
  }

  private func drawn(_ choice: inout TimelineChoice, _ concluded: [Finding] = []) -> [UInt64] {
    choice.conclude(concluded).map { $0.0.connection.id }
  }

  @Test("Those that only all connections together show something of are drawn as well")
  func ledger() {
    var choice = TimelineChoice(limit: 20)
    for connection in connections(5) {
      let own = connection.connection.id == 2 ? [finding("half-close", .note, on: 2)] : []
      choice.consider(connection, own, pending: [])
    }
    let pileup = finding("time-wait-pileup", .warning, on: 3, 5)
    let result = choice.conclude([pileup])
    #expect(result.map { $0.0.connection.id } == [2, 3, 5])
    #expect(
      result.map { $1.map(\.id) } == [["half-close"], ["time-wait-pileup"], ["time-wait-pileup"]])
    #expect(choice.overflow == 0)
  }

  @Test("Without findings all are drawn, but not in a report", arguments: [true, false])
  func nothingFound(_ drawsUnremarkable: Bool) {
    var choice = TimelineChoice(limit: 3, drawsUnremarkable: drawsUnremarkable)
    for connection in connections(5) { choice.consider(connection, [], pending: []) }
    #expect(drawn(&choice) == (drawsUnremarkable ? [1, 2, 3] : []))
    #expect(choice.overflow == (drawsUnremarkable ? 2 : 0))
  }

  @Test("Where there are too many, those with the worst findings are drawn")
  func worst() {
    var choice = TimelineChoice(limit: 3)
    for connection in connections(6) {
      let id = connection.connection.id
      let severity: Severity = id == 5 ? .error : id == 4 ? .warning : .note
      choice.consider(connection, [finding("a", severity, on: id)], pending: [])
    }
    #expect(drawn(&choice) == [1, 4, 5])
    #expect(choice.overflow == 3)
  }

  @Test("Where numbers, addresses or ports were asked for, the numbers alone decide")
  func askedFor() {
    var choice = TimelineChoice(limit: 2, port: 443)
    for connection in connections(4) {
      let id = connection.connection.id
      choice.consider(connection, id == 4 ? [finding("a", .error, on: id)] : [], pending: [])
    }
    #expect(drawn(&choice) == [1, 2])
    #expect(choice.overflow == 2)
  }

  @Test("What waits in vain makes room for nothing; what is kept for it is bounded")
  func bounds() {
    let all = connections(50)
    var list = Shortlist(limit: 40, segments: 3 * 20, least: 10)
    for connection in all {
      list.add(Shortlist.Entry(tracked: connection, findings: [], severity: nil))
    }
    #expect(list.entries.map(\.tracked.connection.id).sorted() == Array(1...20))
    #expect(list.overflow == 30)
    list.add(Shortlist.Entry(tracked: all[49], findings: [], severity: .error))
    #expect(list.entries.map(\.tracked.connection.id).sorted() == Array(1...19) + [50])

    var choice = TimelineChoice(limit: 2)
    for connection in all.prefix(3) {
      choice.consider(
        connection, [], pending: [finding("syn-lost", .warning, on: connection.connection.id)])
    }
    #expect(drawn(&choice, [finding("syn-lost", .warning, on: 3)]) == [3])
  }
}
