import FlowDiagnosis
import PacketDecoding
import TCPModel
import Testing

/// What bytes have to reach for fuzzing to be worth anything.
@Suite("Scripts reach")
struct ScriptTests {
  // Operations as `SegmentScript` reads them: kind, what is missing, then misses and steps of time.
  private static let opening: [UInt8] = [26 << 3, 0, 0, 0, 0, 1, 3, 0]
  private static let exchange: [UInt8] = [27 << 3, 15, 0, 0, 4, 1, 3, 0]
  /// The server closes; 200 ms later the client calls anew from the same port.
  private static let closeAndReuse: [UInt8] = [25 << 3 | 4, 32, 4, 1, 0, 1, 3, 0]

  private static func analyse(
    _ operations: [[UInt8]], _ options: TrackerOptions = TrackerOptions()
  ) -> Analysis {
    var analysis = Analysis(options, output: [])
    var script = SegmentScript([0] + operations.joined(), from: 1)
    var number: UInt64 = 0
    while let frame = script.nextFrame() {
      number += 1
      analysis.take(
        frame.bytes.span,
        FrameHeader(
          number: number, time: CaptureTime(nanoseconds: frame.nanoseconds),
          originalLength: UInt32(frame.bytes.count), linkType: .raw))
      analysis.drain()
    }
    analysis.finish()
    return analysis
  }

  @Test("a long quiet connection that is closed and called anew in TIME-WAIT, twice")
  func incarnations() {
    var options = TrackerOptions()
    options.keepsAllSegments = true
    let once = [Self.opening, Self.exchange, Self.closeAndReuse]
    let analysis = Self.analyse(once + [Self.exchange, Self.closeAndReuse], options)
    #expect(analysis.connections == 3)
    #expect(analysis.longestHistory > 32)
    #expect(analysis.longestTransitions >= 9)
    #expect(analysis.findings.contains { $0.id == "reuse-in-time-wait" })
    // The same without histories of everything, so that it is held quietly.
    #expect(Self.analyse(once).connections == 2)
  }

  @Test("eviction")
  func eviction() {
    var options = TrackerOptions()
    options.maximumConnections = 2
    let analysis = Self.analyse([[24 << 3, 3, 0, 0, 0, 1, 3, 0]], options)
    #expect(analysis.tracker.counts.evictedHalfOpen == 2)
    #expect(analysis.connections == 4)
  }

  @Test("an ICMP error about a call")
  func icmpError() {
    let unreachable: [UInt8] = [30 << 3, 3, 5, 3, 0, 1, 0, 31]
    var call = Self.opening
    call[1] = 2 | 8
    let analysis = Self.analyse([call, unreachable])
    #expect(analysis.findings.contains { $0.id == "host-unreachable" })
  }
}
