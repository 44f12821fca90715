import FlowDiagnosis
import SegmentScripts
import Testing

/// Why a SYN over TIME-WAIT was sure to be new.
@Suite struct ReuseInTimeWaitTests {
  private static let reasons = [
    (
      "TS 900 0", "500000", "TS 950 0", "its TSval is 50 ticks newer than the old connection's last"
    ),
    ("", "90000000", "", "its ISS lies beyond the old connection's last byte"),
    ("TS 900 0", "90000000", "", "its ISS lies beyond the old connection's last byte"),
    ("", "500000", "TS 950 0", "it has timestamps, and the old connection had none"),
    ("", "500000", "", "though neither its TSval nor its ISS is seen to be newer here"),
  ]

  @Test("RFC 6191 has it by the TSval, the ISS, or timestamps that are new", arguments: reasons)
  func reason(_ old: String, _ iss: String, _ new: String, _ reason: String) throws {
    let finding = try Diagnosis(
      """
      0.000 > S 0 \(old)
      0.010 < S. 0 ack 1 \(old)
      0.011 > . 1 ack 1 \(old)
      0.020 < F. 1 ack 1 \(old)
      0.030 > . 1 ack 2 \(old)
      0.040 > F. 1 ack 2 \(old)
      0.050 < . 2 ack 2 \(old)
      iss \(iss)
      server-iss 9000000
      10.000 > S 0 \(new)
      10.010 < S. 0 ack 1 \(new)
      10.011 > . 1 ack 1 \(new)
      """
    ).only("reuse-in-time-wait")
    #expect(finding.summary.contains("10 s old: \(reason). This is legal (RFC 6191)."))
  }
}
