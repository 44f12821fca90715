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
  /// Causes that many connections showed and that were told, as they were told.
  private var toldCauses: [String: Finding] = [:]
  /// Findings that were told and may yet be withdrawn at the end.
  private var toldPending: Set<Telling> = []
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
  /// Findings that wait for the end; those beyond stand as they were made.
  private static let pendingLimit = 8192

  /// A finding that was told on one connection.
  private struct Telling: Hashable {
    var finding: String
    var connection: UInt64
  }

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
    diagnostician.waitingLimit = LiveAnalysis.pendingLimit
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
      let findings = diagnostician.examine(tracked).filter { $0.severity >= minSeverity }
      let pending = diagnostician.pending.filter { $0.severity >= minSeverity }
      totals.count(tracked.connection)
      for finding in findings { totals.count(finding) }
      settled += 1
      tell(tracked, findings, pending, &view, showsFindings: showsFindings, to: &out)
      view.settle(tracked, findings, pending: pending, to: &out)
    }
  }

  private mutating func tell(
    _ tracked: TrackedConnection, _ findings: [Finding], _ pending: [Finding],
    _ view: inout some LiveView, showsFindings: Bool, to out: inout OutputBuffer
  ) {
    let id = tracked.connection.id
    let pending = pending.compactMap(diagnostician.facts.weigh)
    let news = inspector.remainder(of: findings + pending, on: id, now: now)
    for withdrawal in news.withdrawals { view.show(withdrawal, to: &out) }
    if showsFindings {
      for finding in news.findings { view.show(finding, on: tracked, now: now, to: &out) }
    }
    for finding in pending
    where showsFindings || !news.findings.contains(where: { $0.id == finding.id }) {
      toldPending.insert(Telling(finding: finding.id, connection: id))
    }
  }

  /// Shows what many connections together show by now, each cause once.
  mutating func tellCauses(_ view: inout some LiveView, to out: inout OutputBuffer) {
    for finding in diagnostician.causes()
    where finding.severity >= minSeverity && finding.severity > .note {
      let cause = LiveAnalysis.cause(finding)
      guard toldCauses.count < LiveAnalysis.causeLimit, toldCauses[cause] == nil else { continue }
      toldCauses[cause] = finding
      view.show(finding, on: nil, now: now, to: &out)
    }
  }

  private static func cause(_ finding: Finding) -> String {
    "\(finding.id)\u{0}\(finding.causeKey)"
  }

  /// How things stand; begins a new interval.
  mutating func summary(after length: Duration) -> LiveSummary {
    let counts = tracker.counts
    let summary = LiveSummary(
      interval: interval, length: length, opened: counts.connections - opened,
      states: tracker.statesHeld(), held: held,
      dropped: (statistics.droppedByKernel - droppedBefore, statistics.droppedByKernel),
      droppedByInterface: statistics.droppedByInterface, evicted: evicted,
      findings: found)
    opened = counts.connections
    droppedBefore = statistics.droppedByKernel
    interval = IntervalCounts()
    return summary
  }

  /// Connections held now.
  private var held: Int { Int(clamping: tracker.counts.connections - settled) }

  /// Findings on connections let go, those that wait for the end among them.
  private var found: UInt64 {
    totals.findings.values.reduce(0, +) + UInt64(toldPending.count)
  }

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
    withdraw(findings, &view, to: &out)
    view.end(
      totals, LiveConclusion(findings: findings, revisions: diagnostician.revisions), now: now,
      to: &out)
  }

  /// Takes back what was told and does not stand as it was told, and shows what was not told before.
  private mutating func withdraw(
    _ findings: [Finding], _ view: inout some LiveView, to out: inout OutputBuffer
  ) {
    for revision in diagnostician.revisions {
      let told = Telling(finding: revision.finding, connection: revision.connection)
      guard toldPending.remove(told) != nil else { continue }
      view.show(
        Withdrawal(
          finding: told.finding, connection: told.connection, cause: nil,
          replacement: revision.replacement, time: now), to: &out)
    }
    var known: Set<String> = []
    let last = Dictionary(
      findings.map { (LiveAnalysis.cause($0), $0) }, uniquingKeysWith: { first, _ in first })
    for (cause, told) in toldCauses.sorted(by: { $0.key < $1.key }) {
      let now = last[cause]
      if let now, now.says(told) {
        known.insert(cause)
      } else {
        view.show(
          Withdrawal(
            finding: told.id, connection: nil, cause: told.causeKey, replacement: now?.id,
            time: self.now), to: &out)
      }
    }
    guard !view.reportsAtEnd else { return }
    for finding in findings where !known.contains(LiveAnalysis.cause(finding)) {
      let isTold =
        finding.connections.count == 1
        && toldPending.contains(
          Telling(finding: finding.id, connection: finding.connections[0]))
      if !isTold { view.show(finding, on: nil, now: now, to: &out) }
    }
  }

  /// One line of counters.
  var counters: String {
    let counts = tracker.counts
    return """
      \(totals.packets) frames, \(counts.segments) TCP segments, \(counts.connections) connections \
      seen, \(held) held, \(evicted) let go early, \(found) findings \
      on connections let go; dropped by the kernel \(statistics.droppedByKernel), by the device \
      \(statistics.droppedByInterface)
      """
  }
}

extension Finding {
  /// Whether it says the same as another one.
  fileprivate func says(_ other: Finding) -> Bool {
    summary == other.summary && severity == other.severity && confidence == other.confidence
      && connections == other.connections && connectionCount == other.connectionCount
      && frames == other.frames && costSeconds == other.costSeconds
  }
}
