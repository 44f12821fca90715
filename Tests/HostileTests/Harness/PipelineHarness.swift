import PacketDecoding
import TCPModel

/// Everything from frames to findings: an input is one byte of bounds and a `SegmentScript`, whose
/// last byte says how the tracker is driven, besides what it says there.
enum PipelineHarness {
  /// Runs with one of the forms of output, chosen by the last byte: a quarter of the time.
  static func runOneForm(_ input: [UInt8]) {
    run(input, output: Analysis.Forms(rawValue: 1 << ((input.last ?? 0) & 3)))
  }

  /// - Parameter output: What is written of the results, which takes most of the time.
  static func run(_ input: [UInt8], output: Analysis.Forms) {
    guard input.count > 1 else { return }
    var options = TrackerOptions()
    let choice = input[0]
    options.maximumConnections = choice & 1 != 0 ? 2 : 32
    if choice & 2 != 0 { options.maximumSegments = 4 }
    if choice & 4 != 0 { options.maximumTransitions = 2 }
    if choice & 8 != 0 { options.keepsAllSegments = true }
    if choice & 16 != 0 { options.watchesDisturbances = true }
    if choice & 32 != 0 { options.idleLimit = 10_000_000_000 }
    if choice & 64 != 0 { options.keepsTransitions = false }
    let last = input[input.count - 1]
    var manner: Analysis.Manner = []
    if last & 4 != 0 {
      manner.insert(.summaries)
      options.confirmsTransitions = false
    }
    if last & 8 != 0 {
      manner.insert(.live)
      options.watchesDisturbances = true
      options.watchesTransitions = true
    }
    if last & 16 != 0 {
      manner.insert(.batches)
      options.maximumBytes = 8192
    }
    if last & 32 != 0 { options.holdsQuietly = false }
    var analysis = Analysis(options, output: output, manner: manner)
    var script = SegmentScript(input, from: 1)
    var number: UInt64 = 0
    // The program drains after each batch, of which a frame may be the only one.
    let batch: UInt64 = choice & 128 == 0 ? 1 : 8
    while number < PipelineHarness.frameLimit, let frame = script.nextFrame() {
      number += 1
      analysis.take(
        frame.bytes.span,
        FrameHeader(
          number: number, time: CaptureTime(nanoseconds: frame.nanoseconds),
          originalLength: UInt32(frame.bytes.count),
          linkType: frame.linkType.map { LinkType(rawValue: UInt32($0)) } ?? .raw))
      if number % batch == 0 { analysis.drain() }
    }
    analysis.finish()
    // Those that are let go stay until they are drained.
    precondition(
      analysis.tracker.counts.peakConnections <= UInt64(options.maximumConnections) + batch)
    precondition(analysis.longestHistory <= Int(options.maximumSegments) + 1)
    precondition(analysis.longestTransitions <= Int(options.maximumTransitions) + 1)
  }

  /// More than a history holds.
  private static let frameLimit: UInt64 = 128
}
