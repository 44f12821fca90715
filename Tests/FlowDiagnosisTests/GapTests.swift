import FlowDiagnosis
import SegmentScripts
import Testing

/// FINs that a gap of the capture hides are told as a gap, not as a fault.
@Suite struct GapTests {
  private static let exchange = """
    0.000 > S 0 TS 100 0
    0.010 < S. 0 ack 1 TS 900 100
    0.011 > . 1 ack 1 TS 111 900
    0.020 > P. 1:11 ack 1 TS 120 900
    0.030 < . 1 ack 11 TS 920 120

    """
  /// Shows that the capture went on.
  private static let later = """
    port 42000
    150 > S 0 TS 100 0
    150.01 < S. 0 ack 1 TS 900 100
    150.02 > . 1 ack 1 TS 111 900
    150.03 > P. 1:11 ack 1 TS 130 900
    150.04 < . 1 ack 11 TS 930 130
    """

  /// Ends of the exchange of which a gap has taken a part; what is missing, and the rest.
  private static let hidden = [
    (
      "the client's FIN, first",
      """
      1.01 < . 1 ack 12 TS 1910 1100
      1.5 < F. 1 ack 12 TS 2400 1100
      1.51 > . 12 ack 2 TS 1610 2400
      """
    ),
    (
      "the client's FIN and its ACK",
      """
      1.5 < F. 1 ack 12 TS 2400 1100
      1.51 > . 12 ack 2 TS 1610 2400
      """
    ),
    (
      "the client's FIN and data before it",
      """
      1.01 < . 1 ack 112 TS 1910 1100
      1.5 < F. 1 ack 112 TS 2400 1100
      1.51 > . 112 ack 2 TS 1610 2400
      """
    ),
    (
      "the client's FIN, before the server's data",
      """
      1.01 < . 1 ack 12 TS 1910 1100
      2 < P. 1:101 ack 12 TS 2900 1100
      2.01 > . 12 ack 101 TS 2110 2900
      3 < F. 101 ack 12 TS 3900 1100
      3.01 > . 12 ack 102 TS 3110 3900
      """
    ),
    (
      "the client's FIN, and the server's data is reset",
      """
      1.01 < . 1 ack 12 TS 1910 1100
      2 < P. 1:101 ack 12 TS 2900 1100
      2.01 > R 12
      """
    ),
    (
      "the client's FIN, and late data is reset",
      """
      1.01 < . 1 ack 12 TS 1910 1100
      80 < P. 1:101 ack 12 TS 80900 1100
      80.01 > R 12
      """
    ),
    (
      "the server's FIN, second",
      """
      1 > F. 11 ack 1 TS 1100 920
      1.01 < . 1 ack 12 TS 1910 1100
      1.5 > . 12 ack 2 TS 1600 2400
      """
    ),
    (
      "the server's FIN and data before it",
      """
      1 > F. 11 ack 1 TS 1100 920
      1.01 < . 1 ack 12 TS 1910 1100
      1.5 > . 12 ack 102 TS 1600 2400
      """
    ),
    (
      "both FINs",
      """
      1.01 < . 1 ack 12 TS 1910 1100
      1.51 > . 12 ack 2 TS 1610 2400
      """
    ),
  ]

  @Test("A FIN that is missing from the capture gives no warning", arguments: hidden)
  func missing(what: String, rest: String) {
    let diagnosis = Diagnosis(GapTests.exchange + rest + "\n" + GapTests.later, endingAt: 200)
    #expect(diagnosis.ids.contains("capture-gaps"), "\(what)")
    let loud = diagnosis.findings.filter { $0.severity > .note }
    #expect(loud.isEmpty, "\(what): \(loud.map(\.summary))")
  }

  private let leak = """
    2 < F. 1 ack 41 TS 2890 1300
    2.01 > . 41 ack 2 TS 2101 2890

    """

  @Test("Data that is missing hides no FIN: a leak after it is one, though less sure")
  func dataMissing() throws {
    let gap = """
      1.0 > P. 11:21 ack 1 TS 1100 920
      1.1 < . 1 ack 31 TS 1900 1100
      1.2 > P. 31:41 ack 1 TS 1300 1900
      1.3 < . 1 ack 41 TS 2100 1300

      """
    let all = gap.replacing("11:21", with: "11:31")
    let doubtful = try Diagnosis(GapTests.exchange + gap + leak + GapTests.later)
      .only("close-wait-leak")
    #expect(doubtful.confidence == .likely)
    let certain = try Diagnosis(GapTests.exchange + all + leak + GapTests.later)
      .only("close-wait-leak")
    #expect(certain.confidence == .certain)
  }

  @Test("A caller that answers RST was answered, though the capture lacks by what")
  func answeredByWhatIsMissing() {
    func call(_ between: String) -> Diagnosis {
      Diagnosis(
        handshake + """
          0.040 > F. 1 ack 1
          0.050 < F. 1 ack 2
          0.060 > . 2 ack 2
          iss 90000000
          0.090 > S 0
          \(between)
          iss 90000000
          1.100 > S 0
          3.100 > S 0

          """, endingAt: 60)
    }
    #expect(call("").ids.contains("syn-unanswered"))
    #expect(!call("iss 1000000\n0.091 > R 2").ids.contains("syn-unanswered"))
  }

  @Test(
    "A RST behind missing data is not forged if the end answers from nowhere what it draws",
    arguments: [(true, false), (false, true)])
  func resetBehindGap(isAnswered: Bool, isForged: Bool) {
    let text =
      handshake + """
        0.050 > R. 101 ack 1
        0.060 < . 1 ack 1

        """ + (isAnswered ? "0.060 > R 1" : "")
    #expect(Diagnosis(text, endingAt: 90).ids.contains("forged-reset") == isForged)
  }
}
