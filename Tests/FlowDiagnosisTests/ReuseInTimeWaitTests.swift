import FlowDiagnosis
import SegmentScripts
import Testing

/// Why a SYN over TIME-WAIT was sure to be new, or was not.
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

  /// A connection that the server has closed first.
  private func closed(_ timestamps: String) -> String {
    """
    0.000 > S 0 \(timestamps)
    0.010 < S. 0 ack 1 \(timestamps)
    0.011 > . 1 ack 1 \(timestamps)
    0.020 < F. 1 ack 1 \(timestamps)
    0.030 > . 1 ack 2 \(timestamps)
    0.040 > F. 1 ack 2 \(timestamps)
    0.050 < . 2 ack 2 \(timestamps)

    """
  }

  @Test("RFC 6191 has it by the TSval, the ISS, or timestamps that are new", arguments: reasons)
  func reason(_ old: String, _ iss: String, _ new: String, _ reason: String) throws {
    let finding = try Diagnosis(
      closed(old) + """
        iss \(iss)
        server-iss 9000000
        10.000 > S 0 \(new)
        10.010 < S. 0 ack 1 \(new)
        10.011 > . 1 ack 1 \(new)
        """
    ).only("reuse-in-time-wait")
    #expect(finding.summary.contains("10 s old: \(reason). This is legal (RFC 6191)."))
  }

  private static let doubts = [
    ("", "", "and without timestamps nothing else tells it from an old duplicate"),
    ("TS 900 0", "", "and without timestamps nothing else tells it from an old duplicate"),
    ("", "TS 950 0", "and the old connection had no timestamps to compare with"),
    ("TS 900 0", "TS 900 0", "and its TSval is the old connection's last, which tells nothing"),
    ("TS 900 0", "TS 950 0", "though its TSval is newer, which is proof enough for RFC 6191"),
  ]

  @Test(
    "One whose ISS is behind is refused, and nothing else told that it was new", arguments: doubts)
  func doubt(_ old: String, _ new: String, _ reason: String) throws {
    let finding = try Diagnosis(
      closed(old) + """
        iss 500000
        10.000 > S 0 \(new)
        iss 1000000
        10.010 < . 2 ack 2 \(old)
        10.011 > R 2
        iss 500000
        server-iss 9000000
        10.020 > S 0 \(new)
        10.030 < S. 0 ack 1 \(new)
        10.031 > . 1 ack 1 \(new)
        """
    ).only("reuse-refused-in-time-wait")
    #expect(finding.summary.contains("lies 500002 behind the old RCV.NXT 1000002, \(reason)."))
    #expect(finding.confidence == (reason.hasPrefix("though") ? .likely : .certain))
  }
}
