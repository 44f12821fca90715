import FlowDiagnosis
import FlowReport
import PacketDecoding
import TCPModel

/// The whole way of a packet: decoded, tracked, diagnosed, and written in every form there is.
struct Analysis: ~Copyable {
  private var decoder = PacketDecoder()
  private(set) var tracker: ConnectionTracker
  private let timers: Timers
  private var diagnostician: Diagnostician
  private var segment = Segment()
  private var totals = AnalysisTotals()
  private var groups = FindingGroups()
  private var rows = ConnectionRows(limit: 50)
  private var timelines: [Timeline] = []
  private let output: Forms
  private let manner: Manner
  /// Segments that wait for others to be tracked with.
  private var batch: [Segment] = []
  private var records = OutputBuffer()
  private var csv = ConnectionCSV()
  private var connectionRecords = ConnectionRecords(RecordWriter(file: Analysis.hostileName))
  /// The number of the latest frame.
  private(set) var lastFrame: UInt64 = 0
  private(set) var connections = 0
  private(set) var findings: [Finding] = []
  /// The most segments and transitions that a connection came with.
  private(set) var longestHistory = 0
  private(set) var longestTransitions = 0
  /// All findings are checked, but no more are kept.
  private static let findingLimit = 1000
  /// A name that must be escaped wherever it is written.
  static let hostileName = "<script>\u{1B}[2J\n\"&\u{9B}\u{202E}"

  /// What is written of the results.
  struct Forms: OptionSet {
    var rawValue: UInt8
    static let text = Forms(rawValue: 1)
    static let records = Forms(rawValue: 2)
    static let timelines = Forms(rawValue: 4)
    static let page = Forms(rawValue: 8)
    static let all: Forms = [.text, .records, .timelines, .page]
  }

  /// How the tracker is driven, besides its options.
  struct Manner: OptionSet {
    var rawValue: UInt8
    /// Several segments at a time.
    static let batches = Manner(rawValue: 1)
    /// Histories only where a rule wants them, as `analyze` does.
    static let summaries = Manner(rawValue: 2)
    /// Looked at meanwhile, as `sniff` does; the options have to say so too.
    static let live = Manner(rawValue: 4)
  }

  init(
    _ options: TrackerOptions = TrackerOptions(), output: Forms = .all, manner: Manner = []
  ) {
    tracker = ConnectionTracker(options: options)
    timers = options.timers
    self.output = output
    self.manner = manner
    var diagnosis = DiagnosisOptions()
    diagnosis.timers = options.timers
    diagnosis.rateLimit = (3, 1)
    diagnosis.concurrencyLimit = 2
    diagnostician = Diagnostician(diagnosis)
  }

  /// Takes one frame.
  mutating func take(_ bytes: Span<UInt8>, _ header: FrameHeader) {
    lastFrame = max(lastFrame, header.number)
    totals.packets += 1
    let outcome = decoder.decode(bytes, header: header, into: &segment)
    switch outcome {
    case .segment:
      totals.segments += 1
      track(segment)
    case .icmpError(let error):
      trackBatch()
      tracker.process(error)
      totals.skipped.count(outcome)
    case .fragment, .notTCP, .problem:
      totals.skipped.count(outcome)
    }
  }

  /// Takes a segment that needs no decoding.
  mutating func take(_ segment: Segment) {
    lastFrame = max(lastFrame, segment.frame)
    totals.packets += 1
    totals.segments += 1
    track(segment)
  }

  private mutating func track(_ segment: Segment) {
    guard manner.contains(.batches) else { return tracker.process(segment) }
    batch.append(segment)
    if batch.count == ConnectionTracker.batchSize { trackBatch() }
  }

  private mutating func trackBatch() {
    if batch.isEmpty { return }
    tracker.process(&batch, in: batch.indices)
    batch.removeAll()
  }

  /// Hands the connections that are done to the rules.
  mutating func drain() {
    trackBatch()
    while let (connection, transition) = tracker.nextTransition() {
      precondition(transition.frame <= lastFrame && connection.lastFrame <= lastFrame)
    }
    while let disturbed = tracker.nextDisturbed() { check(diagnostician.examine(disturbed)) }
    while let tracked = nextSettled() {
      connections += 1
      longestHistory = max(longestHistory, tracked.segments.count)
      longestTransitions = max(longestTransitions, tracked.transitions.count)
      let found = diagnostician.examine(tracked)
      totals.count(tracked.connection)
      for finding in found { totals.count(finding) }
      check(found)
      keep(found)
      if !output.isDisjoint(with: [.text, .page]) {
        for finding in found { groups.add(finding) }
        var line = ConnectionLine(tracked.connection)
        rows.add(&line, found)
      }
      if output.contains(.records) {
        RecordWriter(file: Analysis.hostileName).write(tracked, found, to: &records)
        var line = ConnectionLine(tracked.connection)
        csv.write(&line, to: &records)
        connectionRecords.write(&line, translationOf: nil, to: &records)
      }
      if !output.isDisjoint(with: [.timelines, .page]), timelines.count < 40 {
        timelines.append(Timeline(tracked, findings: found))
      }
      if records.count > 1 << 20 { records.removeAll() }
    }
  }

