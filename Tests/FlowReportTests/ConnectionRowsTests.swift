import FlowDiagnosis
import Testing

@testable import FlowReport
@testable import TCPModel

@Suite("Which connections a table shows")
struct ConnectionRowsTests {
  /// The ids shown of connections that come in some order, of which some have findings.
  private func shown(_ ids: [UInt64], marked: Set<UInt64>, limit: Int) -> [UInt64] {
    var rows = ConnectionRows(limit: limit)
    for id in ids {
      var line = ConnectionLine()
      line.id = id
      let finding = Finding(
        id: "a", severity: .note, confidence: .certain, connections: [id], frames: [],
        time: line.firstTime, summary: "", advice: "", causeKey: "")
      rows.add(&line, marked.contains(id) ? [finding] : [])
    }
    #expect(rows.total == ids.count)
    return rows.pages.joined().map(\.id)
  }

  @Test("The first ones with findings, then the first ones without, by id")
  func order() {
    let ids = (1...100).map { UInt64($0 * 37 % 101) }
    let marked: Set<UInt64> = [11, 50, 99]
    #expect(shown(ids, marked: marked, limit: .max) == Array(1...100))
    #expect(shown(ids, marked: marked, limit: 5) == [1, 2, 11, 50, 99])
    #expect(shown(ids, marked: marked, limit: 2) == [11, 50])
    #expect(shown(ids, marked: Set(ids), limit: 3) == [1, 2, 3])
    #expect(shown(ids, marked: [], limit: 1) == [1])
    #expect(shown([], marked: [], limit: 1) == [])
  }

  @Test("However many there are, in whatever order", arguments: [1, 1000, 1500, 4000, 5000, 9000])
  func many(limit: Int) {
    for step in [1, 1237] as [UInt64] {
      let ids = (1...5000).map { $0 * step % 5003 }
      let marked = Set(ids.filter { $0 % 7 == 3 })
      let first = marked.sorted().prefix(limit)
      let rest = ids.filter { !marked.contains($0) }.sorted().prefix(limit - first.count)
      #expect(shown(ids, marked: marked, limit: limit) == (first + rest).sorted())
    }
  }
}
