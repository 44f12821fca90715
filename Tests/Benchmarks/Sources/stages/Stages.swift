import ArgumentParser
import FlowDiagnosis
import PacketCapture
import PacketDecoding
import TCPModel

/// `stages STAGE FILE`
@main
struct Stages: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Take the packets of a capture as far as a stage, and print how many there were.",
    discussion: """
      read: frames in memory. decode: segments. hold: connections, which all stay in memory. track: \
      connections, let go when they are done. diagnose: findings.
      """)

  enum Stage: String, ExpressibleByArgument, CaseIterable {
    case read, decode, hold, track, diagnose
  }

  @Argument var stage: Stage
  @Argument var file: String

  func run() throws {
    var capture = try CaptureFile(path: file)
    var batch = FrameBatch()
    var packets = 0
    switch stage {
    case .read:
      while try capture.read(into: &batch) { packets += batch.count }
    case .decode:
      var decoding = Decoding()
      while try capture.read(into: &batch) {
        packets += batch.count
        decoding.decode(batch) { _, _ in }
      }
    case .hold, .track, .diagnose:
      var tracking = Tracking(stage)
      while try capture.read(into: &batch) {
        packets += batch.count
        tracking.take(batch)
      }
      if stage != .hold { tracking.finish() }
    }
    print(packets)
  }
}

/// Frames to segments, as many at a time as are tracked together.
struct Decoding: ~Copyable {
  private var decoder = PacketDecoder()
  private var segments = [Segment](repeating: Segment(), count: ConnectionTracker.batchSize)

  mutating func decode(_ batch: borrowing FrameBatch, _ body: (inout [Segment], Range<Int>) -> Void)
  {
    let bytes = batch.bytes.span
    var waiting = 0
    var next = 0
    while next < batch.count {
      let count = Decoding.decodeOrdinary(
        batch.records.span.extracting(next..<batch.count), in: bytes, with: &decoder,
        into: &segments, from: waiting)
      next += count
      waiting += count
      if next < batch.count, waiting < segments.count {
        let frame = bytes.extracting(batch.range(at: next))
        let header = batch.header(at: next)
        next += 1
        if case .segment = decoder.decode(frame, header: header, into: &segments[waiting]) {
          waiting += 1
        }
      }
      guard waiting == segments.count else { continue }
      body(&segments, 0..<waiting)
      waiting = 0
    }
    body(&segments, 0..<waiting)
  }

  private static func decodeOrdinary(
    _ frames: Span<FrameRecord>, in bytes: Span<UInt8>, with decoder: inout PacketDecoder,
    into segments: inout [Segment], from start: Int
  ) -> Int {
    var room = segments.mutableSpan
    return decoder.decodeOrdinary(frames, in: bytes, into: &room, from: start)
  }
}

/// Segments to connections, and to findings where these are asked for.
struct Tracking: ~Copyable {
  private var decoding = Decoding()
  private var tracker: ConnectionTracker
  private var diagnostician = Diagnostician()
  private let stage: Stages.Stage

  init(_ stage: Stages.Stage) {
    var options = TrackerOptions()
    options.confirmsTransitions = false
    options.maximumConnections = 4_000_000
    tracker = ConnectionTracker(options: options)
    self.stage = stage
  }

  mutating func take(_ batch: borrowing FrameBatch) {
    decoding.decode(batch) { tracker.process(&$0, in: $1) }
    if stage != .hold { letGo() }
  }

  mutating func finish() {
    tracker.finish()
    letGo()
    if stage == .diagnose { _ = diagnostician.conclude() }
  }

  private mutating func letGo() {
    let diagnoses = stage == .diagnose
    while true {
      switch tracker.nextSettled(
        offersBriefs: true, acceptsBrief: { !diagnoses || Diagnostician.isContent(with: &$0) },
        wantsHistory: { diagnoses && Diagnostician.wantsHistory(of: $0) })
      {
      case .nothing: return
      case .brief: if diagnoses { note() }
      case .summary:
        tracker.brief = ConnectionBrief(tracker.summary)
        if diagnoses { note() }
      case .history:
        expectNext()
        _ = diagnostician.examine(tracker.takeHistory())
      }
    }
  }

  private mutating func note() {
    expectNext()
    diagnostician.note(&tracker.brief)
  }

  private mutating func expectNext() {
    diagnostician.expect(tracker.upcoming(after: Diagnostician.expectationLead))
  }
}
