import FlowDiagnosis
import Testing

/// Durations across a point at which the capture's clock was set back.
@Suite struct ClockTests {
  private func reuse(at start: Double) -> String {
    """
    100.000 > S 0
    100.010 < S. 0 ack 1
    100.011 > . 1 ack 1
    100.020 > P. 1:11 ack 1
    100.030 < . 1 ack 11
    iss 9000000
    \(start) > S 0
    \(start + 0.01) < . 1 ack -7999989
    \(start + 0.011) > R -7999989
    iss 9000000
    server-iss 6000000
    \(start + 0.02) > S 0
    \(start + 0.03) < S. 0 ack 1
    \(start + 0.031) > . 1 ack 1
    """
  }

  @Test("A reused port says how long ago the old connection was last heard, where that is known")
  func forwards() throws {
    let finding = try Diagnosis(reuse(at: 160)).only("rst-on-reuse")
    #expect(finding.summary.contains("without a FIN or RST, 60 s or less before"))
    #expect(finding.value("old_idle_seconds") != nil)
  }

  @Test("It says nothing of that where the clock was set back between")
  func setBack() throws {
    let finding = try Diagnosis(reuse(at: 40)).only("rst-on-reuse")
    #expect(finding.summary.contains("without a FIN or RST. The server answered"))
    #expect(finding.value("old_idle_seconds") == nil)
  }
}
