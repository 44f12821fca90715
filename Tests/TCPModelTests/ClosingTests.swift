import PacketDecoding
import SegmentScripts
import TCPModel
import Testing

/// RFC 9293 §3.6, closing a connection.
@Suite struct ClosingTests {
  @Test("The active closer ends in TIME-WAIT, the passive one in CLOSED")
  func ordinaryClose() throws {
    let connection = try #require(
      Script.run(
        handshake + """
          0.020 > F. 1 ack 1
          0.030 < . 1 ack 2
          0.040 < F. 1 ack 2
          0.041 > . 2 ack 2
          """
      ).first)
    #expect(
      connection.path(.client) == "CLOSED SYN-SENT ESTABLISHED FIN-WAIT-1 FIN-WAIT-2 TIME-WAIT")
    #expect(
      connection.path(.server) == "LISTEN SYN-RECEIVED ESTABLISHED CLOSE-WAIT LAST-ACK CLOSED")
    #expect(connection.connection.activeCloser == .client)
  }

  @Test("TIME-WAIT ends by its timer, which a repeated FIN restarts")
  func timeWaitTimer() throws {
    let close = """
      0.020 > F. 1 ack 1
      0.030 < F. 1 ack 2
      0.030 > . 2 ack 2
      """
    let once = try #require(Script.run(handshake + close, endingAt: 100).first)
    let again = try #require(
      Script.run(handshake + close + "\n10 < F. 1 ack 2\n10.001 > . 2 ack 2", endingAt: 100).first)
    func end(_ connection: TrackedConnection) -> Int64? {
      connection.transitions.last {
        $0.endpoint == .client && $0.to == .closed && $0.revokedBy == 0
      }
      .map { $0.time.nanoseconds - 1_700_000_000_000_000_000 }
    }
    #expect(end(once).map { $0 / 1_000_000 } == 60_030)
    #expect(end(again).map { $0 / 1_000_000 } == 70_001)
    #expect(once.transitions.last?.evidence == .timer)
  }

  @Test("FINs that cross lead through CLOSING on both sides")
  func simultaneousClose() throws {
    let connection = try #require(
      Script.run(
        handshake + """
          0.020 > F. 1 ack 1
          0.021 < F. 1 ack 1
          0.022 > . 2 ack 2
          0.031 < . 2 ack 2
          """
      ).first)
    #expect(
      connection.path(.client) == "CLOSED SYN-SENT ESTABLISHED FIN-WAIT-1 CLOSING TIME-WAIT")
    #expect(
      connection.path(.server)
        == "LISTEN SYN-RECEIVED ESTABLISHED FIN-WAIT-1 CLOSING TIME-WAIT")
    #expect(connection.connection.activeCloser == .both)
  }

  @Test("A FIN sent again after its ACK passed takes the end of LAST-ACK back")
  func finalACKLost() throws {
    let connection = try #require(
      Script.run(
        handshake + """
          0.020 > F. 1 ack 1
          0.030 < F. 1 ack 2
          0.030 > . 2 ack 2
          0.330 < F. 1 ack 2
          0.330 > . 2 ack 2
          """
      ).first)
    let closed = connection.transitions.filter { $0.endpoint == .server && $0.to == .closed }
    #expect(closed.map(\.frame) == [6, 8])
    #expect(closed.map(\.revokedBy) == [7, 0])
  }

  @Test("A FIN beyond a hole moves nobody until the hole is filled")
  func finBeyondHole() throws {
    let connection = try #require(
      Script.run(
        handshake + """
          0.020 > PF. 101:201 ack 1
          0.030 < . 1 ack 1
          0.220 > P. 1:101 ack 1
          0.230 < . 1 ack 202
          """
      ).first)
    let closeWait = try #require(connection.transitions.first { $0.to == .closeWait })
    #expect(closeWait.frame == 6)
  }

  @Test("A RST counts only at exactly RCV.NXT (RFC 5961 §3.2)")
  func exactReset() throws {
    let exact = try #require(Script.run(handshake + "0.1 < R 1").first)
    #expect(exact.connection.client.state == .closed)
    let near = try #require(Script.run(handshake + "0.1 < R 100").first)
    #expect(near.connection.client.state == .established)
    #expect(near.connection.noticed.contains(.ignoredReset))
  }

  @Test(
    "A RST that gives up on keep-alives is lost like them, if one of them is missing from the capture too"
  )
  func resetInVain() throws {
    func run(_ probes: [Double], _ answered: String = "") throws -> TrackedConnection {
      let sent = probes.map { "\($0) > . 1 ack 1" }.joined(separator: "\n")
      return try #require(
        Script.run(
          handshake + "0.02 > P. 1:2 ack 1\n0.03 < . 1 ack 2\n"
            + sent + "\n" + answered + "\n40 > R. 2 ack 1"
        ).first)
    }
    for probes in [[10.0, 20, 30], [20, 30], [10, 30], [10, 20]] {
      #expect(try run(probes).connection.server.state == .established)
    }
    #expect(try run([10]).connection.server.state == .closed)
    #expect(try run([10, 20, 30], "30.01 < . 1 ack 2").connection.server.state == .closed)
  }

  @Test("Of an end that the capture never hears it is not known what it hears")
  func unheardReset() throws {
    let connection = try #require(
      Script.run(
        """
        0.00 > P. 1:2 ack 1
        1.00 > P. 1:2 ack 1
        2.00 > P. 1:2 ack 1
        3.00 > P. 1:2 ack 1
        4.00 > R. 2 ack 1
        """
      ).first)
    #expect(connection.connection.server.state == .closed)
  }

  @Test("An endpoint that goes on talking after its RST did not send it")
  func forgedReset() throws {
    let connection = try #require(
      Script.run(
        handshake + """
          0.100 < R 1
          0.200 < P. 1:11 ack 1
          """
      ).first)
    #expect(connection.connection.server.state == .established)
    #expect(connection.connection.noticed.contains(.resurrects))
    #expect(connection.connection.client.state == .closed)
  }

  @Test("FIN-WAIT-2 of an orphan ends by its timer")
  func orphan() throws {
    let connection = try #require(
      Script.run(handshake + "0.02 > F. 1 ack 1\n0.03 < . 1 ack 2", endingAt: 200).first)
    #expect(
      connection.path(.client)
        == "CLOSED SYN-SENT ESTABLISHED FIN-WAIT-1 FIN-WAIT-2 CLOSED")
    #expect(connection.connection.server.state == .closeWait)
  }
}
