import FlowDiagnosis
import Foundation
import TCPModel
import Testing

/// The gates before the rules, by which most connections pass them unseen, let enough through.
@Suite struct GateTests {
  @Test(
    "No gate keeps out what its rule would look at", arguments: Repository.promises)
  func gatesAdmit(_ promise: Repository.Promise) throws {
    let replay = try Replay(Repository.captures.appending(path: promise.capture).path)
    for tracked in replay.connections {
      let signs = ConnectionSigns(tracked.connection)
      for rule in RuleCatalogue.connectionRules where rule.mayApply(to: tracked.connection) {
        #expect(rule.gate.admits(signs), "\(rule.id) on connection \(tracked.connection.id)")
      }
    }
  }

  @Test("Every gate keeps most connections out")
  func gatesExclude() throws {
    var admitted: [String: Int] = [:]
    var total = 0
    for promise in Repository.promises {
      let replay = try Replay(Repository.captures.appending(path: promise.capture).path)
      total += replay.connections.count
      for tracked in replay.connections {
        let signs = ConnectionSigns(tracked.connection)
        for rule in RuleCatalogue.connectionRules where rule.gate.admits(signs) {
          admitted[rule.id, default: 0] += 1
        }
      }
    }
    for rule in RuleCatalogue.connectionRules {
      let count = admitted[rule.id, default: 0]
      #expect(count > 0, "\(rule.id) is never looked at")
      #expect(count * 2 < total, "\(rule.id) looks at \(count) of \(total)")
    }
  }

  @Test("The typed list of the catalogue holds each rule for one connection, in the same order")
  func typedList() {
    let ids = RuleCatalogue.all.compactMap { ($0 as? any ConnectionRule)?.id }
    #expect(RuleCatalogue.connectionRules.map(\.id) == ids)
    #expect(
      RuleCatalogue.all.filter { $0 is any LedgerRule }.count + ids.count
        == RuleCatalogue.all.count)
  }
}
