import FlowDiagnosis
import FlowReport
import PacketDecoding
import TCPModel

/// The way of a packet through one input: decoded, tracked, and its connection handed over with
/// what was found once it is done.
struct Analysis: ~Copyable {
  private var tracker: ConnectionTracker
  private var diagnostician: Diagnostician
  /// What has been counted so far.
  private(set) var totals = AnalysisTotals()

  /// Whether segments and transitions are wanted of every connection, not only of those that the
  /// rules look at.
  private let wantsEveryHistory: Bool
  private let threads: Int
  /// Whether connections are wanted about which there is nothing to say.
  private let wantsEveryConnection: Bool

  init(
    tracker options: TrackerOptions, diagnosis: DiagnosisOptions, wantsEveryConnection: Bool = true,
    wantsEveryHistory: Bool = true,
    resources: ResourceOptions
  ) {
    var options = options
    options.confirmsTransitions = wantsEveryHistory
    resources.apply(to: &options)
    threads = resources.threads
    self.wantsEveryHistory = wantsEveryHistory
    self.wantsEveryConnection = wantsEveryConnection
    tracker = ConnectionTracker(options: options)
    diagnostician = Diagnostician(diagnosis)
  }

  /// The time of the latest segment.
  var now: CaptureTime { tracker.now }

  /// Reads an input to its end and hands over every connection that is done, with what was found on
  /// it, and what waits for `conclude` to say whether it stands.
  ///
  /// - Parameters:
  ///   - body: Takes a connection and what was found on it.
  ///   - uneventful: Takes the line of a connection on which nothing was found; of no use where every
  ///     history is wanted. It is passed by address, to be left as it is.
  ///   - afterBatch: Called when a piece of the input has been taken.
  /// - Returns: What was wrong with the input, a line each.
  mutating func read(
    _ input: CaptureInput, _ body: (TrackedConnection, [Finding], [Finding]) -> Void,
    uneventful: (inout ConnectionLine) -> Void = { _ in }, afterBatch: () -> Void = {}
  ) -> [String] {
    var progress = Progress()
    var batch = SegmentBatch(capacity: ConnectionTracker.batchSize)
    let summary: SourceSummary
    if threads > 1 {
      let thread = DecodingThread(input)
      while thread.read(into: &batch) { take(&batch, &progress, body, uneventful, afterBatch) }
      summary = thread.finish()
    } else {
      var source = SegmentSource(input)
      while source.read(into: &batch) { take(&batch, &progress, body, uneventful, afterBatch) }
      summary = source.finish()
    }
    progress.end()
    totals.files += summary.files
    totals.skipped = summary.skipped
    tracker.finish()
    diagnostician.facts.end = tracker.now
    drain(body, uneventful)
    totals.tracker = tracker.counts
    return summary.problems
  }

  private mutating func take(
    _ batch: inout SegmentBatch, _ progress: inout Progress,
    _ body: (TrackedConnection, [Finding], [Finding]) -> Void,
    _ uneventful: (inout ConnectionLine) -> Void,
    _ afterBatch: () -> Void
  ) {
    var first = 0
    for (position, error) in batch.errors {
      // What it says is about what came before it.
      tracker.process(&batch.segments, in: first..<position)
      tracker.process(error)
      first = position
    }
    tracker.process(&batch.segments, in: first..<batch.count)
    totals.packets += batch.packets
    totals.segments = tracker.counts.segments
    guard batch.isCaughtUp else { return }
    drain(body, uneventful)
    afterBatch()
    progress.update(bytes: batch.bytesRead, of: batch.totalBytes, packets: totals.packets)
  }

  /// Hands over the connections that are done, with their findings.
  private mutating func drain(
    _ body: (TrackedConnection, [Finding], [Finding]) -> Void,
    _ uneventful: (inout ConnectionLine) -> Void
  ) {
    while true {
      switch tracker.nextSettled(
        offersBriefs: !wantsEveryHistory, acceptsBrief: { Diagnostician.isContent(with: &$0) },
        wantsLine: wantsEveryConnection,
        wantsHistory: { wantsEveryHistory || Diagnostician.wantsHistory(of: $0) })
      {
      case .nothing:
        return
      case .brief:
        expectNext()
        noteBrief()
        if wantsEveryConnection { uneventful(&tracker.line) }
      case .summary:
        expectNext()
        tracker.brief = ConnectionBrief(tracker.summary)
        noteBrief()
        guard wantsEveryConnection else { break }
        tracker.line = ConnectionLine(tracker.summary)
        uneventful(&tracker.line)
      case .history:
        expectNext()
        let tracked = tracker.takeHistory()
        let findings = diagnostician.examine(tracked)
        totals.count(tracked.connection)
        for finding in findings { totals.count(finding) }
        body(tracked, findings, diagnostician.pending)
      }
    }
  }

  @inline(__always)
  private mutating func expectNext() {
    diagnostician.expect(tracker.upcoming(after: Diagnostician.expectationLead))
  }

  /// Takes note of the tracker's brief, on which nothing was found.
  @inline(__always)
  private mutating func noteBrief() {
    diagnostician.note(&tracker.brief)
    totals.count(&tracker.brief)
  }

  /// What became of findings that waited for `conclude`.
  var revisions: [Revision] { diagnostician.revisions }

  /// What all connections together show, once the input has been read.
  mutating func conclude() -> [Finding] {
    let findings = diagnostician.conclude()
    for finding in findings { totals.count(finding) }
    return findings
  }
}
