import SegmentScripts
import TCPModel
import Testing

/// A RST and what was on its way when it left: RFC 9293 §3.10.5, ABORT call, and §3.10.7.1.
@Suite struct ResetTests {
  private func run(_ rest: String) throws -> TrackedConnection {
    try #require(Script.run(stampedHandshake + rest).first)
  }

  /// The frames by which an end moved to a state, those taken back left out.
  private func frames(_ connection: TrackedConnection, _ state: TCPState, _ side: Side) -> [UInt64]
  {
    connection.transitions.filter {
      $0.endpoint == side && $0.to == state && $0.revokedBy == 0
    }.map(\.frame)
  }

  @Test("ACKs of what came before a RST say nothing about it, until an answer to it would be due")
  func acknowledgmentsOnTheWay() throws {
    let data = """
      0.020 > P. 1:1001 ack 1 TS 1020 9000
      0.020 > P. 1001:2001 ack 1 TS 1020 9000
      0.020 > R. 2001 ack 1 TS 1020 9000

      """
    let crossing = try run(
      data + """
        0.031 < . 1 ack 1001 TS 9021 1020
        0.031 > R 1001
        0.032 < . 1 ack 2001 TS 9021 1020
        0.032 > R 2001
        """)
    #expect(crossing.path(.server).hasSuffix("ESTABLISHED CLOSED"))
    #expect(frames(crossing, .closed, .server) == [6])
    #expect(crossing.connection.noticed.isDisjoint(with: [.resurrects, .revokes, .doubtfulReset]))
    let later = try run(data + "0.060 < . 1 ack 2001 TS 9050 1020")
    #expect(later.connection.server.state == .established)
    #expect(later.connection.noticed.contains(.resurrects))
  }

  @Test("What goes on after a RST is closed by the one that its ACK draws")
  func answeredACK() throws {
    let connection = try run(
      """
      0.020 > P. 1:1001 ack 1 TS 1020 9000
      0.020 > R. 1001 ack 1 TS 1020 9000
      0.060 < . 1 ack 501 TS 9050 1020
      0.060 > R 501
      """)
    #expect(frames(connection, .closed, .server) == [7])
  }

  @Test("A FIN that left before the RST came led to the state that the RST ended")
  func finOnTheWay() throws {
    let established = try run(
      "0.050 > R. 1 ack 1 TS 1050 9000\n0.055 < F. 1 ack 1 TS 9045 1010\n0.055 > R 1")
    #expect(established.path(.server).hasSuffix("ESTABLISHED FIN-WAIT-1 CLOSED"))
    #expect(established.path(.client).hasSuffix("ESTABLISHED CLOSED"))
    let closeWait = try run(
      """
      0.030 > F. 1 ack 1 TS 1030 9000
      0.040 < . 1 ack 2 TS 9030 1030
      0.050 > R. 2 ack 1 TS 1050 9030
      0.055 < F. 1 ack 2 TS 9045 1030
      """)
    #expect(closeWait.path(.server).hasSuffix("CLOSE-WAIT LAST-ACK CLOSED"))
    // One that leaves when the RST should have come shows that it has not.
    let later = try run("0.050 > R. 1 ack 1 TS 1050 9000\n0.300 < F. 1 ack 1 TS 9290 1010")
    #expect(later.connection.server.state == .finWait1)
  }

  @Test("A RST behind data that the capture lacks is its sender's own, as its clock tells")
  func behindHole() throws {
    let connection = try run(
      """
      0.050 > R. 101 ack 1 TS 1050 9000
      0.060 < . 1 ack 1 TS 9050 1010
      0.060 > R 1
      """)
    #expect(!connection.connection.noticed.contains(.doubtfulReset))
    #expect(frames(connection, .closed, .client) == [4])
    #expect(frames(connection, .closed, .server) == [6])
  }

  @Test(
    "One there that bears no clock, or another's, is not",
    arguments: ["", "TS 5050 9000", "TS 900 9000"])
  func foreign(_ stamp: String) throws {
    let connection = try run("0.050 > R. 101 ack 1 \(stamp)")
    #expect(connection.connection.noticed.contains(.doubtfulReset))
    #expect(connection.connection.client.state == .established)
  }

  @Test(
    "A RST without ACK answers what may have been acknowledged since; with ACK it is where its sender is"
  )
  func oldNumber() throws {
    let data = """
      0.020 > P. 1:101 ack 1 TS 1020 9000
      0.030 < . 1 ack 101 TS 9020 1020

      """
    let bare = try run(data + "0.040 > R 51\n0.041 > R 101")
    #expect(!bare.connection.noticed.contains(.doubtfulReset))
    #expect(frames(bare, .closed, .client) == [6])
    #expect(frames(bare, .closed, .server) == [7])
    for other in ["R. 51 ack 1 TS 1040 9020", "R 102", "R -70000"] {
      let connection = try run(data + "0.040 > \(other)")
      #expect(connection.connection.noticed.contains(.doubtfulReset), "\(other)")
    }
  }

  @Test("A RST at the FIN counts where a FIN has come (Linux), and one octet back nowhere else")
  func atTheFIN() throws {
    let lastAck = try run(
      """
      0.050 > F. 1 ack 1 TS 1050 9000
      0.060 < F. 1 ack 2 TS 9050 1050
      0.061 > R 1
      """)
    #expect(frames(lastAck, .closed, .server) == [6])
    let established = try run(
      "0.050 > P. 1:2 ack 1 TS 1050 9000\n0.060 < . 1 ack 2 TS 9050 1050\n0.061 > R 1")
    #expect(established.connection.server.state == .established)
  }

  @Test("A RST without ACK that a FIN draws shows that there was nobody to go to CLOSE-WAIT")
  func nobodyThere() throws {
    let nobody = try run("0.050 > F. 1 ack 1 TS 1050 9000\n0.060 < R 1")
    #expect(nobody.path(.server) == "LISTEN SYN-RECEIVED ESTABLISHED CLOSED")
    let aborted = try run("0.050 > F. 1 ack 1 TS 1050 9000\n0.060 < R. 1 ack 2 TS 9050 1050")
    #expect(aborted.path(.server) == "LISTEN SYN-RECEIVED ESTABLISHED CLOSE-WAIT CLOSED")
  }

  @Test(
    "A RST that acknowledges a repeated FIN, or an ACK on the way, tells which of the two arrived",
    arguments: [1050, 1260])
  func finBeforeReset(echo: UInt32) throws {
    let fins = "0.050 > F. 1 ack 1 TS 1050 9000\n0.260 > F. 1 ack 1 TS 1260 9000\n"
    for rest in [
      "0.270 < R. 1 ack 2 TS 9260 \(echo)",
      "0.265 > R. 2 ack 1 TS 1265 9000\n0.270 < . 1 ack 2 TS 9260 \(echo)",
    ] {
      let connection = try run(fins + rest)
      #expect(frames(connection, .closeWait, .server) == [echo == 1050 ? 4 : 5])
      #expect(connection.connection.server.state == .closed)
    }
  }

  @Test(
    "A caller that echoes the repeated SYN,ACK has not had the first",
    arguments: [(9000, 2), (9500, 3)])
  func repeatedSYNACK(echo: Int, frame: UInt64) throws {
    let connection = try #require(
      Script.run(
        """
        0.000 > S 0 TS 1000 0
        0.010 < S. 0 ack 1 TS 9000 1000
        0.510 < S. 0 ack 1 TS 9500 1000
        0.520 > . 1 ack 1 TS 1520 \(echo)
        """
      ).first)
    #expect(frames(connection, .established, .client) == [frame])
  }
}
