import FlowDiagnosis
import SegmentScripts
import TCPModel
import Testing

/// Rules that judge by silence, and captures that cannot show it.
@Suite struct SilenceTests {
  private let repeats = """
    0.100 > P. 11:21 ack 11
    0.300 > P. 11:21 ack 11
    0.700 > P. 11:21 ack 11
    1.500 > P. 11:21 ack 11
    3.100 > P. 11:21 ack 11
    6.300 > P. 11:21 ack 11

    """

  @Test("Five repetitions without an answer are likely the end; the first sending is named")
  func retransmissionTimeout() throws {
    var options = TrackerOptions()
    options.keepsAllSegments = true
    let finding = try Diagnosis(exchange + repeats, endingAt: 20, tracker: options)
      .only("retransmission-timeout")
    #expect(finding.confidence == .likely)
    #expect(finding.frames.map(\.frame) == [5, 7, 8, 9, 10, 11, 12])
    #expect(finding.frames[1].role == "the data, sent first")
    #expect(finding.summary.contains("10 bytes of frame 7"))
  }

  @Test("A capture that ends at once leaves room for an answer")
  func endsAtOnce() throws {
    let finding = try Diagnosis(exchange + repeats).only("retransmission-timeout")
    #expect(finding.confidence == .possible)
  }

  @Test("Four repetitions are not enough")
  func fewRepeats() {
    let four = repeats.split(separator: "\n").dropLast().joined(separator: "\n")
    #expect(Diagnosis(exchange + four, endingAt: 20).ids == [])
  }

  @Test("An end of which the beginning was not captured is less sure")
  func midstream() throws {
    let text = """
      0.020 > P. 1:11 ack 1
      0.030 < P. 1:11 ack 11
      0.031 > . 11 ack 11

      """
    let finding = try Diagnosis(text + repeats, endingAt: 20).only("retransmission-timeout")
    #expect(finding.confidence == .possible)
  }

  @Test("Two directions are needed")
  func oneSided() {
    let text = (exchange + repeats).split(separator: "\n").filter { !$0.contains("<") }
      .joined(separator: "\n")
    #expect(Diagnosis(text, endingAt: 20).ids == ["capture-one-sided"])
  }

  private let probes = """
    0.100 > . 10 ack 11
    0.300 > . 10 ack 11
    0.500 > . 10 ack 11

    """

  @Test("Three keepalive probes without an answer, a RST, or the capture's end at once")
  func keepalive() throws {
    let silent = try Diagnosis(exchange + probes, endingAt: 20).only("keepalive-dead-peer")
    #expect(silent.confidence == .likely)
    let reset = try Diagnosis(exchange + probes + "0.700 > R. 11 ack 11")
      .only("keepalive-dead-peer")
    #expect(reset.confidence == .certain)
    let cut = try Diagnosis(exchange + probes).only("keepalive-dead-peer")
    #expect(cut.confidence == .possible)
  }

  @Test("A single SYN that timed out is a warning, unless only one direction was captured")
  func singleSYN() throws {
    let call = "0.000 > S 0\n"
    let finding = try Diagnosis(call, endingAt: 300).only("syn-unanswered")
    #expect(finding.severity == .warning)
    #expect(finding.confidence == .likely)
    #expect(Diagnosis(call, endingAt: 100).ids == [])
    let half = "port 42000\n400 > S 0\n400.01 > . 1 ack 1\n400.02 > P. 1:11 ack 1\n"
    #expect(Diagnosis(call + half, endingAt: 700).ids == ["capture-one-sided"])
  }

  @Test("Repeated SYNs in a capture of one direction are likely unanswered, no more")
  func repeatedSYN() throws {
    let calls = "0.000 > S 0\n1.000 > S 0\n3.000 > S 0\n"
    #expect(try Diagnosis(calls, endingAt: 300).only("syn-unanswered").confidence == .certain)
    let half = "port 42000\n400 > S 0\n400.01 > . 1 ack 1\n400.02 > P. 1:11 ack 1\n"
    let doubtful = try Diagnosis(calls + half, endingAt: 700).only("syn-unanswered")
    #expect(doubtful.confidence == .likely)
  }
}
