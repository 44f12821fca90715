import FlowDiagnosis
import SegmentScripts
import TCPModel
import Testing

/// A SYN,ACK with the timestamp of somebody else, and other edges of the set-up.
@Suite struct SetupEdgeTests {
  @Test("An ACK of data is no challenge to a SYN of other numbers that passed before")
  func foreignSYN() {
    let calls = """
      0.000 > S 0
      iss 7000000
      0.100 > S 0
      iss 9000000
      0.200 > S 0
      iss 1000000
      1.000 > S 0
      1.010 < S. 0 ack 1
      1.011 > . 1 ack 1
      1.012 > . 1:1449 ack 1
      1.020 < . 1 ack 1449
      1.021 > P. 1449:1600 ack 1
      1.030 < . 1 ack 1600
      """
    #expect(!Diagnosis(calls, endingAt: 10).ids.contains("challenge-ack"))
  }

  private let mixed = """
    host 6
    port 52000
    0.000 > S 0 TS 777000 0
    host 5
    port 41000
    0.010 > S 0 TS 5000 0
    0.020 < S. 0 ack 1 TS 90000 777000
    0.021 > R 1
    1.010 > S 0 TS 6000 0
    1.020 < S. 0 ack 1 TS 91000 6000
    1.021 > . 1 ack 1 TS 6011 91000

    """

  @Test("The caller whose timestamp was echoed is named when it is in the capture")
  func echoNamed() throws {
    let finding = try Diagnosis(mixed, endingAt: 10).only("synack-tsecr-mismatch")
    #expect(finding.value("echo_of") == .text("10.0.0.6:52000"))
    #expect(finding.summary.contains("frame 1"))
    #expect(finding.frames.first?.frame == 1)
  }

  @Test("A caller with another timestamp, or one of another time, is not")
  func echoNotNamed() throws {
    for text in [
      mixed.replacing("TS 777000 0", with: "TS 777001 0"),
      mixed.replacing("0.000 > S", with: "-100.000 > S"),
    ] {
      let finding = try Diagnosis(text, endingAt: 10).only("synack-tsecr-mismatch")
      #expect(finding.value("echo_of") == nil)
    }
  }

  @Test("Bytes that are acknowledged after an abort passed were not lost by it")
  func acknowledgedLate() throws {
    let text = """
      0.000 > S 0
      0.010 < S. 0 ack 1
      0.011 > . 1 ack 1
      0.020 > P. 1:11 ack 1
      0.030 < P. 1:22 ack 11
      0.031 < R. 22 ack 11

      """
    let lost = try Diagnosis(text, endingAt: 10).only("rst-close")
    #expect(lost.value("unacknowledged_bytes") == .integer(21))
    let late = try Diagnosis(text + "0.040 > . 11 ack 22\n0.050 < R 22", endingAt: 10)
      .only("rst-close")
    #expect(late.value("unacknowledged_bytes") == .integer(0))
  }
}
