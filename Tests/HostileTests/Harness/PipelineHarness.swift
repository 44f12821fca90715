import PacketDecoding
import TCPModel

/// Everything from frames to findings: an input is one byte of bounds and a `SegmentScript`.
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
    if choice & 1 != 0 { options.maximumConnections = 2 }
    if choice & 2 != 0 { options.maximumSegments = 4 }
    if choice & 4 != 0 { options.maximumTransitions = 2 }
    if choice & 8 != 0 { options.keepsAllSegments = true }
    if choice & 16 != 0 { options.watchesDisturbances = true }
    if choice & 32 != 0 { options.idleLimit = 10_000_000_000 }
    if choice & 64 != 0 { options.keepsTransitions = false }
    var analysis = Analysis(options, output: output)
    var script = SegmentScript(input, from: 1)
    var number: UInt64 = 0
    // The program drains after each batch, of which a frame may be the only one.
    let batch: UInt64 = choice & 128 == 0 ? 1 : 8
    while number < 2000, let frame = script.nextFrame() {
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
}
