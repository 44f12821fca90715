import FlowDiagnosis
import PacketDecoding
import Testing

@testable import FlowReport
@testable import TCPModel

@Suite("Records")
struct RecordTests {
  private func lines(_ kinds: RecordKinds, file: String? = nil) throws -> [String] {
    let tracked = try #require(ScriptedConnection.withLostAcknowledgment())
    let finding = Finding(
      id: "some-rule", severity: .warning, confidence: .likely, connections: [1],
      frames: [FrameRole(4, "a \"role\"")], time: tracked.connection.lastTime, summary: "s",
      advice: "a",
      values: [("tsval", .integer(-1)), ("wait", .seconds(.nan)), ("who", .text("x\ny"))],
      costSeconds: 0.5, causeKey: "k")
    var totals = AnalysisTotals()
    totals.count(tracked.connection)
    totals.count(finding)
    totals.skipped.count(.notTCP)
    totals.skipped.count(
      .problem(DecodeProblem(layer: .ipv4, kind: .badLength, offset: 14)))
    var out = OutputBuffer()
    let writer = RecordWriter(kinds, file: file)
    writer.write(tracked, [finding], to: &out)
    writer.write(totals, to: &out)
    return out.text.split(separator: "\n").map(String.init)
  }

  @Test("Every record is as the schema describes it, in names and types")
  func schema() throws {
    let check = try SchemaCheck(RecordSchema.text)
    let lines = try lines(.all, file: "a\"b.pcap")
    #expect(lines.count > 10)
    for line in lines {
      #expect(try check.problems(of: line).isEmpty, "\(line)")
    }
  }

  @Test("Counts of no digit, of one and of many are written as they are")
  func counts() throws {
    var tracked = try #require(ScriptedConnection.withLostAcknowledgment())
    for (count, noted) in [(0, 0), (9, 1), (10, 65_535)] as [(UInt16, UInt16)] {
      tracked.connection.client.synCount = count
      tracked.connection.client.finCount = count
      tracked.connection.client.rstCount = count
      tracked.connection.client.retransmissions = noted
      tracked.connection.client.spuriousRetransmissions = noted
      tracked.connection.client.outOfOrder = noted
      tracked.connection.client.duplicateAcknowledgments = noted
      tracked.connection.client.zeroWindows = noted
      tracked.connection.client.keepAlives = noted
      tracked.connection.client.invalidChecksums = noted
      tracked.connection.client.captureDuplicates = noted
      var line = ConnectionLine(tracked.connection)
      let record = OutputBuffer.text { RecordWriter().write(&line, to: &$0) }
      let expected = """
        "syn":\(count),"fin":\(count),"rst":\(count),"retransmissions":\(noted),\
        "spurious_retransmissions":\(noted),"out_of_order":\(noted),"duplicate_acks":\(noted),\
        "zero_windows":\(noted),"keepalives":\(noted),"bad_checksums":\(noted),\
        "capture_duplicates":\(noted)},"server":{
        """
      #expect(record.contains(expected), "\(record)")
    }
  }

  /// A line in which everything is as long as it can be.
  private static func longest() -> ConnectionLine {
    let far = IPAddress(high: 0xffff_ffff_ffff_ffff, low: 0xffff_ffff_ffff_ffff)
    var line = ConnectionLine()
    line.id = .max
    line.previous = .max
    line.incarnation = .max
    line.key = FlowKey(lowAddress: far, highAddress: far, lowPort: .max, highPort: .max)
    line.opening = .simultaneous
    line.activeCloser = .client
    (line.firstFrame, line.lastFrame) = (.max, .max)
    line.firstTime = CaptureTime(nanoseconds: .min)
    line.lastTime = CaptureTime(nanoseconds: -.max)
    var endpoint = EndpointLine()
    endpoint.marks = .refused
    endpoint.state = .synReceived
    (endpoint.packets, endpoint.bytes, endpoint.payloadBytes) = (.max, .max, .max)
    (endpoint.synCount, endpoint.finCount, endpoint.rstCount) = (.max, .max, .max)
    (endpoint.retransmissions, endpoint.spuriousRetransmissions) = (.max, .max)
    (endpoint.outOfOrder, endpoint.duplicateAcknowledgments) = (.max, .max)
    (endpoint.zeroWindows, endpoint.keepAlives) = (.max, .max)
    (endpoint.invalidChecksums, endpoint.captureDuplicates) = (.max, .max)
    line.client = endpoint
    line.server = endpoint
    return line
  }

