import PacketDecoding
import SegmentScripts
import TCPModel
import Testing

/// RFC 9293 §3.5, establishing a connection.
@Suite struct OpeningTests {
  @Test("Three segments bring both sides to ESTABLISHED, the server's proved by its first data")
  func handshakeCompletes() throws {
    let connection = try #require(
      Script.run(handshake + "0.020 < P. 1:11 ack 1").first)
    #expect(connection.path(.client) == "CLOSED SYN-SENT ESTABLISHED")
    #expect(connection.path(.server) == "LISTEN SYN-RECEIVED ESTABLISHED")
    let server = try #require(
      connection.transitions.last { $0.endpoint == .server && $0.to == .established })
    #expect(server.evidence == .received)
    #expect(server.frame == 3)
    #expect(server.confirmedBy == 4)
    #expect(connection.connection.opening == .handshake)
  }

  @Test("A SYN,ACK sent again long after the ACK passed takes the server's ESTABLISHED back")
  func handshakeACKLost() throws {
    let connection = try #require(
      Script.run(
        handshake + """
          1.020 < S. 0 ack 1
          1.020 > . 1 ack 1
          1.030 < P. 1:11 ack 1
          """
      ).first)
    let established = connection.transitions.filter {
      $0.endpoint == .server && $0.to == .established
    }
    #expect(established.map(\.frame) == [3, 5])
    #expect(established.map(\.revokedBy) == [4, 0])
    #expect(established.map(\.confirmedBy) == [0, 6])
  }

  @Test("A SYN,ACK that crosses the ACK takes nothing back")
  func crossingSYNACK() throws {
    let connection = try #require(
      Script.run(
        """
        0.000 > S 0
        0.900 < S. 0 ack 1
        0.900 > . 1 ack 1
        1.000 < S. 0 ack 1
        """
      ).first)
    #expect(connection.transitions.allSatisfy { $0.revokedBy == 0 })
  }

  @Test("A SYN sent again after the SYN,ACK passed takes the client's ESTABLISHED back")
  func synAckLost() throws {
    let connection = try #require(
      Script.run(
        """
        0.000 > S 0
        0.010 < S. 0 ack 1
        1.000 > S 0
        1.010 < S. 0 ack 1
        1.011 > . 1 ack 1
        """
      ).first)
    #expect(connection.path(.client) == "CLOSED SYN-SENT ESTABLISHED")
    let established = connection.transitions.filter {
      $0.endpoint == .client && $0.to == .established
    }
    #expect(established.map(\.revokedBy) == [3, 0])
  }

  @Test("Crossing SYNs open simultaneously: SYN-SENT, SYN-RECEIVED, ESTABLISHED on both sides")
  func simultaneousOpen() throws {
    let connection = try #require(
      Script.run(
        """
        0.000 > S 0
        0.005 < S 0
        0.006 > S. 0 ack 1
        0.011 < S. 0 ack 1
        0.012 > . 1 ack 1
        0.020 < . 1 ack 1
        """
      ).first)
    #expect(connection.path(.client) == "CLOSED SYN-SENT SYN-RECEIVED ESTABLISHED")
    #expect(connection.path(.server) == "CLOSED SYN-SENT SYN-RECEIVED ESTABLISHED")
    #expect(connection.connection.opening == .simultaneous)
  }

  @Test("A caller whose SYN crossed another and stays unanswered gives up: it leaves no listener")
  func simultaneousOpenUnanswered() throws {
    let connection = try #require(
      Script.run("0.000 > S 0\n0.005 < S 0\n0.006 > S. 0 ack 1", endingAt: 300).first)
    #expect(connection.path(.client) == "CLOSED SYN-SENT SYN-RECEIVED CLOSED")
    #expect(connection.path(.server) == "CLOSED SYN-SENT SYN-RECEIVED ESTABLISHED")
    let answered = try #require(Script.run("0 > S 0\n0.010 < S. 0 ack 1", endingAt: 300).first)
    #expect(answered.path(.server) == "LISTEN SYN-RECEIVED LISTEN")
  }

  @Test("An ACK out of SYN-RECEIVED shows that neither the handshake's ACK nor the RST was taken")
  func challengeFromSynReceived() throws {
    let connection = try #require(
      Script.run(
        """
        0.000 > S 0 TS 100 0
        0.010 < S. 0 ack 1 TS 500 100
        0.011 > . 1 ack 1 TS 111 500
        0.050 > P. 1:19 ack 1 TS 150 500
        0.152 > R. 19 ack 1 TS 252 500
        0.162 < . 1 ack 1 TS 652 100
        0.163 > R 1
        """
      ).first)
    #expect(connection.path(.server) == "LISTEN SYN-RECEIVED LISTEN")
    #expect(connection.path(.client) == "CLOSED SYN-SENT ESTABLISHED CLOSED")
  }

  @Test("A RST that acknowledges the SYN refuses; one that does not is ignored")
  func refusal() throws {
    let refused = try #require(Script.run("0 > S 0\n0.001 < R. 0 ack 1").first)
    #expect(refused.path(.client) == "CLOSED SYN-SENT CLOSED")
    #expect(refused.connection.client.marks.contains(.refused))
    let ignored = try #require(Script.run("0 > S 0\n0.001 < R. 0 ack 77").first)
    #expect(ignored.path(.client) == "CLOSED SYN-SENT")
  }

  @Test("A SYN,ACK whose TSecr the attempt never sent leaves the client in SYN-SENT")
  func echoMismatch() throws {
    let connection = try #require(
      Script.run(
        """
        0.000 > S 0 TS 1000 0
        0.010 < S. 0 ack 1 TS 9 777
        0.010 > R 1
        1.000 > S 0 TS 2000 0
        1.010 < S. 7000 ack 1 TS 20 2000
        1.010 > . 1 ack 7001 TS 2010 20
        """
      ).first)
    #expect(connection.path(.client) == "CLOSED SYN-SENT ESTABLISHED")
    #expect(
      connection.path(.server) == "LISTEN SYN-RECEIVED LISTEN SYN-RECEIVED ESTABLISHED")
    #expect(connection.connection.noticed.contains(.unacceptableEcho))
  }

  @Test("TSecr 0 and the TSecr of an earlier SYN of the attempt are taken", arguments: [0, 1000])
  func innocentEcho(_ echo: Int) throws {
    let connection = try #require(
      Script.run(
        """
        0.000 > S 0 TS 1000 0
        1.000 > S 0 TS 2000 0
        1.010 < S. 0 ack 1 TS 20 \(echo)
        1.010 > . 1 ack 1 TS 2010 20
        """
      ).first)
    #expect(!connection.connection.noticed.contains(.unacceptableEcho))
    #expect(connection.path(.client) == "CLOSED SYN-SENT ESTABLISHED")
  }

  @Test("A handshake whose SYN,ACK the capture missed is assumed, not doubted")
  func missedSYNACK() throws {
    let connection = try #require(
      Script.run("0 > S 0\n0.01 > . 1 ack 1\n0.02 < P. 1:11 ack 1").first)
    #expect(connection.path(.client) == "CLOSED SYN-SENT ESTABLISHED")
    #expect(connection.path(.server) == "LISTEN SYN-RECEIVED ESTABLISHED")
    #expect(connection.transitions.contains { $0.evidence == .assumed })
  }
}

