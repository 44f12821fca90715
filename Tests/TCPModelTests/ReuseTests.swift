import PacketDecoding
import SegmentScripts
import TCPModel
import Testing

/// RFC 9293 §3.6.1 and RFC 6191: a 4-tuple used again.
@Suite struct ReuseTests {
  static let lastAck = """
    0.020 > F. 1 ack 1
    0.030 < F. 1 ack 2
    0.030 > . 2 ack 2

    """

  @Test("A SYN over LAST-ACK: the challenge and the RST belong to the old incarnation")
  func overLastAck() throws {
    let connections = Script.run(
      handshake + ReuseTests.lastAck + """
        iss 3000000
        0.300 > S 0
        iss 1000000
        0.310 < . 2 ack 2
        0.310 > R 2
        iss 3000000
        0.320 > S 0
        server-iss 9000000
        0.330 < S. 0 ack 1
        0.330 > . 1 ack 1
        """)
    #expect(connections.count == 2)
    let old = try #require(connections.first)
    let new = try #require(connections.last)
    #expect(new.connection.previous == old.connection.id)
    #expect(new.path(.client) == "CLOSED SYN-SENT ESTABLISHED")
    #expect(new.path(.server) == "LISTEN SYN-RECEIVED ESTABLISHED")
    #expect(old.connection.server.state == .closed)
    #expect(
      new.segments.filter { $0.annotations.contains(.previousIncarnation) }.map(\.frame) == [8, 9])
    #expect(new.previous != nil)
  }

  @Test("The same SYN again is no new incarnation")
  func repeatedSYN() {
    #expect(Script.run("0 > S 0\n1 > S 0\n3 > S 0").count == 1)
  }

  @Test("Each SYN with another ISS is an incarnation of its own")
  func newISS() {
    let connections = Script.run("0 > S 0\niss 7\n1 > S 0\niss 99\n3 > S 0")
    #expect(connections.map(\.connection.incarnation) == [1, 2, 3])
  }

  @Test("Late data of the old incarnation stays with it")
  func staleData() throws {
    let connections = Script.run(
      handshake + "0.015 > P. 1:101 ack 1\n" + """
        0.020 > F. 101 ack 1
        0.030 < F. 1 ack 102
        0.030 > . 102 ack 2
        iss 3000000
        server-iss 9000000
        1.000 > S 0
        1.010 < S. 0 ack 1
        1.010 > . 1 ack 1
        iss 1000000
        server-iss 5000000
        1.500 > P. 1:101 ack 1 id 900
        """)
    let new = try #require(connections.last)
    #expect(new.connection.noticed.contains(.previousIncarnation))
    #expect(new.connection.client.payloadBytes == 0)
  }

  // MARK: - More than two

  /// LAST-ACK at the server, an attempt that its RST never reaches, and another one.
  static let twice =
    handshake + lastAck.replacing("0.030 > . 2 ack 2", with: "") + """
      iss 3000000
      0.300 > S 0
      iss 1000000
      0.310 < . 2 ack 2
      iss 7000000
      0.400 > S 0
      iss 1000000
      0.410 < . 2 ack 2
      0.410 > R 2
      iss 7000000
      1.400 > S 0
      server-iss 9000000
      1.410 < S. 0 ack 1
      1.410 > . 1 ack 1

      """

  @Test("Behind a refused attempt the incarnation in LAST-ACK is still met")
  func behindRefused() throws {
    let connections = Script.run(ReuseTests.twice)
    #expect(connections.map(\.connection.incarnation) == [1, 2, 3])
    #expect(connections.map(\.connection.previous) == [0, 1, 2])
    let (old, refused, new) = (connections[0], connections[1], connections[2])
    // Its own segments stay its own; the newest attempt sees those that answer it.
    #expect(old.connection.server.packets == 4)
    #expect(old.connection.server.state == .closed)
    #expect(old.connection.server.marks.contains(.wasReset))
    #expect(refused.path(.client) == "CLOSED SYN-SENT CLOSED")
    #expect(refused.connection.server.packets == 0)
    let foreign = { (connection: TrackedConnection) in
      connection.segments.filter { $0.annotations.contains(.previousIncarnation) }.map(\.frame)
    }
    #expect(foreign(refused) == [7])
    #expect(foreign(new) == [9, 10])
    #expect(new.path(.client) == "CLOSED SYN-SENT ESTABLISHED")
    #expect(new.path(.server) == "LISTEN SYN-RECEIVED ESTABLISHED")
    // What it met is what the server held, not the attempt in between.
    #expect(new.previous?.connection.id == old.connection.id)
    #expect(new.previous?.connection.server.state == .lastAck)
    #expect(refused.previous?.connection.id == old.connection.id)
  }

  @Test("An incarnation held to be reset that answers once more is what the new one met")
  func notReset() throws {
    let connections = Script.run(
      ReuseTests.twice.replacing("0.310 < . 2 ack 2", with: "0.310 < . 2 ack 2\n0.310 > R 2"))
    let (old, new) = (try #require(connections.first), try #require(connections.last))
    #expect(connections.map(\.connection.incarnation) == [1, 2, 3])
    #expect(new.previous?.connection.id == old.connection.id)
    #expect(new.previous?.connection.server.state == .lastAck)
    #expect(old.connection.noticed.contains(.resurrects))
  }

  @Test("A late segment goes to the incarnation whose numbers it has, near as they may be")
  func nearNumbers() throws {
    // Three short connections whose numbers lie a thousand apart, and a late copy for each.
    var script = ""
    for (index, iss) in [1_000_000, 1_001_000, 1_002_000].enumerated() {
      script += """
        iss \(iss)
        server-iss \(iss + 4_000_000)
        \(index).000 > S 0
        \(index).010 < S. 0 ack 1
        \(index).010 > . 1 ack 1
        \(index).020 > P. 1:101 ack 1
        \(index).030 < . 1 ack 101
        \(index).040 > F. 101 ack 1
        \(index).050 < F. 1 ack 102
        \(index).050 > . 102 ack 2

        """
    }
    for (index, iss) in [1_000_000, 1_001_000, 1_002_000].enumerated() {
      script += """
        iss \(iss)
        server-iss \(iss + 4_000_000)
        4.\(index) > P. 1:101 ack 1 id \(900 + index)

        """
    }
    let connections = Script.run(script)
    #expect(connections.map(\.connection.client.packets) == [6, 6, 6])
  }

  @Test("Four incarnations can be met, a fifth lets go of the first")
  func bound() throws {
    func script(_ count: Int) -> String {
      (0..<count).map { "iss \($0 * 1_000_000 + 1)\n0.\($0) > S 0\n" }.joined()
        // A late copy of the first.
        + "iss 1\n0.9 > S 0\n"
    }
    #expect(Script.run(script(4)).map(\.connection.client.packets) == [2, 1, 1, 1])
    #expect(Script.run(script(5)).map(\.connection.client.packets) == [1, 1, 1, 1, 1, 1])
  }

  @Test("Once a refused attempt is forgotten, what it met is found again")
  func foundAgain() throws {
    // An established connection; a SYN in its client's name that its RST ends; data after a pause.
    let connections = Script.run(
      handshake + """
        iss 3000000
        0.300 > S 0
        iss 1000000
        port 41001
        70.000 > S 0
        140.000 > S 0
        port 41000
        150.000 < P. 1:101 ack 1
        """)
    let first = try #require(connections.first)
    #expect(first.connection.server.packets == 2)
    #expect(connections.count == 3)
  }

  @Test("A late copy of the SYN, and what a listener answers to it, take nothing back")
  func lateSYN() throws {
    let connections = Script.run(
      handshake + """
        0.020 > F. 1 ack 1
        0.030 < F. 1 ack 2
        0.030 > . 2 ack 2
        0.250 > S 0 id 900
        server-iss 9000000
        0.251 < S. 0 ack 1
        0.251 > R 1
        """)
    let connection = try #require(connections.first)
    #expect(connections.count == 1)
    #expect(
      connection.path(.client)
        == "CLOSED SYN-SENT ESTABLISHED FIN-WAIT-1 FIN-WAIT-2 TIME-WAIT")
    #expect(
      connection.path(.server).hasPrefix(
        "LISTEN SYN-RECEIVED ESTABLISHED CLOSE-WAIT LAST-ACK CLOSED"))
    #expect(connection.transitions.allSatisfy { $0.revokedBy == 0 })
  }

  /// Another SYN in the caller's name passes between its own.
  private static let attemptThatGoesOn = """
    0.000 > S 0
    iss 3000000
    0.500 > S 0
    iss 1000000
    1.000 > S 0
    1.010 < S. 0 ack 1
    1.010 > . 1 ack 1

    """

  @Test("An attempt whose SYN comes again after another's in its name goes on")
  func attemptGoesOn() throws {
    let connections = Script.run(ReuseTests.attemptThatGoesOn)
    #expect(connections.map { $0.path(.client) } == ["CLOSED SYN-SENT ESTABLISHED", ""])
    #expect(connections.map { $0.connection.traits.contains(.replaced) } == [false, false])
  }

  @Test(
    "A SYN sent again after three others of its ports belongs to its call, which tshark counts twice (Suricata bug-7657-01)"
  )
  func callAmongForgedOnes() throws {
    let connections = Script.run(
      """
      0.000 > S 0 TS 1000 0
      iss 2000000
      0.045 > S 0
      iss 3000000
      0.208 > S 0
      iss 4000000
      0.370 > S 0
      iss 1000000
      1.024 > S 0 TS 2024 0
      1.030 < S. 0 ack 1 TS 9000 2024
      1.030 > . 1 ack 1 TS 2029 9000
      1.031 > P. 1:101 ack 1 TS 2029 9000
      1.040 < . 1 ack 101 TS 9010 2029
      1.500 > F. 101 ack 1 TS 2500 9010
      1.540 < . 1 ack 102 TS 9540 2500
      """)
    #expect(connections.count == 4)
    let call = try #require(connections.first)
    #expect(call.connection.client.synCount == 2)
    #expect(call.path(.client) == "CLOSED SYN-SENT ESTABLISHED FIN-WAIT-1 FIN-WAIT-2")
    #expect(call.path(.server) == "LISTEN SYN-RECEIVED ESTABLISHED CLOSE-WAIT")
    #expect(!call.connection.traits.contains(.replaced))
    // With another number it would be a call of its own.
    let anew = Script.run(
      ReuseTests.attemptThatGoesOn.replacing("iss 1000000", with: "iss 1000001"))
    #expect(anew.count == 3)
  }

  @Test("Such an attempt is replaced all the same when its caller calls anew")
  func attemptIsReplaced() throws {
    let connections = Script.run(
      ReuseTests.attemptThatGoesOn + """
        iss 5000000
        2.000 > S 0
        """)
    #expect(connections.map { $0.connection.traits.contains(.replaced) } == [true, true, false])
  }
}
