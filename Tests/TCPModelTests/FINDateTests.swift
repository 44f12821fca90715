import PacketDecoding
import SegmentScripts
import TCPModel
import Testing

/// Which of several sendings of a FIN arrived, and when what it moved began.
@Suite struct FINDateTests {
  /// A FIN of the client, sent again, and what follows.
  private func script(
    _ rest: String, timestamps: Bool = true, sack: Bool = true
  ) -> String {
    let script =
      stampedHandshake + """
        0.020 > F. 1 ack 1 TS 1020 9000
        \(rest)
        """
    return script.split(separator: "\n").map { line in
      var words = line.split(separator: " ")
      if !timestamps, let index = words.firstIndex(of: "TS") {
        words.removeSubrange(index...(index + 2))
      }
      return words.joined(separator: " ")
        + (sack && words[2].contains("S") ? " sack-permitted" : "")
    }.joined(separator: "\n")
  }

  private func run(
    _ rest: String, timestamps: Bool = true, sack: Bool = true
  ) throws -> TrackedConnection {
    try #require(
      Script.run(script(rest, timestamps: timestamps, sack: sack)).first)
  }

  /// The frames that a side entered a state by, those taken back included.
  private func frames(
    _ connection: TrackedConnection, _ state: TCPState, _ side: Side = .server
  ) -> [UInt64] {
    connection.transitions.filter { $0.endpoint == side && $0.to == state }.map(\.frame)
  }

  private func standing(
    _ connection: TrackedConnection, _ state: TCPState, _ side: Side = .server
  ) -> [UInt64] {
    connection.transitions.filter {
      $0.endpoint == side && $0.to == state && $0.revokedBy == 0
    }.map(\.frame)
  }

  @Test("An ACK that echoes the repeated FIN shows that the first was lost")
  func lostFIN() throws {
    let connection = try run(
      """
      0.230 > F. 1 ack 1 TS 1230 9000
      0.240 < . 1 ack 2 TS 9230 1230
      """)
    let closeWait = connection.transitions.filter { $0.to == .closeWait }
    #expect(closeWait.map(\.frame) == [4, 5])
    #expect(closeWait.map(\.revokedBy) == [6, 0])
    #expect(closeWait.map(\.confirmedBy) == [0, 6])
  }

  @Test("Unless it reports the FIN as a duplicate (RFC 2883): then both arrived")
  func neededNoRepetition() throws {
    let connection = try run(
      """
      0.230 > F. 1 ack 1 TS 1230 9000
      0.240 < . 1 ack 2 TS 9230 1230 sack 1 2
      """)
    #expect(frames(connection, .closeWait) == [4])
  }

  @Test(
    "Of three sendings it is the one that is echoed, however many segments passed since",
    arguments: [(UInt64(1020), UInt64(4)), (1230, 5), (1650, 7)])
  func echoed(_ echo: UInt64, _ frame: UInt64) throws {
    let connection = try run(
      """
      0.230 > F. 1 ack 1 TS 1230 9000
      0.300 > . 2 ack 1 TS 1300 9000
      0.650 > F. 1 ack 1 TS 1650 9000
      0.660 > . 2 ack 1 TS 1660 9000
      0.665 < . 1 ack 2 TS 9650 \(echo)
      """)
    #expect(standing(connection, .closeWait) == [frame])
  }

  @Test("An answer that bears data or a FIN tells the same", arguments: ["P. 1:101", "F. 1"])
  func otherAnswers(_ answer: String) throws {
    let connection = try run(
      """
      0.230 > F. 1 ack 1 TS 1230 9000
      0.240 < \(answer) ack 2 TS 9230 1230
      """)
    #expect(standing(connection, .closeWait) == [5])
  }

  @Test("Data that fills the hole before a FIN brings the FIN with it, by the echo too")
  func filling() throws {
    let connection = try #require(
      Script.run(
        stampedHandshake + """
          0.020 > PF. 101:201 ack 1 TS 1020 9000
          0.220 > P. 1:101 ack 1 TS 1220 9000
          0.630 > P. 1:101 ack 1 TS 1630 9000
          0.640 < . 1 ack 202 TS 9630 1630
          """
      ).first)
    #expect(frames(connection, .closeWait) == [5, 6])
    #expect(standing(connection, .closeWait) == [6])
  }

  @Test("Without timestamps, SACK tells: an arrived FIN would have been reported as a duplicate")
  func withoutTimestamps() throws {
    let rest = """
      0.230 > F. 1 ack 1
      0.240 < . 1 ack 2
      """
    #expect(
      standing(try run(rest, timestamps: false), .closeWait) == [5])
    let reported = try run(rest + " sack 1 2", timestamps: false)
    #expect(standing(reported, .closeWait) == [4])
    // An answer sooner than any is to the first.
    let early = try run(
      "0.230 > F. 1 ack 1\n0.231 < . 1 ack 2", timestamps: false)
    #expect(standing(early, .closeWait) == [4])
  }

  @Test("Without timestamps and SACK nobody can know: the first sending is told")
  func unknowable() throws {
    let connection = try run(
      "0.230 > F. 1 ack 1\n0.240 < . 1 ack 2", timestamps: false, sack: false)
    #expect(frames(connection, .closeWait) == [4])
  }

  @Test("Of three sendings, the last reported as a duplicate, nobody can know: the first is told")
  func unknowableAmongThree() throws {
    let connection = try run(
      """
      0.230 > F. 1 ack 1 TS 1230 9000
      0.650 > F. 1 ack 1 TS 1650 9000
      0.660 < . 1 ack 2 TS 9650 1650 sack 1 2
      """)
    #expect(frames(connection, .closeWait) == [4])
  }

  @Test(
    "Whoever goes on without acknowledging a FIN for longer than an answer takes has not got it")
  func missed() throws {
    let connection = try run(
      """
      0.230 > F. 1 ack 1 TS 1230 9000
      0.232 < P. 1:101 ack 1 TS 9222 1010
      0.240 < . 101 ack 2 TS 9230 1230 sack 1 2
      """)
    // Its ACK is a duplicate's, but data in between shows that the first had not arrived.
    #expect(standing(connection, .closeWait) == [5])
  }

  @Test("What comes within the time of an answer, or late itself, says nothing about a FIN")
  func notMissed() throws {
    let soon = try run(
      "0.030 < P. 1:101 ack 1 TS 9020 1010\n0.040 < . 101 ack 2 TS 9030 1020")
    #expect(frames(soon, .closeWait) == [4])
    let late = try run(
      "0.030 < . 101 ack 2 TS 9020 1020\n0.290 < P. 1:101 ack 1 TS 9015 1010")
    #expect(standing(late, .closeWait) == [4])
  }

  @Test("A lost FIN that is held to have crossed leads to FIN-WAIT-2, not to CLOSING")
  func lostCrossing() throws {
    let connection = try run(
      """
      0.025 < F. 1 ack 1 TS 9015 1010
      0.025 > . 2 ack 2 TS 1025 9015
      0.230 > F. 1 ack 2 TS 1230 9015
      0.240 < . 2 ack 2 TS 9230 1230
      """)
    #expect(
      connection.path(.server)
        == "LISTEN SYN-RECEIVED ESTABLISHED FIN-WAIT-1 FIN-WAIT-2 TIME-WAIT")
    #expect(standing(connection, .finWait2) == [6])
    #expect(standing(connection, .timeWait) == [7])
    #expect(connection.connection.server.timeWaitFrame == 7)
  }

  @Test("FINs that do cross on a slow path lead through CLOSING")
  func slowCrossing() throws {
    let connection = try run(
      """
      0.060 < F. 1 ack 1 TS 9015 1010
      0.060 > . 2 ack 2 TS 1060 9015
      0.061 < . 2 ack 2 TS 9061 1020
      """)
    #expect(
      connection.path(.server)
        == "LISTEN SYN-RECEIVED ESTABLISHED FIN-WAIT-1 CLOSING TIME-WAIT")
    #expect(
      connection.path(.client) == "CLOSED SYN-SENT ESTABLISHED FIN-WAIT-1 CLOSING TIME-WAIT")
  }

  @Test("FIN-WAIT-2 begins with the FIN,ACK that arrived, or with an ACK before it")
  func lostAnswer() throws {
    let connection = try run(
      """
      0.030 < F. 1 ack 2 TS 9020 1020
      0.240 < F. 1 ack 2 TS 9230 1020
      0.250 > . 2 ack 2 TS 1250 9230
      """)
    #expect(standing(connection, .finWait2, .client) == [6])
    #expect(standing(connection, .timeWait, .client) == [6])
    let acknowledged = try run(
      """
      0.030 < F. 1 ack 2 TS 9020 1020
      0.100 < . 2 ack 2 TS 9090 1020
      0.240 < F. 1 ack 2 TS 9230 1020
      0.250 > . 2 ack 2 TS 1250 9230
      """)
    #expect(standing(acknowledged, .finWait2, .client) == [6])
    #expect(standing(acknowledged, .timeWait, .client) == [7])
  }

  @Test("A FIN sent again without acknowledging the other's shows that its answer was lost whole")
  func repeatedAfterAnswer() throws {
    let connection = try run(
      """
      0.030 < F. 1 ack 2 TS 9020 1020
      0.230 > F. 1 ack 1 TS 1230 9000
      0.240 < . 2 ack 2 TS 9230 1230 sack 1 2
      0.250 < F. 1 ack 2 TS 9240 1230
      0.250 > . 2 ack 2 TS 1250 9240
      """)
    #expect(standing(connection, .finWait2, .client) == [7])
    #expect(standing(connection, .timeWait, .client) == [8])
    #expect(connection.path(.server).hasSuffix("CLOSE-WAIT LAST-ACK CLOSED"))
  }

  @Test("An ACK out of a LAST-ACK that an ACK was held to have ended shows that it has not")
  func challengeFromLastAck() throws {
    let connection = try run(
      """
      0.030 < F. 1 ack 2 TS 9020 1020
      0.030 > . 2 ack 2 TS 1030 9020
      0.330 < . 2 ack 2 TS 9320 1020
      0.330 > R 2
      """)
    let closed = connection.transitions.filter { $0.endpoint == .server && $0.to == .closed }
    #expect(closed.map(\.frame) == [6, 8])
    #expect(closed.map(\.revokedBy) == [7, 0])
  }

  @Test("Data sent again after a FIN was acknowledged shows that the ACK was lost")
  func dataAgain() throws {
    let connection = try #require(
      Script.run(
        stampedHandshake + """
          0.020 > P. 1:101 ack 1 TS 1020 9000
          0.020 > F. 101 ack 1 TS 1020 9000
          0.030 < . 1 ack 102 TS 9020 1020
          0.230 > P. 1:101 ack 1 TS 1230 9000
          0.240 < . 1 ack 102 TS 9230 1020 sack 1 101
          """
      ).first)
    #expect(frames(connection, .finWait2, .client) == [6, 8])
    #expect(standing(connection, .finWait2, .client) == [8])
  }

  @Test("An ACK lost beyond the capture that nobody misses is told as if it had arrived")
  func unmissedACK() throws {
    // The FIN,ACK and the ACK after it are lost; only the FIN comes again.
    let connection = try run(
      """
      0.030 < F. 1 ack 2 TS 9020 1020
      0.230 > F. 1 ack 1 TS 1230 9000
      0.240 < . 2 ack 2 TS 9230 1230 sack 1 2
      0.250 < F. 1 ack 2 TS 9240 1230
      0.260 > . 2 ack 2 TS 1260 9240
      """)
    // It may have been the FIN in frame 8 that took the client out of FIN-WAIT-1.
    #expect(standing(connection, .finWait2, .client) == [7])
    #expect(standing(connection, .timeWait, .client) == [8])
  }

  @Test("A segment that is only late beyond the capture is told as it passes")
  func late() throws {
    // The FIN of the client comes after its ACK to the server, which so goes through FIN-WAIT-2; both
    // would look the same on a path that is slow both ways.
    let connection = try run(
      """
      0.025 < F. 1 ack 1 TS 9015 1010
      0.025 > . 2 ack 2 TS 1025 9015
      0.070 < . 2 ack 2 TS 9060 1020
      """)
    #expect(
      connection.path(.server)
        == "LISTEN SYN-RECEIVED ESTABLISHED FIN-WAIT-1 CLOSING TIME-WAIT")
  }

  // MARK: - Answers that come late

  @Test("The ACK of a duplicate that came before a FIN says nothing about the FIN, however late")
  func duplicateBeforeFIN() throws {
    let connection = try run(
      """
      0.025 < P. 1:101 ack 1 TS 9020 1010
      0.028 < P. 1:101 ack 1 TS 9023 1010
      0.030 < F. 101 ack 2 TS 9030 1020
      0.080 > . 2 ack 101 TS 1080 9023 sack 1 101
      0.081 > . 2 ack 102 TS 1081 9030
      """)
    #expect(frames(connection, .finWait2, .client) == [7])
    #expect(frames(connection, .timeWait, .client) == [7])
    #expect(!connection.connection.noticed.contains(.revokes))
  }

  @Test(
    "A FIN that bore the ACK of the other leads through FIN-WAIT-2, though it was held to be lost")
  func missedFINWithACK() throws {
    let connection = try run(
      """
      0.030 < F. 1 ack 2 TS 9030 1020
      0.080 > . 2 ack 1 TS 1080 9000
      0.081 > . 2 ack 2 TS 1081 9030
      """)
    #expect(
      connection.path(.client) == "CLOSED SYN-SENT ESTABLISHED FIN-WAIT-1 FIN-WAIT-2 TIME-WAIT")
    #expect(standing(connection, .finWait2, .client) == [5])
    #expect(standing(connection, .timeWait, .client) == [5])
  }

  @Test(
    "The ACK of a FIN sent again leaves LAST-ACK closed when no ACK of the second FIN came before it",
    arguments: [true, false])
  func duplicateBeforeLastACK(sack: Bool) throws {
    let connection = try run(
      """
      0.060 > F. 1 ack 1 TS 1060 9000
      0.061 < F. 1 ack 2 TS 9050 1020
      0.062 > . 2 ack 2 TS 1062 9050
      0.150 < . 2 ack 2 TS 9140 1060\(sack ? " sack 1 2" : "")
      """, sack: sack)
    #expect(
      connection.path(.server) == "LISTEN SYN-RECEIVED ESTABLISHED CLOSE-WAIT LAST-ACK CLOSED")
    #expect(!connection.connection.noticed.contains(.revokes))
  }

  @Test("Who does not repeat the FIN has got the ACK of it, whatever an ACK in between looked like")
  func noRepetition() throws {
    let text = script(
      """
      0.030 < F. 1 ack 2 TS 9020 1020
      0.030 > . 2 ack 2 TS 1030 9020
      0.330 < . 2 ack 2 TS 9320 1020
      """)
    let connection = try #require(Script.run(text, endingAt: 200).first)
    let closed = try #require(
      connection.transitions.last { $0.endpoint == .server && $0.to == .closed })
    #expect(closed.evidence == .assumed)
    #expect(closed.time.nanoseconds == 1_700_000_000_030_000_000)
    // One that repeats it has not, and gives up in the end.
    let repeated = try #require(
      Script.run(text + "\n0.630 < F. 1 ack 2 TS 9620 1020", endingAt: 200).first)
    let last = try #require(
      repeated.transitions.last { $0.endpoint == .server && $0.to == .closed })
    #expect(last.evidence == .timer)
  }

  @Test(
    "FINs that do not acknowledge each other crossed, however far apart they pass, until one is repeated"
  )
  func farApart() throws {
    let connection = try run(
      """
      0.060 < F. 1 ack 1 TS 9010 1010
      0.060 > . 2 ack 2 TS 1060 9010
      """)
    #expect(
      connection.path(.server)
        == "LISTEN SYN-RECEIVED ESTABLISHED FIN-WAIT-1 CLOSING TIME-WAIT")
    // It was lost: the answer echoes the second.
    let lost = try run(
      """
      0.060 < F. 1 ack 1 TS 9050 1010
      0.060 > . 2 ack 2 TS 1060 9050
      0.230 > F. 1 ack 2 TS 1230 9050
      0.240 < . 2 ack 2 TS 9230 1230
      """)
    #expect(
      lost.path(.server) == "LISTEN SYN-RECEIVED ESTABLISHED FIN-WAIT-1 FIN-WAIT-2 TIME-WAIT")
  }

  @Test("So they are without timestamps, with SACK and without", arguments: [true, false])
  func farApartWithoutTimestamps(sack: Bool) throws {
    let connection = try run(
      """
      0.060 < F. 1 ack 1
      0.060 > . 2 ack 2
      """, timestamps: false, sack: sack)
    #expect(
      connection.path(.server)
        == "LISTEN SYN-RECEIVED ESTABLISHED FIN-WAIT-1 CLOSING TIME-WAIT")
    let lost = try run(
      """
      0.060 < F. 1 ack 1
      0.060 > . 2 ack 2
      0.230 > F. 1 ack 2
      0.240 < . 2 ack 2
      """, timestamps: false, sack: sack)
    #expect(
      lost.path(.server) == "LISTEN SYN-RECEIVED ESTABLISHED FIN-WAIT-1 FIN-WAIT-2 TIME-WAIT")
  }

  @Test("A FIN held to be missed that is acknowledged without coming again arrived as it passed")
  func missedOnlyFIN() throws {
    let connection = try #require(
      Script.run(
        """
        0.000 > S 0
        0.010 < S. 0 ack 1
        0.010 > . 1 ack 1
        0.019 < P. 1:101 ack 1
        0.020 < F. 101 ack 1
        0.060 > . 1 ack 101
        0.061 > F. 1 ack 101
        0.061 < . 102 ack 2
        0.070 > . 2 ack 102
        """
      ).first)
    #expect(
      connection.path(.client) == "CLOSED SYN-SENT ESTABLISHED FIN-WAIT-1 CLOSING TIME-WAIT")
  }

  @Test("A FIN sent again before the ACK of it can have come says nothing about that ACK")
  func lateRepetition() throws {
    // By its clock the repetition left 25 ms before it passes.
    let connection = try run(
      """
      0.055 < F. 1 ack 1 TS 9010 1010
      0.055 > . 2 ack 2 TS 1055 9010
      0.075 < F. 1 ack 1 TS 9040 1010
      0.075 > . 2 ack 2 TS 1075 9040 sack 1 2
      """)
    #expect(
      connection.path(.server)
        == "LISTEN SYN-RECEIVED ESTABLISHED FIN-WAIT-1 CLOSING TIME-WAIT")
    #expect(frames(connection, .timeWait) == [6])
  }

  @Test("A FIN beyond data that the capture lacks has arrived once that data is acknowledged")
  func fillingByACK() throws {
    let connection = try run(
      """
      0.021 < F. 101 ack 1 TS 9010 1010
      0.022 > . 2 ack 101 TS 1022 9005
      0.031 < . 102 ack 2 TS 9020 1020
      0.032 > . 2 ack 102 TS 1032 9010
      """)
    #expect(
      connection.path(.client) == "CLOSED SYN-SENT ESTABLISHED FIN-WAIT-1 CLOSING TIME-WAIT")
  }

  /// The server closes as the client's data and FIN are on their way; the client acknowledges that.
  private func crossing(_ rest: String, sack: Bool = true) throws -> TrackedConnection {
    let text =
      stampedHandshake + """
        0.020 > P. 1:101 ack 1 TS 1020 9000
        0.020 > F. 101 ack 1 TS 1020 9000
        0.022 < F. 1 ack 1 TS 9012 1010
        0.022 > . 102 ack 2 TS 1022 9012

        """ + rest
    return try #require(
      Script.run(
        text.split(separator: "\n").map {
          sack && $0.contains(" S") ? $0 + " sack-permitted" : String($0)
        }.joined(separator: "\n")
      ).first)
  }

  @Test("A FIN that waited behind lost data came with that, however the last SACK names it")
  func waitingFIN() throws {
    let connection = try crossing(
      """
      0.032 < . 2 ack 1 TS 9022 1010 sack 101 102
      0.040 > P. 1:101 ack 2 TS 1040 9022
      0.050 < . 2 ack 102 TS 9040 1040 sack 101 102
      """)
    #expect(connection.path(.server).hasSuffix("FIN-WAIT-1 FIN-WAIT-2 TIME-WAIT"))
    #expect(standing(connection, .timeWait) == [9])
    // Nothing was missing: they crossed.
    let whole = try crossing("0.032 < . 2 ack 102 TS 9022 1020")
    #expect(whole.path(.server).hasSuffix("FIN-WAIT-1 CLOSING TIME-WAIT"))
  }

  @Test(
    "Where the echo may be that of data before the FINs, a FIN not reported as a duplicate was the first",
    arguments: [true, false])
  func echoOfData(sack: Bool) throws {
    let connection = try crossing(
      """
      0.060 > F. 101 ack 2 TS 1060 9012
      0.070 < . 2 ack 102 TS 9060 1020
      """, sack: sack)
    #expect(
      connection.path(.server).hasSuffix(
        sack ? "FIN-WAIT-1 FIN-WAIT-2 TIME-WAIT" : "FIN-WAIT-1 CLOSING TIME-WAIT"))
    // Reported, the first was.
    let both = try crossing(
      """
      0.060 > F. 101 ack 2 TS 1060 9012
      0.070 < . 2 ack 102 TS 9060 1020 sack 101 102
      """, sack: sack)
    #expect(both.path(.server).hasSuffix("FIN-WAIT-1 CLOSING TIME-WAIT"))
  }

  @Test(
    "A FIN behind data that only the capture lacks crossed the other as it passed",
    arguments: ["", "0.030 < . 2 ack 101 TS 9020 1020\n"])
  func crossingBehindGap(_ acknowledgment: String) throws {
    let fins = """
      0.020 > F. 101 ack 1 TS 1021 9000
      0.022 < F. 1 ack 1 TS 9012 1010
      0.022 > . 102 ack 2 TS 1022 9012

      """
    func path(_ rest: String) throws -> String {
      try #require(Script.run(stampedHandshake + rest).first).path(.server)
    }
    #expect(
      try path(fins + acknowledgment + "0.031 < . 2 ack 102 TS 9021 1020")
        .hasSuffix("FIN-WAIT-1 CLOSING TIME-WAIT"))
    // So late that the data may have been sent again.
    #expect(
      try path(fins + "0.300 < . 2 ack 102 TS 9290 1020")
        .hasSuffix("FIN-WAIT-1 FIN-WAIT-2 TIME-WAIT"))
    // Acknowledged before the FIN passed.
    #expect(
      try path(
        """
        0.015 < F. 1 ack 1 TS 9005 1010
        0.016 > . 1 ack 2 TS 1016 9005
        0.020 > F. 101 ack 2 TS 1021 9005

        """ + acknowledgment + "0.031 < . 2 ack 102 TS 9021 1020"
      ).hasSuffix("FIN-WAIT-1 FIN-WAIT-2 TIME-WAIT"))
  }
}
