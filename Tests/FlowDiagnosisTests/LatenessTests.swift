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
  func ackLateBeyond() {
    let passed = """
      1.000 > F. 11 ack 1 TS 1100 920
      1.010 < F. 1 ack 12 TS 1900 1100
      1.011 > . 12 ack 2 TS 1111 1900
      1.400 < F. 1 ack 12 TS 2290 1100
      1.401 > . 12 ack 2 TS 1501 1900

      """
    #expect(Diagnosis(exchange + passed, endingAt: 90).ids == ["missing-final-ack"])
    #expect(
      Diagnosis(exchange + passed + "2.100 < R 2", endingAt: 90).ids == ["time-wait-assassination"])
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
}
