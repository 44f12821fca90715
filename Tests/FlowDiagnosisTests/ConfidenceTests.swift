import FlowDiagnosis
import SegmentScripts
import TCPModel
import Testing

/// How sure findings are where the capture lacks something, and just beside their thresholds.
@Suite struct ConfidenceTests {
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

  @Test("FINs that come all at once prove nothing, and a RST is an answer")
  func burst() {
    let atOnce = fins.replacing("0.300", with: "0.101").replacing("0.700", with: "0.102")
    #expect(!Diagnosis(exchange + atOnce, endingAt: 10).ids.contains("fin-unanswered"))
    let reset = exchange + fins.replacing("0.300", with: "0.110 < R 11\n0.300")
    #expect(!Diagnosis(reset, endingAt: 10).ids.contains("fin-unanswered"))
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

  @Test("What a capture of one direction hides does not depend on what came first")
  func order() throws {
    let call = "port 41000\n0.000 > S 0\n"
    let half = "port 42000\n400 > S 0\n400.01 > . 1 ack 1\n400.02 > P. 1:11 ack 1\n"
    let late = half.replacing("400", with: "900")
    let lateCall = call.replacing("0.000", with: "600")
    #expect(Diagnosis(call + half, endingAt: 2000).ids == ["capture-one-sided"])
    #expect(Diagnosis(half + lateCall, endingAt: 2000).ids == ["capture-one-sided"])
    // Both directions are in the capture after all.
    let whole = "port 43000\n700 > S 0\n700.01 < S. 0 ack 1\n700.02 > . 1 ack 1\n"
    let ids = ["capture-one-sided", "syn-unanswered"]
    #expect(Diagnosis(call + half + whole, endingAt: 2000).ids == ids)
    #expect(Diagnosis(half + lateCall + whole, endingAt: 2000).ids == ids)
    #expect(Diagnosis(call + whole + late, endingAt: 2000).ids == ids)
  }

  @Test("Frames that the kernel dropped lower what rests on silence, whenever they were dropped")
  func dropped() throws {
    let calls = "0.000 > S 0\n1.000 > S 0\n3.000 > S 0\n"
    let early = try Diagnosis(calls, endingAt: 300, droppedByKernel: 1).only("syn-unanswered")
    #expect(early.confidence == .likely)
    let lost = """
      0.000 > S 0 TS 100 0
      0.001 < S. 0 ack 1 TS 900 100
      1.015 < S. 0 ack 1 TS 1914 100
      1.200 > . 1 ack 1 TS 1300 900
      1.210 > P. 1:11 ack 1 TS 1310 900
      1.211 < . 1 ack 11 TS 2110 1310
      """
    #expect(Diagnosis(lost, endingAt: 10).ids == ["handshake-ack-lost"])
    #expect(Diagnosis(lost, endingAt: 10, droppedByKernel: 1).ids == ["capture-gaps"])
  }
}
