import FlowDiagnosis
import Foundation
import TCPModel
import Testing

/// What passes by the rules unseen would not have interested them.
@Suite struct UneventfulTests {
  @Test(
    "No rule finds anything in a connection taken for uneventful", arguments: Repository.promises)
  func rulesAgree(_ promise: Repository.Promise) throws {
    let replay = try Replay(Repository.captures.appending(path: promise.capture).path)
    for tracked in replay.connections
    where !Diagnostician.wantsHistory(of: tracked.connection) {
      for rule in RuleCatalogue.connectionRules where rule.mayApply(to: tracked.connection) {
        let findings = rule.examine(tracked, CaptureFacts())
        #expect(findings.isEmpty, "\(rule.id) on connection \(tracked.connection.id)")
      }
    }
  }
}
