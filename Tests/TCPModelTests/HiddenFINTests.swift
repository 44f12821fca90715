import PacketDecoding
import SegmentScripts
import TCPModel
import Testing

/// A FIN that the capture does not contain, or contains after its answer.
@Suite struct HiddenFINTests {
  private let opening =
    handshake + """
      0.020 > P. 1:101 ack 1
      0.030 < P. 1:501 ack 101

      """
  private let clientFirst = "CLOSED SYN-SENT ESTABLISHED FIN-WAIT-1 FIN-WAIT-2 TIME-WAIT"
  private let serverSecond = "LISTEN SYN-RECEIVED ESTABLISHED CLOSE-WAIT LAST-ACK CLOSED"

  private func run(_ rest: String) throws -> TrackedConnection {
    try #require(Script.run(opening + rest).first)
  }

  // MARK: - Captured late

  @Test("A FIN captured after the FIN that answers it is the first all the same")
  func lateFIN() throws {
    let connection = try run(
      """
      0.060 < F. 501 ack 102
      0.050 > F. 101 ack 501
      0.061 > . 102 ack 502
      """)
    #expect(connection.path(.client) == clientFirst)
    #expect(connection.path(.server) == serverSecond)
    #expect(connection.connection.activeCloser == .client)
    #expect(connection.connection.client.retransmissions == 0)
    let lastAck = connection.transitions.last { $0.to == .lastAck }
    #expect(lastAck?.frame == 6)
    #expect(lastAck?.evidence == .sent)
    let finWait1 = connection.transitions.last { $0.to == .finWait1 }
    #expect(finWait1?.frame == 7)
    #expect(finWait1?.evidence == .sent)
  }

  @Test("So is one with data, and one that comes after even its sender's last ACK")
  func lateFINs() throws {
    let withData = try run(
      """
      0.060 < F. 501 ack 202
      0.061 > PF. 101:201 ack 501
      0.062 > . 202 ack 502
      """)
    let last = try run(
      """
      0.060 < F. 501 ack 102
      0.061 > . 102 ack 502
      0.062 > F. 101 ack 501
      """)
    for connection in [withData, last] {
      #expect(connection.path(.client) == clientFirst)
      #expect(connection.path(.server) == serverSecond)
      #expect(connection.connection.activeCloser == .client)
    }
  }

