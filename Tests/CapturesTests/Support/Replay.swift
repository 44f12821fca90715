import FlowDiagnosis
import Foundation
import PacketCapture
import PacketDecoding
import TCPModel
import Testing

/// The captures of the repository and what `index.json` promises of them.
enum Repository {
  /// The folder `Captures`.
  static let captures = URL(filePath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().appending(path: "Captures")

  /// A row of `index.json`.
  struct Promise: Decodable, CustomTestStringConvertible, Sendable {
    var capture: String
    var shows: [String]
    var silent: [String]
    var healthy: Bool?
    var states: String?
    var options: [String]?
    var testDescription: String { capture }

    /// The arguments that the capture needs, as the rules take them.
    func diagnosisOptions() throws -> DiagnosisOptions {
      var result = DiagnosisOptions()
      let words = options ?? []
      for (name, value) in zip(words, words.dropFirst()) {
        switch name {
        case "--limit-rate":
          let parts = value.dropLast().split(separator: "/").compactMap { Double($0) }
          try #require(parts.count == 2)
          result.rateLimit = (Int(parts[0]), parts[1])
        case "--limit-concurrent":
          result.concurrencyLimit = Int(value)
        default:
          break
        }
      }
      return result
    }
  }

  static let promises: [Promise] = {
    guard let data = try? Data(contentsOf: captures.appending(path: "index.json")),
      let rows = try? JSONDecoder().decode([Promise].self, from: data)
    else { return [] }
    return rows
  }()
}

/// What a run over a capture gave.
struct Replay {
  var connections: [TrackedConnection] = []
  var findings: [Finding] = []
  var segments = 0

  /// - Parameters:
  ///   - path: The capture.
  ///   - options: What is asked of the rules.
  ///   - change: What is done to each segment before it is tracked.
  init(
    _ path: String, options: DiagnosisOptions = DiagnosisOptions(),
    changing change: (inout Segment) -> Void = { _ in }
  ) throws {
    var tracker = ConnectionTracker()
    var diagnostician = Diagnostician(options)
    try Replay.read(path) { outcome, segment in
      switch outcome {
      case .segment:
        segments += 1
        change(&segment)
        tracker.process(segment)
      case .icmpError(let error):
        tracker.process(error)
      case .fragment, .notTCP, .problem:
        break
      }
      while let next = tracker.nextSettled() {
        findings += diagnostician.examine(next)
        connections.append(next)
      }
    }
    tracker.finish()
    diagnostician.facts.end = tracker.now
    while let next = tracker.nextSettled() {
      findings += diagnostician.examine(next)
      connections.append(next)
    }
    findings += diagnostician.conclude()
  }

  /// Decodes every frame of a capture.
  ///
  /// - Parameter body: Takes what the frame was, and its segment if it was one.
  static func read(_ path: String, _ body: (DecodeOutcome, inout Segment) -> Void) throws {
    var file = try CaptureFile(path: path)
    var batch = FrameBatch()
    var decoder = PacketDecoder()
    var segment = Segment()
    while try file.read(into: &batch) {
      for index in 0..<batch.count {
        let outcome = batch.withFrame(at: index) {
          decoder.decode($0, header: $1, into: &segment)
        }
        body(outcome, &segment)
      }
    }
  }
}
