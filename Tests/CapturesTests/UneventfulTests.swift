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
    let rules = RuleCatalogue.all.compactMap { $0 as? any ConnectionRule }
    for tracked in replay.connections where tracked.connection.isUneventful {
      for rule in rules where rule.mayApply(to: tracked.connection) {
        let findings = rule.examine(tracked, CaptureFacts())
        #expect(findings.isEmpty, "\(rule.id) on connection \(tracked.connection.id)")
      }
    }
  }
}
