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

  @Test("It is a note, and a warning when the ports are used again while TIME-WAIT would stand")
  func severity() throws {
    let ended = closed + "5.000 < . 1 ack 11\n5.001 > . 12 ack 2\n5.011 < R 2\n"
    func call(at second: Int) -> String {
      """
      iss 90000000
      server-iss 95000000
      \(second).000 > S 0
      \(second).010 < S. 0 ack 1
      \(second).011 > . 1 ack 1

      """
    }
    for text in [ended, ended + call(at: 70)] {
      let alone = try Diagnosis(text, endingAt: 100).only("time-wait-assassination")
      #expect(alone.severity == .note)
      #expect(alone.value("ports_reused") == .text("no"))
    }
    let reused = try Diagnosis(ended + call(at: 60), endingAt: 100).only("time-wait-assassination")
    #expect(reused.severity == .warning)
    #expect(reused.summary.hasSuffix("within those 60 s the ports were used again."))
  }

  @Test("A FIN repeated after it draws a RST of its own, which is no TIME-WAIT that was missing")
  func repeatedAfterwards() {
    let ended = closed + "0.100 < . 1 ack 11\n0.101 > . 12 ack 2\n0.111 < R 2\n"
    let again = "0.300 < F. 1 ack 12\n0.301 > R 12\n"
    #expect(Diagnosis(ended + again, endingAt: 10).ids == ["time-wait-assassination"])
    #expect(Diagnosis(closed + again, endingAt: 10).ids == ["time-wait-missing"])
  }

  @Test("A RST that answers no ACK is none")
  func bareReset() {
    #expect(!Diagnosis(closed + "5.000 < R 2\n").ids.contains("time-wait-assassination"))
  }
}
