import FlowDiagnosis
import SegmentScripts
import TCPModel
import Testing

/// How sure findings are where the capture lacks something, and just beside their thresholds.
@Suite struct ConfidenceTests {
  private let exchange =
    handshake + """
      0.020 > P. 1:11 ack 1
      0.030 < P. 1:11 ack 11
      0.031 > . 11 ack 11

      """
  private let fins = """
    0.100 > F. 11 ack 11
    0.300 > F. 11 ack 11
    0.700 > F. 11 ack 11

    """

  @Test("A FIN sent three times is likely unanswered, four times certainly", arguments: [3, 4])
  func unansweredFIN(_ count: Int) throws {
    let text = exchange + fins + (count == 4 ? "1.500 > F. 11 ack 11\n" : "")
    let finding = try Diagnosis(text, endingAt: 10).only("fin-unanswered")
    #expect(finding.confidence == (count == 4 ? .certain : .likely))
  }

  @Test("Sent twice it says nothing, and nothing once the other end was heard")
  func answeredFIN() {
    let two = fins.split(separator: "\n").prefix(2).joined(separator: "\n")
    #expect(!Diagnosis(exchange + two, endingAt: 10).ids.contains("fin-unanswered"))
    let answered = exchange + fins + "0.800 < . 11 ack 12"
    #expect(!Diagnosis(answered, endingAt: 10).ids.contains("fin-unanswered"))
  }

  @Test("Where the capture lacks frames, a finding is less sure, and the gap is told")
  func gaps() throws {
    let gap = exchange + "0.050 < . 11 ack 500\n0.060 > P. 500:510 ack 11\n"
    let late = "0.100 > F. 510 ack 11\n0.300 > F. 510 ack 11\n0.700 > F. 510 ack 11\n"
    let diagnosis = Diagnosis(gap + late + "1.500 > F. 510 ack 11\n", endingAt: 10)
    #expect(try diagnosis.only("fin-unanswered").confidence == .likely)
    #expect(diagnosis.ids.contains("capture-gaps"))
  }

  @Test("An abort is certain by RST,ACK and likely by a bare RST", arguments: ["R.", "R"])
  func abort(_ flags: String) throws {
    let text = exchange + "0.100 > \(flags) 11\(flags == "R." ? " ack 11" : "")\n"
    let finding = try Diagnosis(text).only("rst-close")
    #expect(finding.confidence == (flags == "R." ? .certain : .likely))
  }

  @Test("Of a connection that was open before, an abort is less sure")
  func abortMidstream() throws {
    let text = """
      0.020 > P. 1:11 ack 1
      0.030 < P. 1:11 ack 11
      0.031 > . 11 ack 11
      0.100 > R. 11 ack 11
      """
    let diagnosis = Diagnosis(text)
    #expect(try diagnosis.only("rst-close").confidence == .likely)
    #expect(diagnosis.ids == ["capture-midstream", "rst-close"])
  }

  @Test("A finding never speaks of what is uneventful")
  func uneventful() {
    let close = "0.040 > F. 11 ack 11\n0.050 < F. 11 ack 12\n0.060 > . 12 ack 12\n"
    #expect(Diagnosis(exchange + close, endingAt: 200).ids == [])
  }
}
