import PacketDecoding
import SegmentScripts
import TCPModel
import Testing

/// A sending of a FIN that the capture lacks, while it has others: what is echoed tells of it.
@Suite struct HiddenSendingTests {
  private let crossing = "FIN-WAIT-1 CLOSING TIME-WAIT"
  private let first = "FIN-WAIT-1 FIN-WAIT-2 TIME-WAIT"

  private func run(_ rest: String) throws -> TrackedConnection {
    try #require(Script.run(stampedHandshake + rest).first)
  }

  private func path(_ side: Side, _ rest: String) throws -> String {
    let path = try run(rest).path(side)
    return String(path.drop { $0 != "F" })
  }

  // The server's FIN, which left before the client's came, is missing.
  private let hiddenFirst = """
    0.050 > F. 1 ack 1 TS 1050 9000
    0.050 < . 2 ack 2 TS 9041 1050
    0.300 < F. 1 ack 2 TS 9290 1050

    """

  @Test(
    "An echo older than the only FIN that passed tells that the one missing arrived, before that ACK"
  )
  func olderEcho() throws {
    let connection = try run(hiddenFirst + "0.310 > . 2 ack 2 TS 1310 9041")
    #expect(connection.path(.client).hasSuffix(crossing))
    #expect(connection.path(.server).hasSuffix(crossing))
    let closing = try #require(connection.transitions.last { $0.to == .closing })
    #expect(closing.endpoint == .client && closing.evidence == .assumed && closing.frame == 7)
    // So does the TSval of that FIN, which nothing that passed bears.
    #expect(try path(.client, hiddenFirst + "0.310 > . 2 ack 2 TS 1310 9040") == crossing)
  }

  @Test("The echo of the FIN that passed tells that the one missing was lost")
  func itsOwnEcho() throws {
    #expect(try path(.client, hiddenFirst + "0.310 > . 2 ack 2 TS 1310 9290") == first)
  }

  @Test("An ACK of data and FIN echoes the data, and tells of no other FIN")
  func delayedACK() throws {
    let rest = """
      0.050 > F. 1 ack 1 TS 1050 9000
      0.060 < . 1 ack 2 TS 9050 1050
      0.061 < P. 1:101 ack 2 TS 9051 1050
      0.065 < F. 101 ack 2 TS 9055 1050

      """
    #expect(try path(.client, rest + "0.070 > . 2 ack 102 TS 1070 9051") == first)
    // Nor if that data is missing, of which nothing but the echo would tell.
    let missing = rest.split(separator: "\n").filter { !$0.contains("P.") }.joined(separator: "\n")
    #expect(try path(.client, missing + "\n0.070 > . 2 ack 102 TS 1070 9051") == first)
  }

  // The FINs crossed, and the server's was lost; the one that arrived is missing.
  private let hiddenSecond = """
    0.050 < F. 1 ack 1 TS 9040 1010
    0.051 > F. 1 ack 1 TS 1051 9000
    0.051 < . 2 ack 2 TS 9041 1051

    """

  @Test(
    "An echo that lies between two FINs, or behind the only one, is that of one that is missing")
  func echoBetween() throws {
    for third in ["", "0.900 < F. 1 ack 2 TS 9890 1051\n"] {
      let connection = try run(hiddenSecond + third + "0.910 > . 2 ack 2 TS 1910 9270")
      #expect(connection.path(.client).hasSuffix(first))
      #expect(connection.path(.server).hasSuffix(crossing))
      let arrival = try #require(
        connection.transitions.last { $0.endpoint == .client && $0.to == .timeWait })
      #expect(arrival.evidence == .assumed)
      // 229 ms after the ACK, by the server's clock.
      #expect(arrival.time.nanoseconds - connection.connection.firstTime.nanoseconds == 280_000_000)
    }
  }

  @Test(
    "What passed besides the FIN may be what is echoed, and an answer that is due tells of nothing else"
  )
  func echoOfAnother() throws {
    #expect(try path(.client, hiddenSecond + "0.900 > . 2 ack 2 TS 1900 9041") == crossing)
    #expect(try path(.client, hiddenSecond + "0.055 > . 2 ack 2 TS 1055 9042") == crossing)
  }

  @Test("A missing FIN of the end that closed second bore the acknowledgment of the first")
  func answeringFIN() throws {
    let connection = try run(
      """
      0.030 < F. 1 ack 1 TS 9020 1010
      0.050 < F. 1 ack 1 TS 9040 1010
      0.050 > . 2 ack 2 TS 1050 9040 sack 1 2
      0.260 > F. 1 ack 2 TS 1260 9040
      0.270 < . 2 ack 2 TS 9260 1050
      """)
    #expect(connection.path(.server).hasSuffix(first))
    #expect(connection.path(.client).hasSuffix("CLOSE-WAIT LAST-ACK CLOSED"))
  }

  @Test(
    "FINs that are both first told of by an ACK from behind the one, for the other, crossed",
    arguments: [true, false])
  func bothMissing(isCrossing: Bool) throws {
    // The server's FIN is missing, the client's was lost before the capture.
    let connection = try run(
      """
      0.100 > P. 1:101 ack 1 TS 1100 9000
      0.110 < . 1 ack 101 TS 9100 1100
      \(isCrossing ? "0.150 > . 102 ack 2 TS 1150 9110" : "0.150 > . 101 ack 2 TS 1150 9110")
      0.360 > F. 101 ack 2 TS 1360 9110
      0.370 < . 2 ack 102 TS 9370 1360
      """)
    #expect(
      connection.path(.client).hasSuffix(
        isCrossing ? crossing : "CLOSE-WAIT LAST-ACK CLOSED"))
    #expect(connection.path(.server).hasSuffix(first))
  }

  @Test("An octet of data on both sides is no pair of FINs")
  func octets() throws {
    let connection = try run(
      """
      0.150 > . 2 ack 2 TS 1150 9110
      0.200 > P. 2:12 ack 2 TS 1200 9110
      0.210 < P. 2:12 ack 12 TS 9210 1200
      """)
    #expect(connection.connection.client.state == .established)
    #expect(connection.connection.server.state == .established)
  }
}
