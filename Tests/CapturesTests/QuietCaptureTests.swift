import FlowDiagnosis
import Foundation
import PacketDecoding
import SegmentScripts
import Testing

@testable import TCPModel

/// How a connection is held changes nothing of what is told of it.
@Suite struct QuietCaptureTests {
  /// A tracker that has read a capture to its end.
  private func tracked(_ path: String, quietly: Bool) throws -> ConnectionTracker {
    var options = TrackerOptions()
    options.holdsQuietly = quietly
    var tracker = ConnectionTracker(options: options)
    try Replay.read(path) { outcome, segment in
      switch outcome {
      case .segment: tracker.process(segment)
      case .icmpError(let error): tracker.process(error)
      default: break
      }
    }
    tracker.finish()
    return tracker
  }

  /// What a tracker makes of a capture, without where in memory it made it.
  private func outcome(_ path: String, quietly: Bool) throws -> [String] {
    var tracker = try tracked(path, quietly: quietly)
    var result: [String] = []
    while let tracked = tracker.nextSettled() {
      result.append("\(tracked.connection.outcome) \(tracked.transitions)")
    }
    return result
  }

  @Test("Held quietly or not, a capture comes to the same", arguments: Repository.promises)
  func sameOutcome(_ promise: Repository.Promise) throws {
    let path = Repository.captures.appending(path: promise.capture).path
    let difference = firstDifference(
      try outcome(path, quietly: true), try outcome(path, quietly: false))
    #expect(difference == nil)
  }

  /// What is told of a connection where nothing is found on it.
  private struct Account: Equatable {
    var brief: ConnectionBrief
    var line: ConnectionLine
  }

  /// The briefs and lines of a capture's connections, by the short way where there is one or all by
  /// the long one, and those that the rules want to see.
  private func accounts(
    _ path: String, directly: Bool
  ) throws -> (all: [Account], wanted: Set<UInt64>) {
    var tracker = try tracked(path, quietly: true)
    var all: [Account] = []
    func add(_ connection: Connection) {
      all.append(Account(brief: ConnectionBrief(connection), line: ConnectionLine(connection)))
    }
    var wanted: Set<UInt64> = []
    while true {
      switch tracker.nextSettled(
        offersBriefs: directly, acceptsBrief: { Diagnostician.isContent(with: &$0) },
        wantsLine: true,
        wantsHistory: { Diagnostician.wantsHistory(of: $0) })
      {
      case .nothing:
        return (all, wanted)
      case .brief:
        all.append(Account(brief: tracker.brief, line: tracker.line))
      case .summary:
        add(tracker.summary)
      case .history:
        let connection = tracker.takeHistory().connection
        add(connection)
        wanted.insert(connection.id)
      }
    }
  }

  @Test(
    "Briefs and lines are the same by either way, and so is what the rules want to see",
    arguments: Repository.promises)
  func sameAccounts(_ promise: Repository.Promise) throws {
    let path = Repository.captures.appending(path: promise.capture).path
    let short = try accounts(path, directly: true)
    let long = try accounts(path, directly: false)
    #expect(short.wanted == long.wanted)
    #expect(short.all == long.all)
  }
}
