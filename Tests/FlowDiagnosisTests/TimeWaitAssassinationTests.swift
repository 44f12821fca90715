import FlowDiagnosis
import SegmentScripts
import TCPModel
import Testing

/// What drew the ACK that drew the RST that ended TIME-WAIT.
@Suite struct TimeWaitAssassinationTests {
  private let closed =
    handshake + """
      0.020 > P. 1:11 ack 1
      0.030 < . 1 ack 11
      0.040 > F. 11 ack 1
      0.050 < F. 1 ack 12
      0.060 > . 12 ack 2

      """

  @Test("A late bare ACK is called one")
  func lateACK() throws {
    let finding = try Diagnosis(
      closed + "5.000 < . 1 ack 11\n5.001 > . 12 ack 2\n5.011 < R 2\n"
    ).only("time-wait-assassination")
    #expect(finding.summary.contains("an old ACK of 10.0.0.9:443 came late (frame 9)"))
    #expect(finding.frames.map(\.frame) == [7, 9, 10, 11])
  }

  @Test("A repeated FIN is called one")
  func repeatedFIN() throws {
    let finding = try Diagnosis(
      closed + "0.300 < F. 1 ack 12\n0.301 > . 12 ack 2\n0.311 < R 2\n"
    ).only("time-wait-assassination")
    #expect(finding.summary.contains("repeated its FIN (frame 9)"))
  }

  @Test("A RST that answers no ACK is none")
  func bareReset() {
    #expect(!Diagnosis(closed + "5.000 < R 2\n").ids.contains("time-wait-assassination"))
  }
}
