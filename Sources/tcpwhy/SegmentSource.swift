import FlowReport
import PacketCapture
import PacketDecoding

/// Reads an input and decodes it, a batch at a time.
struct SegmentSource: ~Copyable {
  private let input: CaptureInput
  private var files: CaptureFileSet
  private var filter: BPFFilter?
  private var decoder = PacketDecoder()
  private var frames = FrameBatch()
  private var next = 0
  /// Why nothing is read, if the filter makes no sense.
  private let refusal: CaptureError?
  private var summary = SourceSummary()

  init(_ input: CaptureInput) {
    self.input = input
    var refusal: CaptureError?
    do throws(CaptureError) {
      // Compiled for a link type when it is met; the words were looked at before.
      if let expression = input.filter { filter = try BPFFilter(expression, linkTypes: []) }
    } catch {
      refusal = error
    }
    files = CaptureFileSet(paths: refusal == nil ? input.paths : [])
    self.refusal = refusal
  }

  /// Fills `batch` with what comes next; what was in it is gone. False at the end.
  mutating func read(into batch: inout SegmentBatch) -> Bool {
    batch.removeAll()
    if next == frames.count {
      guard files.read(into: &frames) else { return false }
      next = 0
      filter?.apply(to: &frames)
    }
    SegmentSource.decode(frames, from: &next, with: &decoder, into: &batch, &summary)
    batch.bytesRead = files.bytesRead
    batch.totalBytes = files.totalBytes
    return true
  }

  private static func decode(
    _ frames: borrowing FrameBatch, from next: inout Int, with decoder: inout PacketDecoder,
    into batch: inout SegmentBatch, _ summary: inout SourceSummary
  ) {
    let bytes = frames.bytes.span
    let first = next
    while next < frames.count, batch.count < batch.segments.count {
      let filled = batch.count
      var segments = batch.segments.mutableSpan
      let count = decoder.decodeOrdinary(
        frames.records.span.extracting(next..<frames.count), in: bytes, into: &segments,
        from: filled)
      next += count
      batch.count += count
      guard next < frames.count, batch.count < batch.segments.count else { break }
      let (header, range) = frames.frame(at: next)
      next += 1
      let outcome = decoder.decode(
        bytes.extracting(range), header: header, into: &batch.segments[batch.count])
      if case .segment = outcome {
        batch.count += 1
      } else {
        if case .icmpError(let error) = outcome { batch.errors.append((batch.count, error)) }
        summary.count(outcome, linkType: header.linkType)
      }
    }
    batch.packets = UInt64(next - first)
    batch.isCaughtUp = next == frames.count
  }

  /// What is to be said of the input as a whole, at its end.
  consuming func finish() -> SourceSummary {
    var summary = summary
    let problems = files.problems
    summary.files =
      refusal == nil
      ? UInt64(max(0, input.paths.count - problems.count { $0.isRefusal })) : 0
    summary.problems =
      (problems + (refusal.map { [$0] } ?? []) + (filter?.problems ?? []) + input.problems)
      .map(\.description)
      + summary.foreignLinkTypes.sorted { $0.key < $1.key }.map { type, count in
        "\(input.name): link type \(type) is not supported: \(count) "
          + "\(count == 1 ? "frame" : "frames") left out; capture with another one if the device offers it (tcpdump -L)"
      }
    return summary
  }
}

/// What is to be said of an input as a whole.
struct SourceSummary: Sendable {
  /// Files read, wholly or in part.
  var files: UInt64 = 0
  /// Frames that were of no use.
  var skipped = SkippedFrames()
  /// What was wrong, a line each.
  var problems: [String] = []
  /// Frames of link types that nobody here decodes, by `LINKTYPE_` value.
  fileprivate var foreignLinkTypes: [UInt32: UInt64] = [:]

  fileprivate mutating func count(_ outcome: DecodeOutcome, linkType: LinkType) {
    skipped.count(outcome)
    if case .problem(let problem) = outcome, problem.layer == .link, problem.kind == .unsupported,
      foreignLinkTypes[linkType.rawValue] != nil || foreignLinkTypes.count < 64
    {
      foreignLinkTypes[linkType.rawValue, default: 0] += 1
    }
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