  /// The next connection that is done, without its history where nobody asks for it.
  private mutating func nextSettled() -> TrackedConnection? {
    guard manner.contains(.summaries) else { return tracker.nextSettled() }
    // Whatever is written of connections wants more than their briefs.
    let offers = output.isEmpty
    while true {
      switch tracker.nextSettled(
        offersBriefs: offers, acceptsBrief: { Diagnostician.isContent(with: &$0) },
        wantsHistory: { Diagnostician.wantsHistory(of: $0) })
      {
      case .brief:
        connections += 1
        diagnostician.note(&tracker.brief)
        totals.count(&tracker.brief)
      case .nothing:
        return nil
      case .history:
        return tracker.takeHistory()
      case .summary:
        return TrackedConnection(
          connection: tracker.summary, segments: [], transitions: [], previous: nil, icmpErrors: [])
      }
    }
  }

  /// Ends the input and writes everything that `output` asks for.
  mutating func finish() {
    trackBatch()
    if manner.contains(.live) {
      check(diagnostician.causes())
      precondition(tracker.statesHeld().allSatisfy { $0 >= 0 })
    }
    tracker.finish()
    diagnostician.facts.end = tracker.now
    drain()
    let concluded = diagnostician.conclude()
    check(concluded)
    keep(concluded)
    for finding in concluded { totals.count(finding) }
    if !output.isDisjoint(with: [.text, .page]) {
      for finding in concluded { groups.add(finding) }
    }
    totals.tracker = tracker.counts
    if output.contains(.records) {
      csv.finish(to: &records)
      connectionRecords.finish(to: &records)
      let writer = RecordWriter(file: Analysis.hostileName)
      writer.write(concluded, to: &records)
      writer.write(totals, to: &records)
      check(records)
    }
    if output.contains(.text) { writeText() }
    if output.contains(.timelines) { writeTimelines() }
    if output.contains(.page) { writePage() }
  }

  private mutating func keep(_ more: [Finding]) {
    findings += more.prefix(Analysis.findingLimit - findings.count)
  }

  private func writeText() {
    var out = OutputBuffer()
    let layout = TextLayout(timeStyle: .utc)
    let text = TotalsText(layout)
    text.writeHeadline(totals, groups, to: &out)
    FindingText(layout, input: "capture").write(groups, limit: 50, to: &out)
    ConnectionTable(layout, timers: timers, now: tracker.now, hasStreamNumbers: true)
      .write(rows, to: &out)
    text.write(totals, to: &out)
    check(out)
  }

  private func writeTimelines() {
    var out = OutputBuffer()
    for timeline in timelines {
      TimelineText(
        timeline, TextLayout(timeStyle: .relative), timers: timers, end: tracker.now,
        hasStreamNumber: false
      ).write(to: &out)
    }
    check(out)
  }

  private func writePage() {
    var out = OutputBuffer()
    HTMLReport(input: Analysis.hostileName, timers: timers, end: tracker.now)
      .write(totals, groups, rows, timelines, to: &out)
    check(out)
    // The page runs no script; if one begins, it is the name's.
    precondition(!Analysis.contains(out.bytes, "<script"))
  }

  /// Frames that were not there prove nothing.
  private func check(_ findings: [Finding]) {
    for finding in findings {
      guard finding.frames.allSatisfy({ $0.frame > 0 && $0.frame <= lastFrame }),
        finding.connectionCount >= finding.connections.count,
        finding.costSeconds?.isFinite ?? true
      else { fatalError("not possible: \(finding)") }
    }
  }

  /// Nothing that steers a terminal, without colours.
  private func check(_ out: borrowing OutputBuffer) {
    // Without a branch for each byte, of which there are many.
    var steering: UInt8 = 0
    for byte in out.bytes {
      steering |= (byte < 0x20 ? 1 : 0) & (byte != 0x0A ? 1 : 0) | (byte == 0x7F ? 1 : 0)
    }
    precondition(steering == 0)
  }

  private static func contains(_ bytes: [UInt8], _ text: String) -> Bool {
    let wanted = Array(text.utf8)
    var rest = bytes[...]
    while let start = rest.firstIndex(of: wanted[0]) {
      if rest[start...].starts(with: wanted) { return true }
      rest = rest[(start + 1)...]
    }
    return false
  }
}
