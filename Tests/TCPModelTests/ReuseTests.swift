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
}
