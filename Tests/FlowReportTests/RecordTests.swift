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
