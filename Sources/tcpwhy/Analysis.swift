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
  /// Frames of link types that nobody here decodes, by `LINKTYPE_` value.
  private var foreignLinkTypes: [UInt32: UInt64] = [:]
  /// What has been counted so far.
  private(set) var totals = AnalysisTotals()

  /// Whether segments and transitions are wanted of every connection, not only of those that the
  /// rules look at.
  private let wantsEveryHistory: Bool
  /// Whether connections are wanted about which there is nothing to say.
  private let wantsEveryConnection: Bool

  init(
    tracker options: TrackerOptions, diagnosis: DiagnosisOptions, wantsEveryConnection: Bool = true,
    wantsEveryHistory: Bool = true,
    waitsForLedgers: Bool = false
  ) {
    var options = options
    options.confirmsTransitions = wantsEveryHistory
    self.wantsEveryHistory = wantsEveryHistory
    self.wantsEveryConnection = wantsEveryConnection
    tracker = ConnectionTracker(options: options)
    diagnostician = Diagnostician(diagnosis)
    diagnostician.waitsForLedgers = waitsForLedgers
  }

  /// The time of the latest segment.
  var now: CaptureTime { tracker.now }

  /// Reads an input to its end and hands over every connection that is done, with what was found on
  /// it, and what waits for `conclude` to say whether it stands.
  ///
  /// - Parameters:
  ///   - body: Takes a connection and what was found on it.
  ///   - afterBatch: Called when a piece of the input has been taken.
  /// - Returns: What was wrong with the input, a line each.
  mutating func read(
    _ input: CaptureInput, _ body: (TrackedConnection, [Finding], [Finding]) -> Void,
    afterBatch: () -> Void = {}
  ) -> [String] {
    var progress = Progress()
    var filter: BPFFilter?
    do throws(CaptureError) {
      // Compiled for a link type when it is met; the words were looked at before.
      if let expression = input.filter { filter = try BPFFilter(expression, linkTypes: []) }
    } catch {
      return [error.description]
    }
    var files = CaptureFileSet(paths: input.paths)
    var batch = FrameBatch()
    var segments = [Segment](repeating: Segment(), count: ConnectionTracker.batchSize)
    while files.read(into: &batch) {
      filter?.apply(to: &batch)
      take(batch, &segments)
      drain(body)
      afterBatch()
      progress.update(
        bytes: files.bytesRead, of: files.totalBytes, packets: totals.packets)
    }
    progress.end()
    totals.files += UInt64(input.paths.count - files.problems.count { $0.isRefusal })
    tracker.finish()
    diagnostician.facts.end = tracker.now
    drain(body)
    totals.tracker = tracker.counts
    return (files.problems + (filter?.problems ?? []) + input.problems).map(\.description)
      + foreignLinkTypes.sorted { $0.key < $1.key }.map { type, count in
        "\(input.name): link type \(type) is not supported: \(count) "
          + "\(count == 1 ? "frame" : "frames") left out; capture with another one if the device offers it (tcpdump -L)"
      }
  }

  /// Takes the frames of a batch.
  ///
  /// - Parameter segments: Room for as many segments as are tracked together.
  private mutating func take(_ batch: borrowing FrameBatch, _ segments: inout [Segment]) {
    let bytes = batch.bytes.span
    var waiting = 0
    for index in 0..<batch.count {
      let outcome = decoder.decode(
        bytes.extracting(batch.range(at: index)), header: batch.header(at: index),
        into: &segments[waiting])
      if case .segment = outcome {
        waiting += 1
        if waiting < segments.count { continue }
        tracker.process(segments.span.extracting(0..<waiting))
        waiting = 0
      } else {
        // What it may say is about what came before it.
        tracker.process(segments.span.extracting(0..<waiting))
        waiting = 0
        takeOther(outcome, linkType: batch.header(at: index).linkType)
      }
    }
    tracker.process(segments.span.extracting(0..<waiting))
    totals.packets += UInt64(batch.count)
    totals.segments = tracker.counts.segments
  }

  @inline(never)
  private mutating func takeOther(_ outcome: DecodeOutcome, linkType: LinkType) {
    switch outcome {
    case .icmpError(let error):
      tracker.process(error)
    case .problem(let problem) where problem.layer == .link && problem.kind == .unsupported:
      if foreignLinkTypes[linkType.rawValue] != nil || foreignLinkTypes.count < 64 {
        foreignLinkTypes[linkType.rawValue, default: 0] += 1
      }
    case .segment, .fragment, .notTCP, .problem:
      break
    }
    totals.skipped.count(outcome)
  }

  /// Hands over the connections that are done, with their findings.
  private mutating func drain(_ body: (TrackedConnection, [Finding], [Finding]) -> Void) {
    while true {
      switch tracker.nextSettled(
        wantsHistory: { wantsEveryHistory || Diagnostician.wantsHistory(of: $0) })
      {
      case .nothing:
        return
      case .summary:
        diagnostician.note(tracker.summary)
        totals.count(tracker.summary)
        if wantsEveryConnection {
          body(
            TrackedConnection(
              connection: tracker.summary, segments: [], transitions: [], previous: nil,
              icmpErrors: []), [], [])
        }
      case .history(let tracked):
        let findings = diagnostician.examine(tracked)
        totals.count(tracked.connection)
        for finding in findings { totals.count(finding) }
        body(tracked, findings, diagnostician.pending)
      }
    }
  }

  /// What all connections together show, once the input has been read.
  mutating func conclude() -> [Finding] {
    let findings = diagnostician.conclude()
    for finding in findings { totals.count(finding) }
    return findings
  }
}

extension CaptureError {
  /// Whether nothing of the file could be read.
  fileprivate var isRefusal: Bool {
    switch kind {
    case .truncated, .corrupt, .decompressionFailed, .libpcap: false
    default: true
    }
  }
}
