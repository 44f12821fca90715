import FlowDiagnosis
import SegmentScripts
import TCPModel
import Testing

/// Segments that were late on a slow path are not called lost.
@Suite struct LatenessTests {
  private let exchange = """
    0.000 > S 0 TS 100 0
    0.010 < S. 0 ack 1 TS 900 100
    0.011 > . 1 ack 1 TS 111 900
    0.020 > P. 1:11 ack 1 TS 120 900
    0.030 < . 1 ack 11 TS 920 120

    """

  @Test("A FIN repeated while its ACK is under way: every ACK is there in the end")
  func ackLate() {
    // At the passive closer: both ACKs pass, the second draws a RST.
    let late = """
      1.000 < F. 1 ack 11 TS 1890 120
      1.001 > F. 11 ack 2 TS 1101 1890
      1.300 > F. 11 ack 2 TS 1400 1890
      1.700 < . 2 ack 12 TS 2580 1101
      1.900 < . 2 ack 12 TS 2790 1400
      1.901 > R 12

      """
    #expect(!Diagnosis(exchange + late, endingAt: 90).ids.contains("missing-final-ack"))
    let one = late.split(separator: "\n").dropLast(2).joined(separator: "\n")
    #expect(Diagnosis(exchange + one, endingAt: 90).ids.contains("missing-final-ack"))
  }