  @Test("FINs that cross in disorder still cross", arguments: [false, true])
  func crossing(swapped: Bool) throws {
    let fins = ["0.040 > F. 101 ack 501", "0.041 < F. 501 ack 101"]
    let connection = try run(
      (swapped ? fins.reversed() : fins).joined(separator: "\n") + """

        0.042 > . 102 ack 502
        0.051 < . 502 ack 102
        """)
    #expect(
      connection.path(.client) == "CLOSED SYN-SENT ESTABLISHED FIN-WAIT-1 CLOSING TIME-WAIT")
    #expect(
      connection.path(.server)
        == "LISTEN SYN-RECEIVED ESTABLISHED FIN-WAIT-1 CLOSING TIME-WAIT")
    #expect(connection.connection.activeCloser == .both)
  }

  // MARK: - Not captured

  @Test(
    "A first FIN that the capture lacks is assumed when the other end answers as after a FIN",
    arguments: [
      // Answered by the other FIN, or by an ACK before it, or shown by its sender's own number.
      "0.060 < F. 501 ack 102",
      "0.055 < . 501 ack 102\n0.060 < F. 501 ack 102",
      "0.052 < P. 501:601 ack 101\n0.053 > . 102 ack 601\n0.060 < F. 601 ack 102",
    ])
  func firstFIN(_ answer: String) throws {
    let end = answer.contains("601") ? 602 : 502
    let connection = try run(answer + "\n0.061 > . 102 ack \(end)")
    #expect(connection.path(.client) == clientFirst)
    #expect(connection.path(.server) == serverSecond)
    #expect(connection.connection.activeCloser == .client)
    let assumed = connection.transitions.filter { $0.evidence == .assumed }
    #expect(assumed.map(\.to) == [.finWait1, .closeWait])
    if !answer.contains("601") {
      #expect(connection.connection.noticed.contains(.acknowledgesUnseen))
    }
  }

  @Test(
    "A second FIN that the capture lacks is assumed by the ACK of it",
    arguments: ["0.055 < . 501 ack 102\n", ""])
  func secondFIN(_ acknowledgment: String) throws {
    let connection = try run(
      "0.050 > F. 101 ack 501\n" + acknowledgment + "0.061 > . 102 ack 502")
    #expect(connection.path(.client) == clientFirst)
    #expect(connection.path(.server) == serverSecond)
    #expect(connection.connection.activeCloser == .client)
    #expect(connection.connection.noticed.contains(.acknowledgesUnseen))
  }

  @Test("A FIN that had left before the other's arrived shows in the number of the first ACK")
  func crossingFIN() throws {
    let connection = try run(
      """
      0.050 > F. 101 ack 501
      0.060 < . 502 ack 102
      0.260 < F. 501 ack 102
      0.260 > . 102 ack 502
      """)
    #expect(
      connection.path(.server)
        == "LISTEN SYN-RECEIVED ESTABLISHED FIN-WAIT-1 CLOSING TIME-WAIT")
    #expect(connection.path(.client) == clientFirst)
    #expect(connection.connection.activeCloser == .both)
  }

  @Test("If such a FIN arrived, it arrived before that ACK: CLOSING on both sides")
  func arrivedCrossing() throws {
    let connection = try run(
      """
      0.050 > F. 101 ack 501
      0.060 < . 502 ack 102
      0.061 > . 102 ack 502
      """)
    #expect(
      connection.path(.client) == "CLOSED SYN-SENT ESTABLISHED FIN-WAIT-1 CLOSING TIME-WAIT")
    #expect(
      connection.path(.server)
        == "LISTEN SYN-RECEIVED ESTABLISHED FIN-WAIT-1 CLOSING TIME-WAIT")
  }

  @Test("Acknowledged long after, it was one sent again that arrived, in FIN-WAIT-2")
  func arrivedAgain() throws {
    let connection = try run(
      """
      0.050 > F. 101 ack 501
      0.060 < . 502 ack 102
      0.270 > . 102 ack 502
      """)
    #expect(connection.path(.client) == clientFirst)
  }

  @Test("An ACK that its sender repeats with that number says nothing about the order")
  func notCrossing() throws {
    let connection = try run(
      """
      0.050 > F. 101 ack 501
      0.250 > F. 101 ack 501
      0.260 < . 502 ack 102
      0.460 < F. 501 ack 102
      0.460 > . 102 ack 502
      """)
    #expect(connection.path(.server) == serverSecond)
  }

  @Test("Nor does one that reports the FIN as a duplicate: another, not captured, had come before")
  func duplicateFIN() throws {
    let connection = try run(
      """
      0.250 > F. 101 ack 501
      0.260 < . 502 ack 102 sack 101 102
      0.270 < F. 501 ack 102
      0.270 > . 102 ack 502
      """)
    #expect(connection.path(.server) == serverSecond)
    #expect(connection.path(.client) == clientFirst)
  }

  @Test("A first FIN sent again before its answer came is no sign that the second had crossed it")
  func lateRepetition() throws {
    let late = try run(
      """
      0.050 > F. 101 ack 501
      0.070 > . 102 ack 502
      0.071 > F. 101 ack 501
      """)
    #expect(late.path(.client) == clientFirst)
    #expect(late.path(.server) == serverSecond)
    // With the acknowledgment that was due it is one.
    let repeated = try run(
      """
      0.050 > F. 101 ack 501
      0.070 > . 102 ack 502
      0.260 > F. 101 ack 502
      """)
    #expect(repeated.path(.client) == "CLOSED SYN-SENT ESTABLISHED FIN-WAIT-1 CLOSING")
  }

  private let clientCrossing = "CLOSED SYN-SENT ESTABLISHED FIN-WAIT-1 CLOSING TIME-WAIT"
  private let serverCrossing = "LISTEN SYN-RECEIVED ESTABLISHED FIN-WAIT-1 CLOSING TIME-WAIT"

  @Test(
    "A second FIN after which an ACK of the first comes from its sender crossed that: CLOSING on both sides"
  )
  func secondCrossingFIN() throws {
    let connection = try run(
      """
      0.050 > F. 101 ack 501
      0.055 > . 102 ack 502
      0.060 < . 502 ack 102
      """)
    #expect(connection.path(.client) == clientCrossing)
    #expect(connection.path(.server) == serverCrossing)
    let closing = connection.transitions.last { $0.endpoint == .client && $0.to == .closing }
    #expect(closing?.evidence == .assumed)
    #expect(closing?.frame == 7)
  }

  @Test(
    "So it did if the first FIN comes again all the same, or is acknowledged for the first time then"
  )
  func secondCrossingFINAndRepetition() throws {
    let again = try run(
      """
      0.050 > F. 101 ack 501
      0.055 > . 102 ack 502
      0.260 > F. 101 ack 502
      """)
    #expect(again.path(.client) == "CLOSED SYN-SENT ESTABLISHED FIN-WAIT-1 CLOSING")
    #expect(again.path(.server) == serverCrossing)
    let acknowledged = try #require(
      Script.run(
        """
        0.000 > S 0 sack-permitted
        0.010 < S. 0 ack 1 sack-permitted
        0.010 > . 1 ack 1
        0.050 > F. 1 ack 1
        0.055 > . 2 ack 2
        0.260 > F. 1 ack 2
        0.265 < . 2 ack 2
        """
      ).first)
    #expect(acknowledged.path(.client) == clientCrossing)
    // No duplicate: the first had been lost, and the ACK of its own FIN came before the second.
    #expect(
      acknowledged.path(.server)
        == "LISTEN SYN-RECEIVED ESTABLISHED FIN-WAIT-1 FIN-WAIT-2 TIME-WAIT")
  }

  @Test("A crossing FIN whose ACK comes late arrived before what it does not echo")
  func lateACKOfCrossingFIN() throws {
    let connection = try #require(
      Script.run(
        stampedHandshake + """
          0.050 > F. 1 ack 1 TS 1050 9000
          0.060 < . 2 ack 2 TS 9050 1050
          0.120 > . 2 ack 2 TS 1120 9040
          """
      ).first)
    #expect(connection.path(.client) == clientCrossing)
    #expect(connection.path(.server) == serverCrossing)
  }

  @Test(
    "A hidden FIN that was acknowledged before anybody could know it crossed if its sender says so")
  func acknowledgedBefore() throws {
    let connection = try #require(
      Script.run(
        stampedHandshake + """
          0.020 < P. 1:101 ack 1 TS 9010 1010
          0.020 > . 1 ack 101 TS 1020 9010
          0.021 > F. 1 ack 101 TS 1021 9010
          0.090 < P. 1:101 ack 1 TS 9080 1010
          0.090 > . 2 ack 101 TS 1090 9080 sack 1 101
          0.091 > . 2 ack 102 TS 1091 9080
          0.100 < . 102 ack 2 TS 9090 1021
          """
      ).first)
    #expect(connection.path(.client) == clientCrossing)
    #expect(connection.path(.server) == serverCrossing)
  }

  @Test("FINs of which one crossed and is captured when sent again still lead through CLOSING")
  func repeatedCrossingFIN() throws {
    let connection = try #require(
      Script.run(
        stampedHandshake + """
          0.050 < F. 1 ack 1 TS 9040 1010
          0.050 > . 2 ack 2 TS 1050 9040
          0.300 > F. 1 ack 2 TS 1300 9040
          0.320 < F. 1 ack 2 TS 9310 1049
          0.320 > . 2 ack 2 TS 1320 9310
          """
      ).first)
    #expect(connection.path(.client) == clientCrossing)
    #expect(connection.path(.server) == serverCrossing)
  }

  @Test("An ACK out of LAST-ACK that another call draws is no sign of a FIN that crossed")
  func challenged() throws {
    let connections = Script.run(
      opening + """
        0.050 > F. 101 ack 501
        0.060 > . 102 ack 502
        iss 7000000
        0.160 > S 0
        0.170 < . 502 ack -5999898
        0.170 > R -5999898
        """)
    let old = try #require(connections.first)
    #expect(old.path(.server) == serverSecond)
  }

  // MARK: - Octets that are no FIN

  @Test(
    "One octet of data is taken for no FIN, or not for long, as what follows shows",
    arguments: [
      // A key stroke in the gap; the server closes first.
      """
      0.060 < F. 501 ack 102
      0.070 > . 102 ack 502
      0.080 > F. 102 ack 502
      0.090 < . 502 ack 103
      """,
      // The client goes on talking.
      """
      0.060 < F. 501 ack 102
      0.070 > P. 102:202 ack 502
      0.080 < . 502 ack 202
      0.080 > F. 202 ack 502
      0.090 < . 502 ack 203
      """,
      // Before the server closes.
      """
      0.055 < . 501 ack 102
      0.057 > P. 102:202 ack 501
      0.060 < F. 501 ack 202
      0.070 > F. 202 ack 502
      0.090 < . 502 ack 203
      """,
    ])
  func octetOfClient(_ rest: String) throws {
    let connection = try run(rest)
    #expect(
      connection.path(.server)
        == "LISTEN SYN-RECEIVED ESTABLISHED FIN-WAIT-1 FIN-WAIT-2 TIME-WAIT")
    #expect(
      connection.path(.client) == "CLOSED SYN-SENT ESTABLISHED CLOSE-WAIT LAST-ACK CLOSED")
  }

  @Test("Nor in the second half of a half-closed connection")
  func octetOfServer() throws {
    let connection = try run(
      """
      0.050 > F. 101 ack 501
      0.055 < . 501 ack 102
      0.061 > . 102 ack 502
      0.070 < P. 502:602 ack 102
      0.080 > . 102 ack 602
      0.090 < F. 602 ack 102
      0.095 > . 102 ack 603
      """)
    #expect(connection.path(.client) == clientFirst)
    #expect(connection.path(.server) == serverSecond)
    let timeWait = connection.transitions.last { $0.to == .timeWait }
    #expect(timeWait?.frame == 11)
  }

  @Test("Several octets in a gap are no sign of a FIN")
  func gap() throws {
    let connection = try run("0.060 < F. 501 ack 301\n0.070 > . 301 ack 502")
    #expect(connection.connection.server.state == .finWait2)
    #expect(connection.connection.client.state == .closeWait)
    #expect(connection.connection.noticed.contains(.acknowledgesUnseen))
  }

  @Test(
    "A FIN before a RST, and a FIN that answers it and left before the RST came, are told by the latter"
  )
  func beforeReset() throws {
    let answered = try run(
      """
      0.060 < P. 501:601 ack 102
      0.065 > R. 102 ack 601
      0.070 < F. 601 ack 102
      """)
    #expect(
      answered.path(.server) == "LISTEN SYN-RECEIVED ESTABLISHED CLOSE-WAIT LAST-ACK CLOSED")
    #expect(answered.connection.client.state == .closed)
    // Without the octet it is the first.
    let first = try run("0.065 > R. 101 ack 501\n0.070 < F. 501 ack 101")
    #expect(first.path(.server) == "LISTEN SYN-RECEIVED ESTABLISHED FIN-WAIT-1 CLOSED")
  }

  @Test("Who answers a FIN by RST,ACK had not sent one: what was missing was an octet of data")
  func abortedSecond() throws {
    let fin = "0.060 < P. 501:601 ack 102\n0.100 < F. 601 ack 102\n"
    let aborted = try run(fin + "0.105 > R. 102 ack 602")
    #expect(aborted.path(.client) == "CLOSED SYN-SENT ESTABLISHED CLOSE-WAIT CLOSED")
    #expect(aborted.path(.server) == "LISTEN SYN-RECEIVED ESTABLISHED FIN-WAIT-1 CLOSED")
    // One that left before the FIN came says nothing about it.
    let crossing = try run(fin + "0.101 > R. 102 ack 601")
    #expect(crossing.path(.server) == "LISTEN SYN-RECEIVED ESTABLISHED CLOSE-WAIT LAST-ACK CLOSED")
    let closed = try run(fin + "0.105 > . 102 ack 602")
    #expect(closed.path(.client) == clientFirst)
    #expect(closed.path(.server) == serverSecond)
  }
}