/// RFC 7323: what timestamps tell.
@Suite struct TimestampTests {
  @Test("A clock's rate and the round trips of both ends come from the timestamps")
  func clockAndRoundTrip() throws {
    let connection = try #require(
      Script.run(
        """
        0.000 > S 0 TS 1000 0
        0.030 < S. 0 ack 1 TS 9000 1000
        0.031 > . 1 ack 1 TS 1031 9000
        2.000 > P. 1:11 ack 1 TS 3000 9000
        2.010 < . 1 ack 11 TS 10980 3000
        """
      ).first?.connection)
    let clock = try #require(connection.client.timestampClock)
    #expect(abs(clock.rate - 1000) < 1)
    #expect(connection.serverRoundTrip == 10_000_000)
    #expect(connection.server.timestampClock.map { abs($0.rate - 1000) < 1 } == true)
  }

  @Test("Old numbers under an old timestamp are dropped (PAWS), new ones are not")
  func protection() throws {
    let opening = """
      0.000 > S 0 TS 100000 0
      0.010 < S. 0 ack 1 TS 9000 100000
      0.011 > P. 1:11 ack 1 TS 100011 9000
      0.020 < . 1 ack 11 TS 9010 100011

      """
    let stale = try #require(
      Script.run(opening + "0.100 > F. 1:5 ack 1 TS 50000 8000 id 77").first)
    #expect(stale.connection.noticed.contains(.oldTimestamp))
    #expect(stale.connection.client.state == .established)
    let fresh = try #require(
      Script.run(opening + "0.100 > F. 11 ack 1 TS 100100 9010").first)
    #expect(!fresh.connection.noticed.contains(.oldTimestamp))
    #expect(fresh.connection.client.state == .finWait1)
  }

  @Test("Timestamps and sequence numbers may wrap within a connection")
  func wrapping() throws {
    let connection = try #require(
      Script.run(
        "iss 4294967290\nserver-iss 4294967294\n" + """
          0.000 > S 0 TS 4294967290 0
          0.010 < S. 0 ack 1 TS 4294967295 4294967290
          0.011 > P. 1:101 ack 1 TS 4 4294967295
          0.020 < P. 1:51 ack 101 TS 8 4
          0.030 > F. 101 ack 51 TS 25 8
          0.040 < F. 51 ack 102 TS 30 25
          0.041 > . 102 ack 52 TS 36 30
          """
      ).first)
    #expect(connection.connection.client.state == .timeWait)
    #expect(connection.connection.server.state == .closed)
    #expect(!connection.connection.noticed.contains(.timestampRegression))
    #expect(connection.connection.client.retransmissions == 0)
  }

  @Test("A SYN,ACK that echoes a SYN which the capture lacks is taken; one that echoes none is not")
  func hiddenSYN() throws {
    func run(_ echo: Int) throws -> TrackedConnection {
      try #require(
        Script.run(
          """
          0.000 > S 0 TS 1000 0
          1.010 < S. 0 ack 1 TS 9000 \(echo)
          """
        ).first)
    }
    for echo in [1000, 2000] {
      #expect(try run(echo).connection.client.state == .established)
    }
    for echo in [999, 2050] {
      let connection = try run(echo).connection
      #expect(connection.client.state == .synSent)
      #expect(connection.noticed.contains(.unacceptableEcho))
    }
  }

  @Test("Who acknowledges a SYN,ACK that the capture lacks was let in, though refused before")
  func hiddenSYNACK() throws {
    let connection = try #require(
      Script.run(
        """
        0.000 > S 0
        0.010 < S. 0 ack 77
        0.010 > R 77
        0.020 > S 0
        0.040 > . 1 ack 1
        0.040 > P. 1:101 ack 1
        0.050 < . 1 ack 101
        """
      ).first)
    #expect(
      connection.path(.server)
        == "LISTEN SYN-RECEIVED LISTEN SYN-RECEIVED ESTABLISHED")
    #expect(connection.path(.client) == "CLOSED SYN-SENT ESTABLISHED")
  }
}
