import FlowDiagnosis
import PacketDecoding
import SegmentScripts
import TCPModel
import Testing

/// What the rules say of a script.
struct Diagnosis {
  var findings: [Finding]

  /// - Parameters:
  ///   - text: The script; its clock begins at 0.
  ///   - end: When the capture ends, seconds; with its last segment unless given.
  ///   - droppedByKernel: Frames that the kernel dropped.
  init(
    _ text: String, endingAt end: Double? = nil, tracker options: TrackerOptions = TrackerOptions(),
    diagnosis: DiagnosisOptions = DiagnosisOptions(), droppedByKernel: UInt64 = 0
  ) {
    self.init(
      Script.segments(text), endingAt: end, tracker: options, diagnosis: diagnosis,
      droppedByKernel: droppedByKernel)
  }

  init(
    _ segments: [Segment], endingAt end: Double? = nil,
    tracker options: TrackerOptions = TrackerOptions(),
    diagnosis: DiagnosisOptions = DiagnosisOptions(), droppedByKernel: UInt64 = 0
  ) {
    var diagnostician = Diagnostician(diagnosis)
    var last = CaptureTime(nanoseconds: .min)
    for segment in segments { last = max(last, segment.time) }
    diagnostician.facts.end =
      end.map { CaptureTime(nanoseconds: 1_700_000_000_000_000_000 + Int64($0 * 1e9)) } ?? last
    findings = []
    for tracked in Script.track(segments, options: options, endingAt: end) {
      findings += diagnostician.examine(tracked)
    }
    // Known in the end.
    diagnostician.facts.droppedByKernel = droppedByKernel
    findings += diagnostician.conclude()
  }

  /// The ids of all findings, sorted.
  var ids: [String] { findings.map(\.id).sorted() }

  /// The only finding of a rule.
  func only(_ id: String, sourceLocation: SourceLocation = #_sourceLocation) throws -> Finding {
    let found = findings.filter { $0.id == id }
    try #require(found.count == 1, "\(ids)", sourceLocation: sourceLocation)
    return found[0]
  }
}

extension Finding {
  /// A value by its name.
  func value(_ name: String) -> FindingValue? { values.first { $0.name == name }?.value }
}