  @Test("For the longest line there is room, wherever it begins")
  func room() throws {
    var line = RecordTests.longest()
    let check = try SchemaCheck(RecordSchema.text)
    let record = OutputBuffer.text {
      RecordWriter().write(&line, translationOf: .max, to: &$0)
    }
    #expect(try check.problems(of: String(record.dropLast())).isEmpty)
    #expect(record.hasSuffix("\"end\":\"refused\"}\n"))
    #expect(record.utf8.count < 2048 - 32)
    let row = OutputBuffer.text { out in
      var csv = ConnectionCSV()
      csv.write(&line, to: &out)
      csv.finish(to: &out)
    }
    #expect(row.hasSuffix(",client,refused\n"))
    #expect(row.split(separator: ",").count == 25)
    #expect(row.utf8.count < 1024 - 32)
    var many = OutputBuffer()
    var expected = ""
    var csv = ConnectionCSV()
    for round in 0..<100 {
      RecordWriter().write(&line, translationOf: .max, to: &many)
      many.write(spaces: round)
      expected += record + String(repeating: " ", count: round)
      for _ in 0..<4 { csv.write(&line, to: &many) }
      expected += row + row + row + row
    }
    #expect(many.text == expected)
  }

  @Test("What waits comes out in order, and before what is written after it")
  func waiting() throws {
    let tracked = try #require(ScriptedConnection.withLostAcknowledgment())
    var line = ConnectionLine(tracked.connection)
    for count in 0..<10 as Range<UInt64> {
      var records = ConnectionRecords(RecordWriter())
      var (out, expected) = (OutputBuffer(), OutputBuffer())
      for id in 0..<count {
        line.id = id
        let original = id % 3 == 0 ? nil : id
        records.write(&line, translationOf: original, to: &out)
        RecordWriter().write(&line, translationOf: original, to: &expected)
      }
      records.finish(to: &out)
      records.finish(to: &out)
      #expect(out.text == expected.text)
    }
  }

  @Test("The schema asks for the fields that others rely on")
  func contract() throws {
    let check = try SchemaCheck(RecordSchema.text)
    let fields = [
      "connection": [
        "type", "schema", "id", "incarnation", "previous", "community_id", "client", "server",
        "client_known", "vantage", "first_frame", "last_frame", "first_time_ns", "last_time_ns",
        "opened", "handshake_seconds", "active_closer", "end",
      ],
      "transition": [
        "connection", "endpoint", "address", "port", "from", "to", "time_ns", "frame", "evidence",
        "confirmed_by", "revoked_by",
      ],
      "finding": [
        "id", "severity", "confidence", "connections", "frames", "time_ns", "summary", "values",
        "cost_seconds",
      ],
      "summary": [
        "files", "packets", "tcp_segments", "connections", "findings", "states", "skipped",
        "dropped_by_kernel",
      ],
    ]
    for (type, names) in fields {
      #expect(Set(names).subtracting(check.required(type)).isEmpty, "\(type)")
    }
  }

  @Test("A validator that accepts everything would be of no use")
  func validator() throws {
    let check = try SchemaCheck(RecordSchema.text)
    let line = try #require(try lines(.connection).first)
    let broken = [
      line.replacing("\"id\":1", with: "\"id\":\"1\""),
      line.replacing("\"end\":\"fin\"", with: "\"end\":\"gone\""),
      line.replacing("\"incarnation\":1,", with: ""),
      line.replacing("\"port\":80", with: "\"port\":80000"),
      line.replacing("\"end\"", with: "\"fin\""),
    ]
    for line in broken { #expect(try !check.problems(of: line).isEmpty, "\(line)") }
  }

  @Test("Only the kinds asked for are written")
  func kinds() throws {
    let lines = try lines([.finding, .summary])
    #expect(lines.count == 2)
    #expect(lines[0].hasPrefix(#"{"type":"finding","schema":1,"id":"some-rule""#))
    #expect(lines[1].contains(#""skipped":{"not-tcp":1,"ipv4-bad-length":1}"#))
    #expect(lines[1].contains(#""states":{"TIME-WAIT":1}"#))
  }

  @Test("Transitions name the endpoint, the frame and what became of them")
  func transitions() throws {
    let lines = try lines(.transition)
    let revoked = lines.filter { !$0.contains(#""revoked_by":null"#) }
    #expect(revoked.count == 1)
    #expect(
      revoked.first?.contains(
        #""endpoint":"server","address":"192.0.2.9","port":80,"from":"SYN-RECEIVED","to":"ESTABLISHED""#
      ) == true)
    #expect(revoked.first?.hasSuffix(#""revoked_by":4}"#) == true)
  }
}
