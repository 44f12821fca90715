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

  private let options: TrackerOptions
  private let interest: ConnectionInterest
  private let threads: Int

  init(
    tracker options: TrackerOptions, diagnosis: DiagnosisOptions, wantsEveryConnection: Bool = true,
    wantsEveryHistory: Bool = true,
    resources: ResourceOptions
  ) {
    var options = options
    options.confirmsTransitions = wantsEveryHistory
    resources.apply(to: &options)
    threads = resources.threads
    interest = ConnectionInterest(
      everyConnection: wantsEveryConnection, everyHistory: wantsEveryHistory)
    self.options = options
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
      let shards = threads - 1
      let thread = DecodingThread(input, dealer: shards > 1 ? ShardDealer(options: options) : nil)
      if shards > 1 {
        readInShards(shards, thread, &progress, body, uneventful, afterBatch)
      }
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

  /// Reads an input in shards, to its end or to where room has to be made for connections. The tracker
  /// goes on from there.
  private mutating func readInShards(
    _ shards: Int, _ thread: DecodingThread, _ progress: inout Progress,
    _ body: (TrackedConnection, [Finding], [Finding]) -> Void,
    _ uneventful: (inout ConnectionLine) -> Void,
    _ afterBatch: () -> Void
  ) {
    var tracking = ShardedTracking(options, interest, shards: shards)
    var round: [SegmentBatch] = []
    var done: [SegmentBatch] = []
    while thread.read(ShardedTracking.roundSize, into: &round, waits: tracking.isIdle) {
      tracking.finishRound(&done)
      thread.giveBack(&done)
      guard let last = round.last else {
        // There is time to hand out everything.
        drain(&tracking, body, uneventful)
        if tracking.isIdle { afterBatch() } else { tracking.begin([]) }
        continue
      }
      while tracking.isBehind {
        tracking.begin([])
        drain(&tracking, body, uneventful)
        tracking.finishRound(&done)
      }
      guard tracking.hasRoom(for: round) else { break }
      tracking.begin(round)
      drain(&tracking, body, uneventful)
      afterBatch()
      totals.packets += round.reduce(0) { $0 + $1.packets }
      totals.segments = tracking.segments
      progress.update(bytes: last.bytesRead, of: last.totalBytes, packets: totals.packets)
      round = []
    }
    flush(&tracking, thread, body, uneventful)
    if round.isEmpty {
      diagnostician.facts.end = tracking.now
      tracking.begin([], isLast: true)
      flush(&tracking, thread, body, uneventful)
    }
    if let all = tracking.merge() { tracker = all }
    thread.endDealing()
    for index in round.indices { take(&round[index], &progress, body, uneventful, afterBatch) }
    thread.giveBack(&round)
  }

  /// Finishes what is being done, and hands over what is done.
  private mutating func flush(
    _ tracking: inout ShardedTracking, _ thread: DecodingThread,
    _ body: (TrackedConnection, [Finding], [Finding]) -> Void,
    _ uneventful: (inout ConnectionLine) -> Void
  ) {
    while true {
      var done: [SegmentBatch] = []
      tracking.finishRound(&done)
      thread.giveBack(&done)
      drain(&tracking, body, uneventful)
      if tracking.isIdle { return }
      tracking.begin([])
    }
  }

  /// Hands over the connections that are done, with their findings.
  private mutating func drain(
    _ tracking: inout ShardedTracking,
    _ body: (TrackedConnection, [Finding], [Finding]) -> Void,
    _ uneventful: (inout ConnectionLine) -> Void
  ) {
    while tracking.hasSettled {
      diagnostician.expect(tracking.upcoming(after: Diagnostician.expectationLead + 1))
      tracking.handOut(
        brief: { brief, line in
          diagnostician.note(&brief)
          totals.count(&brief)
          if interest.everyConnection { uneventful(&line) }
        }, history: { examine($0, body) })
    }
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
      switch interest.next(of: &tracker) {
      case .nothing:
        return
      case .brief, .summary:
        expectNext()
        diagnostician.note(&tracker.brief)
        totals.count(&tracker.brief)
        if interest.everyConnection { uneventful(&tracker.line) }
      case .history:
        expectNext()
        examine(tracker.takeHistory(), body)
      }
    }
  }

  @inline(__always)
  private mutating func expectNext() {
    diagnostician.expect(tracker.upcoming(after: Diagnostician.expectationLead))
  }

  /// Looks at a connection with its history, and hands it over.
  private mutating func examine(
    _ tracked: TrackedConnection, _ body: (TrackedConnection, [Finding], [Finding]) -> Void
  ) {
    let findings = diagnostician.examine(tracked)
    totals.count(tracked.connection)
    for finding in findings { totals.count(finding) }
    body(tracked, findings, diagnostician.pending)
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
