import FlowDiagnosis
import Foundation
import PacketDecoding
import TCPModel
import Testing

/// Captures whose clock was set back, stood still or jumped: no duration is told that cannot be.
@Suite struct ClockTests {
  /// What the clock of the capture did.
  enum Clock: String, CaseIterable {
    case backwards, still, setBack, extreme

    /// The time that this clock shows when the right one shows `time`, `start` at the first frame.
    func shown(_ time: CaptureTime, since start: CaptureTime, frame: UInt64) -> CaptureTime {
      let passed = time.nanoseconds(since: start)
      switch self {
      case .backwards: return start.advanced(byNanoseconds: -passed)
      case .still: return start
      // An hour back at every seventh frame.
      case .setBack: return time.advanced(byNanoseconds: -Int64(frame / 7) * 3600 * Timers.second)
      case .extreme: return CaptureTime(nanoseconds: frame / 3 % 2 == 0 ? .max : .min)
      }
    }
  }

  @Test("No finding tells a negative duration", arguments: Repository.promises)
  func durations(_ promise: Repository.Promise) throws {
    let path = Repository.captures.appending(path: promise.capture).path
    for clock in Clock.allCases {
      var start: CaptureTime?
      let replay = try Replay(path, options: try promise.diagnosisOptions()) { segment in
        start = start ?? segment.time
        segment.time = clock.shown(segment.time, since: start!, frame: segment.frame)
      }
      for finding in replay.findings {
        let text = "\(clock): \(finding.id): \(finding.summary) \(finding.advice)"
        #expect(!text.contains(/-[0-9.]+ (?:ns|µs|ms|s|min|h)\b/), "\(text)")
        #expect(finding.costSeconds.map { $0 >= 0 && $0.isFinite } ?? true, "\(text)")
        for (name, value) in finding.values {
          if case .seconds(let seconds) = value {
            #expect(seconds >= 0 && seconds.isFinite, "\(name) of \(text)")
          }
        }
      }
    }
  }
}
