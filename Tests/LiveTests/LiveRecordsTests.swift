import FlowDiagnosis
import FlowReport
import PacketDecoding
import TCPModel
import Testing

@testable import PacketCapture
@testable import tcpwhy

@Suite("Live records")
struct LiveRecordsTests {
  private static let client: UInt32 = 0x0a00_0001
  private static let server: UInt32 = 0x0a00_0002

  /// A live analysis that is fed by hand and writes JSON lines.
  private struct Feed: ~Copyable {
    var analysis = LiveAnalysis(
      tracker: TrackerOptions(), diagnosis: DiagnosisOptions(), minSeverity: .note,
      showsTransitions: true)
    var records = LiveRecords(.all)
    var out = OutputBuffer()
    private var number: UInt64 = 0

    var lines: [String] { out.text.split(separator: "\n").map(String.init) }

    func lines(_ type: String) -> [String] {
      lines.filter { $0.hasPrefix("{\"type\":\"\(type)\"") }
    }

    /// A segment at a time in seconds; from the server when it has SYN and ACK.
    mutating func take(
      _ flags: UInt8, at seconds: Double, _ sequence: UInt32 = 0, _ ack: UInt32 = 0
    ) {
      var header = FrameBytes.TCP()
      header.flags = flags
      header.sequence = sequence
      header.acknowledgment = ack
      let isAnswer = flags == 0x12
      if isAnswer { swap(&header.sourcePort, &header.destinationPort) }
      let bytes = FrameBytes.ipv4(
        from: isAnswer ? LiveRecordsTests.server : LiveRecordsTests.client,
        to: isAnswer ? LiveRecordsTests.client : LiveRecordsTests.server, header.bytes)
      number += 1
      var batch = FrameBatch()
      _ = batch.append(
        bytes[...],
        FrameHeader(
          number: number, time: CaptureTime(nanoseconds: Int64(seconds * 1e9)),
          originalLength: UInt32(bytes.count), linkType: .raw))
      analysis.take(batch)
      analysis.tell(&records, to: &out)
    }

    mutating func finish() {
      analysis.finish(&records, to: &out)
    }
  }

  @Test("A finding that does not stand any more is withdrawn, by the schema")
  func withdrawn() throws {
    var feed = Feed()
    for time in [1.0, 2, 4, 8] { feed.take(2, at: time) }
    #expect(feed.lines("finding").contains { $0.contains("\"id\":\"syn-unanswered\"") })
    #expect(feed.lines("withdrawn").isEmpty)
    feed.take(0x12, at: 8.01, 100, 1)
    feed.take(0x10, at: 8.02, 1, 101)
    feed.finish()
    let lines = feed.lines("withdrawn")
    #expect(lines.count == 1)
    let line = try #require(lines.first)
    #expect(line.contains(#""id":"syn-unanswered","connection":1,"#))
    let check = try SchemaCheck(RecordSchema.text)
    for line in feed.lines { #expect(try check.problems(of: line) == [], "\(line)") }
    #expect(!check.required("withdrawn").isEmpty)
  }

  @Test("What stands is told once and not withdrawn")
  func standing() {
    var feed = Feed()
    for time in [1.0, 2, 4, 8] { feed.take(2, at: time) }
    feed.finish()
    #expect(feed.lines("finding").count { $0.contains("\"id\":\"syn-unanswered\"") } == 1)
    #expect(feed.lines("withdrawn").isEmpty)
  }

  @Test("An interval is as the schema describes it")
  func interval() throws {
    var feed = Feed()
    feed.take(2, at: 1)
    feed.take(0x12, at: 1.01, 100, 1)
    feed.take(0x10, at: 1.02, 1, 101)
    let summary = feed.analysis.summary(after: .seconds(5))
    feed.records.show(summary, now: feed.analysis.now, to: &feed.out)
    let line = try #require(feed.lines("interval").first)
    let check = try SchemaCheck(RecordSchema.text)
    #expect(try check.problems(of: line) == [])
    #expect(line.contains(#""states":{"ESTABLISHED":2}"#))
    #expect(
      try !check.problems(of: line.replacing("\"opened\":1", with: "\"opened\":\"1\"")).isEmpty)
    #expect(try !check.problems(of: line.replacing("\"held\":1,", with: "")).isEmpty)
  }

  @Test("A connection let go early holds no state in the totals")
  func evicted() {
    var options = TrackerOptions()
    options.maximumConnections = 1
    var analysis = LiveAnalysis(
      tracker: options, diagnosis: DiagnosisOptions(), minSeverity: .note, showsTransitions: false)
    var records = LiveRecords(.summary)
    var out = OutputBuffer()
    for port in 1...5 as ClosedRange<UInt16> {
      var header = FrameBytes.TCP()
      header.flags = 2
      header.sourcePort = port
      var batch = FrameBatch()
      let bytes = FrameBytes.ipv4(from: Self.client, to: Self.server, header.bytes)
      _ = batch.append(
        bytes[...],
        FrameHeader(
          number: UInt64(port), time: CaptureTime(nanoseconds: Int64(port) * 1000),
          originalLength: UInt32(bytes.count), linkType: .raw))
      analysis.take(batch)
      analysis.tell(&records, to: &out)
    }
    analysis.finish(&records, to: &out)
    #expect(out.text.contains(#""connections":5,"#))
    #expect(out.text.contains(#""states":{"SYN-SENT":1}"#))
  }
}
