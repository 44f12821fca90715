import FlowDiagnosis
import PacketDecoding
import TCPModel
import Testing

@testable import FlowReport

@Suite("Timelines")
struct TimelineTests {
  private func ladder(_ tracked: TrackedConnection, _ findings: [Finding] = [], width: Int)
    -> String
  {
    OutputBuffer.text {
      TimelineText(
        Timeline(tracked, findings: findings),
        TextLayout(width: width, timeStyle: .relative), timers: Timers(),
        end: tracked.connection.lastTime, hasStreamNumber: true
      ).write(to: &$0)
    }
  }

  @Test("Segments read as in packetdrill, relative to the initial sequence numbers")
  func notation() throws {
    let tracked = try #require(ScriptedConnection.withLostAcknowledgment(whole: true))
    let notation = SegmentNotation(tracked)
    let texts = tracked.segments.map(notation.text)
    #expect(texts[0] == "S 0:0(0) win 64240 <mss 1460,sackOK,TS 100 0,wscale 7>")
    #expect(texts[1] == "S. 0:0(0) ack 1 win 65160 <mss 1460,sackOK,TS 700 100,wscale 7>")
    #expect(texts[2] == ". 1:1(0) ack 1 win 502 <TS 101 700>")
    #expect(texts.contains("P. 1:7(6) ack 1 win 502 <TS 1102 1700>"))
    #expect(texts.contains("F. 7:7(0) ack 1 win 502 <TS 1104 1703>"))
  }

  @Test("Sequence numbers count on over the wrap")
  func wrap() throws {
    var script = ScriptedConnection()
    script.send(.client, at: 0, .syn, UInt32.max)
    script.send(.server, at: 10, .syn, UInt32.max - 1, ack: 0)
    script.send(.client, at: 20, .psh, 0, ack: UInt32.max, length: 10)
    let tracked = try #require(script.finish().first)
    let notation = SegmentNotation(tracked)
    #expect(notation.text(tracked.segments[2]) == "P. 1:11(10) ack 1 win 502")
  }

  @Test("No line is wider than the terminal", arguments: [80, 100, 120])
  func widths(width: Int) throws {
    let tracked = try #require(ScriptedConnection.withLostAcknowledgment())
    for line in ladder(tracked, width: width).split(separator: "\n") {
      #expect(line.unicodeScalars.count <= width, "\(line)")
    }
  }

  @Test("Where FINs cross, CLOSING stands where the end that enters it has sent its own")
  func crossing() throws {
    var script = ScriptedConnection()
    script.open()
    script.send(.client, at: 2000, .fin, 1001, ack: 5001)
    script.send(.server, at: 2100, .fin, 5001, ack: 1001)
    script.send(.client, at: 2200, [], 1002, ack: 5002)
    script.send(.server, at: 3200, [], 5002, ack: 1002)
    let text = ladder(try #require(script.finish().first), width: 100)
    let lines = text.split(separator: "\n")
    let first = try #require(lines.firstIndex { $0.contains("├─ F.") })
    let second = try #require(
      lines.firstIndex { $0.contains("F. 1:1(0) ack 1") && $0.contains("◀") })
    let third = try #require(lines.firstIndex { $0.contains("ack 2") })
    #expect(lines[first..<second].allSatisfy { !$0.contains("CLOSING") })
    #expect(
      lines[second..<third].reduce(0) { $0 + $1.ranges(of: "CLOSING").count }
        == 2, "\(text)")
  }

  @Test("Of what one segment led to and took back at once only the end is shown")
  func takenBackAtOnce() throws {
    var script = ScriptedConnection()
    script.send(.client, at: 0, .syn, 1000)
    script.send(.client, at: 100, [], 1001, ack: 5001)
    script.send(.client, at: 200, .psh, 1001, ack: 5001, length: 10)
    script.send(.client, at: 300, [], 1011, ack: 5101)
    script.send(.client, at: 400, .fin, 1011, ack: 5102)
    let tracked = try #require(script.finish().first)
    #expect(tracked.transitions.contains { $0.frame == 5 && $0.revokedBy == 5 })
    let text = ladder(tracked, width: 100)
    #expect(!text.contains("×"))
    let line = try #require(text.split(separator: "\n").first { $0.contains("├─ F.") })
    #expect(line.contains("CLOSE-WAIT"))
    #expect(text.contains("opened by handshake"))
  }

  @Test("A state that was not reached is marked, with the frame that shows it")
  func revoked() throws {
    let tracked = try #require(ScriptedConnection.withLostAcknowledgment())
    let text = ladder(tracked, width: 100)
    #expect(text.contains("ESTABLISHED×"))
    #expect(text.contains("× revoked by frame 4"))
  }

  @Test("Frames of a proof carry their role")
  func marks() throws {
    let tracked = try #require(ScriptedConnection.withLostAcknowledgment())
    let finding = Finding(
      id: "handshake-ack-lost", severity: .warning, confidence: .likely, connections: [1],
      frames: [FrameRole(4, "SYN,ACK \u{1b}again")], time: tracked.connection.lastTime,
      summary: "The ACK was lost.", advice: "")
    let text = ladder(tracked, [finding], width: 100)
    #expect(text.contains("▲ handshake-ack-lost: SYN,ACK \\u{1b}again"))
    #expect(text.contains("warning handshake-ack-lost: The ACK was lost."))
  }

  @Test("The ladder at 80 columns")
  func golden() throws {
    let tracked = try #require(ScriptedConnection.withLostAcknowledgment())
    #expect(ladder(tracked, width: 80) == TimelineTests.expected)
  }

  private static let expected = """
    Connection 1  192.0.2.5:40000 → 192.0.2.9:80
    from 2026-11-21 02:00:00.000000 UTC, opened by handshake, end: fin, captured at
    the client, in Wireshark: tcp.stream eq 0

    frame       time client                                             server
                     CLOSED       │                                   │ LISTEN
        1   0.000000 SYN-SENT     ├─ S 0:0(0) win 64240 <mss 1460, ──▶│
                                  │  sackOK,TS 100 0,wscale 7>        │
        2   0.001000 ESTABLISHED  │◀────── S. 0:0(0) ack 1 win 65160 ─┤ SYN-RECEIVED
                                  │     <mss 1460,sackOK,TS 700 100,  │
                                  │                        wscale 7>  │
        3   0.001100              ├─ . 1:1(0) ack 1 win 502 ─────────▶│ ESTABLISHED×
                                  │             × revoked by frame 4  │
                                  │            ⋮ 999 ms ⋮             │
        4   1.001000              │◀────── S. 0:0(0) ack 1 win 65160 ─┤ SYN-RECEIVED
                                  │    <mss 1460,sackOK,TS 1700 100,  │
                                  │           wscale 7> · sent again  │
        5   1.001100              ├─ . 1:1(0) ack 1 win 502 ─────────▶│ ESTABLISHED
        6   1.002000              ├─ P. 1:7(6) ack 1 win 502 ────────▶│
        7   1.003000              │◀───────── . 1:1(0) ack 7 win 502 ─┤
        8   1.004000 FIN-WAIT-1   ├─ F. 7:7(0) ack 1 win 502 ────────▶│ CLOSE-WAIT
        9   1.005000 FIN-WAIT-2   │◀──────── F. 1:1(0) ack 8 win 502 ─┤ LAST-ACK
                     TIME-WAIT    │                                   │
       10   1.005100              ├─ . 8:8(0) ack 2 win 502 ─────────▶│ CLOSED
                     TIME-WAIT    │ end of capture, left: client 60 s │ CLOSED


    """
}