  @Test("The same at the active closer: the RST shows that the first ACK had arrived")
  func ackLateBeyond() throws {
    let passed = """
      1.000 > F. 11 ack 1 TS 1100 920
      1.010 < F. 1 ack 12 TS 1900 1100
      1.011 > . 12 ack 2 TS 1111 1900
      1.400 < F. 1 ack 12 TS 2290 1100
      1.401 > . 12 ack 2 TS 1501 1900

      """
    func finding(_ text: String) throws -> Finding {
      try Diagnosis(exchange + text, endingAt: 90).only("missing-final-ack")
    }
    #expect(try finding(passed).confidence == .certain)
    // As soon as a loss probe: the ACK may have been under way, and the RST lost.
    #expect(try finding(passed.replacing("1.40", with: "1.04")).confidence == .likely)
    #expect(
      Diagnosis(exchange + passed + "2.100 < R 2", endingAt: 90).ids == ["time-wait-assassination"])
  }

  @Test("FINs that crossed: a late ACK comes in after the newer one, and PAWS answers it")
  func closingLate() throws {
    let crossed = """
      1.000 > F. 11 ack 1 TS 1100 920
      1.002 < F. 1 ack 11 TS 1892 120
      1.003 > . 12 ack 2 TS 1103 1892
      1.010 < . 2 ack 12 TS 1900 1100
      1.230 < F. 1 ack 12 TS 2120 1100
      1.231 > . 12 ack 2 TS 1331 1900

      """
    let ids = Diagnosis(exchange + crossed + "1.265 < . 2 ack 12 TS 2155 1331", endingAt: 90).ids
    #expect(ids == ["simultaneous-close"])
    let lost = try Diagnosis(exchange + crossed, endingAt: 90).only("missing-final-ack")
    #expect(lost.confidence == .likely)
    #expect(lost.summary.contains("passed here but had not reached it"))
    #expect(lost.severity == .note)
  }

  @Test("A handshake held up for less than TCP's own patience, 1 s, is a note")
  func slowHandshake() throws {
    func opening(_ answer: String) -> String {
      """
      0.000 > S 0 TS 100 0
      \(answer) < S. 0 ack 1 TS 900 100
      2.000 > . 1 ack 1 TS 2100 900
      2.010 > P. 1:11 ack 1 TS 2110 900
      2.020 < . 1 ack 11 TS 2920 2110
      """
    }
    for (answer, severity) in [("0.700", Severity.note), ("1.600", .warning)] {
      let finding = try Diagnosis(opening(answer), endingAt: 10).only("slow-handshake")
      #expect(finding.severity == severity)
    }
    #expect(!Diagnosis(opening("0.020"), endingAt: 10).ids.contains("slow-handshake"))
  }

  @Test("A copy of the SYN that comes in when the connection is closed is a note")
  func lateSYN() throws {
    let closed = """
      0.040 > F. 11 ack 1 TS 140 920
      0.050 < F. 1 ack 12 TS 940 140
      0.060 > . 12 ack 2 TS 160 940

      """
    let late = "0.260 > S 0 TS 100 0\n0.261 < S. 0 ack 1 TS 1151 100\n0.271 > R 1\n"
    let finding = try Diagnosis(exchange + closed + late, endingAt: 90).only("stale-segment")
    #expect(finding.severity == .note)
    // Its RST fits the SYN,ACK, though not what the caller had sent since.
    let answered = """
      0.260 > S 0 TS 100 0
      server-iss 90000000
      0.261 < S. 0 ack 1 TS 1151 100
      server-iss 5000000
      0.270 > . 12 ack 2 TS 270 940
      0.271 < R 2
      0.275 > . 11 ack 1 TS 150 920
      0.276 < R 1
      server-iss 90000000
      1.270 < S. 0 ack 1 TS 2161 100
      1.280 > R 1
      """
    let ids = Diagnosis(exchange + closed + answered, endingAt: 90).ids
    #expect(!ids.contains("forged-reset"))
    #expect(Diagnosis(exchange + closed, endingAt: 90).ids == [])
  }

  @Test("A SYN,ACK that arrives although the SYN was repeated was late; the later one is no loss")
  func synAckLate() {
    func opening(echo: Int) -> String {
      """
      0.000 > S 0 TS 100 0
      0.001 < S. 0 ack 1 TS 900 100
      1.015 < S. 0 ack 1 TS 1914 100
      1.100 > S 0 TS 1120 0
      1.200 > . 1 ack 1 TS 1130 \(echo)
      1.210 > P. 1:11 ack 1 TS 1140 \(echo)
      1.211 < . 1 ack 11 TS 2110 1140
      """
    }
    #expect(!Diagnosis(opening(echo: 900), endingAt: 10).ids.contains("syn-ack-lost"))
    #expect(Diagnosis(opening(echo: 1914), endingAt: 10).ids.contains("syn-ack-lost"))
  }

  @Test("An ACK sent before the SYN,ACK was repeated was late, not lost")
  func handshakeAckLate() {
    func opening(sent: Int) -> String {
      """
      0.000 > S 0 TS 100 0
      0.001 < S. 0 ack 1 TS 900 100
      1.015 < S. 0 ack 1 TS 1914 100
      1.200 > . 1 ack 1 TS \(sent) 900
      1.210 > P. 1:11 ack 1 TS 1310 900
      1.211 < . 1 ack 11 TS 2110 1310
      """
    }
    #expect(Diagnosis(opening(sent: 600), endingAt: 10).ids == [])
    #expect(Diagnosis(opening(sent: 1200), endingAt: 10).ids == ["handshake-ack-lost"])
  }

  @Test("A SYN,ACK that comes again before its timer can run out cost next to nothing: a note")
  func handshakeAckHeldUp() throws {
    func opening(again: String, value: Int) -> String {
      """
      0.000 > S 0 TS 100 0
      0.010 < S. 0 ack 1 TS 900 100
      0.011 > . 1 ack 1 TS 111 900
      \(again)0 < S. 0 ack 1 TS \(value) 100
      \(again)1 > . 1 ack 1 TS \(value - 790) 900
      \(again)5 > P. 1:11 ack 1 TS \(value - 785) 900
      \(again)9 < . 1 ack 11 TS \(value + 20) \(value - 785)
      """
    }
    for (again, value, severity) in [("0.26", 1150, Severity.note), ("1.02", 1910, .warning)] {
      let finding = try Diagnosis(opening(again: again, value: value), endingAt: 10)
        .only("handshake-ack-lost")
      #expect(finding.severity == severity)
    }
  }

  @Test("The echo of data that was not acknowledged yet does not prove that the FIN behind it came")
  func echoOfData() {
    func closing(acknowledged: String) -> String {
      """
      1.000 < F. 1 ack 11 TS 1890 120
      1.001 > P. 11:21 ack 2 TS 1101 1890
      \(acknowledged)
      1.001 > F. 21 ack 2 TS 1101 1890
      1.012 > F. 21 ack 2 TS 1112 1890
      1.022 < . 2 ack 22 TS 1912 1101
      """
    }
    let known = exchange + closing(acknowledged: "1.001 < . 2 ack 21 TS 1891 1101")
    #expect(Diagnosis(known, endingAt: 90).ids.contains("missing-final-ack"))
    let unknown = exchange + closing(acknowledged: "")
    #expect(!Diagnosis(unknown, endingAt: 90).ids.contains("missing-final-ack"))
  }

  @Test("Without timestamps, a FIN for each ACK was late, not lost")
  func finLate() throws {
    let repeated =
      handshake + """
        0.020 > P. 1:11 ack 1
        0.030 < . 1 ack 11
        0.040 < F. 1 ack 11
        0.041 > F. 11 ack 2
        0.300 > F. 11 ack 2
        0.500 < . 2 ack 12

        """
    let lost = try Diagnosis(repeated, endingAt: 90).only("fin-lost")
    #expect(lost.confidence == .possible)
    #expect(lost.summary.contains("or its ACK before it passed here"))
    let both = repeated + "0.510 < . 2 ack 12\n0.511 > R 12\n"
    #expect(!Diagnosis(both, endingAt: 90).ids.contains("fin-lost"))
  }

  @Test("A FIN that the network copied is not sent again, whether IP numbers packets or not")
  func copiedFIN() {
    func closing(_ first: String, _ again: String) -> [String] {
      let text = """
        1.000 < F. 1 ack 11 TS 1890 120
        1.001 > F. 11 ack 2 TS 1101 1890 \(first)
        1.002 < . 2 ack 12 TS 1892 1101
        1.252 > F. 11 ack 2 TS \(again)
        1.253 < . 2 ack 12 TS 2143 1101
        """
      return Diagnosis(exchange + text, endingAt: 90).ids
    }
    #expect(closing("id 0", "1101 1890 id 0") == [])
    #expect(closing("id 7", "1101 1890 id 7") == [])
    #expect(closing("id 0", "1352 1890 id 0") == ["missing-final-ack"])
    #expect(closing("id 7", "1101 1890 id 8") == ["missing-final-ack"])
  }

  @Test("A FIN that comes in after its end's RST was sent before, if its timestamp is older")
  func lateFINBehindReset() {
    func closing(_ value: Int) -> [String] {
      let text = """
        1.000 > F. 11 ack 1 TS 1100 920
        1.030 < . 2 ack 12 TS 1930 1100
        1.230 < F. 1 ack 12 TS 2130 1100
        1.231 > . 12 ack 2 TS 1331 2130
        1.245 < . 1 ack 11 TS 1880 120
        1.246 > . 12 ack 2 TS 1346 2130
        1.260 < R 2
        1.266 < F. 1 ack 12 TS \(value) 1100
        1.267 > R 12
        """
      return Diagnosis(exchange + text, endingAt: 90).ids
    }
    #expect(!closing(1895).contains("forged-reset"))
    #expect(closing(2160).contains("forged-reset"))
  }
}
