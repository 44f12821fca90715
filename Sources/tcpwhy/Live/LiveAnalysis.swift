import FlowDiagnosis
import FlowReport
import PacketCapture
import PacketDecoding
import TCPModel

/// The way of a packet through a capture that has no end yet: decoded, tracked, and what it shows
/// told as soon as it can be.
struct LiveAnalysis: ~Copyable {
  private var decoder = PacketDecoder()
  private var tracker: ConnectionTracker
  private var diagnostician: Diagnostician
  private var inspector = LiveInspector()
  private var segment = Segment()
  private var interval = IntervalCounts()
  /// Causes that many connections showed and that were told, with the number told.
  private var toldCauses: Set<String> = []
  private let minSeverity: Severity
  private let showsTransitions: Bool
  private var opened: UInt64 = 0
  private var droppedBefore: UInt64 = 0
  private var settled: UInt64 = 0
  /// What has been counted so far.
  private(set) var totals = AnalysisTotals()
  /// What the kernel counted when it was last asked.
  private(set) var statistics = CaptureStatistics()

  private static let causeLimit = 4096

  init(
    tracker options: TrackerOptions, diagnosis: DiagnosisOptions, minSeverity: Severity,
    showsTransitions: Bool
  ) {
    var options = options
    options.watchesDisturbances = true
    options.watchesTransitions = true
    tracker = ConnectionTracker(options: options)
    var diagnosis = diagnosis
    diagnosis.hashSeed = options.hashSeed
    diagnostician = Diagnostician(diagnosis)
    self.minSeverity = minSeverity
    self.showsTransitions = showsTransitions
  }

  /// The time of the latest segment, or of the clock when that is later.
  var now: CaptureTime { tracker.now }

  /// Takes the frames of a batch.
  mutating func take(_ batch: borrowing FrameBatch) {
    take(batch, at: 0..<batch.count)
  }

  /// Takes some frames of a batch.
  mutating func take(_ batch: borrowing FrameBatch, at range: Range<Int>) {
    let bytes = batch.bytes.span
    for index in range {
      let outcome = decoder.decode(
        bytes.extracting(batch.range(at: index)), header: batch.header(at: index), into: &segment)
      if case .segment = outcome {
        totals.segments &+= 1
        tracker.process(segment)
      } else {
        if case .icmpError(let error) = outcome { tracker.process(error) }
        totals.skipped.count(outcome)
      }
    }
    totals.packets += UInt64(range.count)
    interval.frames += UInt64(range.count)
  }

  /// Lets time pass without frames.
  mutating func advance(to time: CaptureTime) {
    tracker.advanceClock(to: time)
  }

  /// Takes note of what the kernel dropped: findings that this could explain lose confidence.
  mutating func note(_ statistics: CaptureStatistics) {
    self.statistics = statistics
    totals.droppedByKernel = statistics.droppedByKernel
    diagnostician.facts.droppedByKernel = statistics.droppedByKernel
  }

  /// Shows what has become known.
  mutating func tell(_ view: inout some LiveView, to out: inout OutputBuffer) {
    collectTransitions(&view, to: &out)
    while let tracked = tracker.nextDisturbed() {
      let news = inspector.news(of: tracked, diagnostician.facts, from: minSeverity, now: now)
      for withdrawal in news.withdrawals { view.show(withdrawal, to: &out) }
      for finding in news.findings { view.show(finding, on: tracked, now: now, to: &out) }
    }
    collectSettled(&view, showsFindings: true, to: &out)
  }

  private mutating func collectTransitions(
    _ view: inout some LiveView, to out: inout OutputBuffer
  ) {
    while let (connection, transition) = tracker.nextTransition() {
      interval.count(transition, of: connection)
      if showsTransitions { view.show(transition, of: connection, to: &out) }
    }
  }

  private mutating func collectSettled(
    _ view: inout some LiveView, showsFindings: Bool, to out: inout OutputBuffer
  ) {
    while let tracked = tracker.nextSettled() {
      let findings = diagnostician.examine(tracked)
      totals.count(tracked.connection)
      for finding in findings { totals.count(finding) }
      settled += 1
      let shown = findings.filter { $0.severity >= minSeverity }
      let news = inspector.remainder(of: shown, on: tracked.connection.id, now: now)
      for withdrawal in news.withdrawals { view.show(withdrawal, to: &out) }
      if showsFindings {
        for finding in news.findings { view.show(finding, on: tracked, now: now, to: &out) }
      }
      view.settle(tracked, shown, to: &out)
    }
  }

  /// Shows what many connections together show by now, each cause once.
  mutating func tellCauses(_ view: inout some LiveView, to out: inout OutputBuffer) {
    for finding in diagnostician.causes()
    where finding.severity >= minSeverity && finding.severity > .note {
      guard toldCauses.count < LiveAnalysis.causeLimit,
        toldCauses.insert("\(finding.id)\u{0}\(finding.causeKey)").inserted
      else { continue }
      view.show(finding, on: nil, now: now, to: &out)
    }
  }

  /// How things stand; begins a new interval.
  mutating func summary(after length: Duration) -> LiveSummary {
    let counts = tracker.counts
    let summary = LiveSummary(
      interval: interval, length: length, opened: counts.connections - opened,
      states: tracker.statesHeld(), held: held,
      dropped: (statistics.droppedByKernel - droppedBefore, statistics.droppedByKernel),
      droppedByInterface: statistics.droppedByInterface, evicted: evicted,
      findings: totals.findings.values.reduce(0, +))
    opened = counts.connections
    droppedBefore = statistics.droppedByKernel
    interval = IntervalCounts()
    return summary
  }

  /// Connections held now.
  private var held: Int { Int(clamping: tracker.counts.connections - settled) }

  private var evicted: UInt64 {
    let counts = tracker.counts
    return counts.evictedClosed + counts.evictedHalfOpen + counts.evictedOpen
  }

  /// The capture is over: settles everything and shows the end.
  mutating func finish(_ view: inout some LiveView, to out: inout OutputBuffer) {
    tell(&view, to: &out)
    tracker.finish()
    diagnostician.facts.end = tracker.now
    collectTransitions(&view, to: &out)
    collectSettled(&view, showsFindings: !view.reportsAtEnd, to: &out)
    totals.tracker = tracker.counts
    // That connections were open before is nothing to be told of a live capture.
    let findings = diagnostician.conclude()
      .filter { $0.severity >= minSeverity && $0.id != "capture-midstream" }
    for finding in findings { totals.count(finding) }
    view.end(totals, findings, now: now, to: &out)
  }

  /// One line of counters.
  var counters: String {
    let counts = tracker.counts
    return """
      \(totals.packets) frames, \(counts.segments) TCP segments, \(counts.connections) connections \
      seen, \(held) held, \(evicted) let go early, \(totals.findings.values.reduce(0, +)) findings \
      on connections let go; dropped by the kernel \(statistics.droppedByKernel), by the device \
      \(statistics.droppedByInterface)
      """
  }
}
