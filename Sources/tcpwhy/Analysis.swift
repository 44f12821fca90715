import FlowDiagnosis
import FlowReport
import PacketCapture
import PacketDecoding
import TCPModel

/// The way of a packet through one input: decoded, tracked, and its connection handed over with
/// what was found once it is done.
struct Analysis: ~Copyable {
  private var decoder = PacketDecoder()
  private var tracker: ConnectionTracker
  private var diagnostician: Diagnostician
  private var segment = Segment()
  /// What has been counted so far.
  private(set) var totals = AnalysisTotals()

  init(tracker options: TrackerOptions, diagnosis: DiagnosisOptions) {
    tracker = ConnectionTracker(options: options)
    diagnostician = Diagnostician(diagnosis)
  }

  /// Counts a file of the input.
  mutating func countFile() {
    totals.files += 1
  }

  /// Takes the frames of a batch.
  mutating func take(_ batch: borrowing FrameBatch) {
    let bytes = batch.bytes.span
    for index in 0..<batch.count {
      let outcome = decoder.decode(
        bytes.extracting(batch.range(at: index)), header: batch.header(at: index), into: &segment)
      if case .segment = outcome {
        totals.segments &+= 1
        tracker.process(segment)
      } else {
        takeOther(outcome)
      }
    }
    totals.packets += UInt64(batch.count)
  }

  @inline(never)
  private mutating func takeOther(_ outcome: DecodeOutcome) {
    if case .icmpError(let error) = outcome { tracker.process(error) }
    totals.skipped.count(outcome)
  }

  /// Hands over the connections that are done, with their findings.
  mutating func drain(_ body: (TrackedConnection, [Finding]) -> Void) {
    while let tracked = tracker.nextSettled() {
      let findings = diagnostician.examine(tracked)
      totals.count(tracked.connection)
      for finding in findings { totals.count(finding) }
      body(tracked, findings)
    }
  }

  /// The input has ended: settles every connection; `drain` hands them over.
  mutating func finish() {
    tracker.finish()
  }

  /// What all connections together show; after the last `drain`.
  mutating func conclude() -> [Finding] {
    let findings = diagnostician.conclude()
    for finding in findings { totals.count(finding) }
    return findings
  }
}
