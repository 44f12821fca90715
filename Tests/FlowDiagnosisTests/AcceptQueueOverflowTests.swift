import FlowDiagnosis
import SegmentScripts
import TCPModel
import Testing

/// A full accept queue, as far as it shows.
@Suite struct AcceptQueueOverflowTests {
  private static let request = """
    0.000 > S 0
    0.010 < S. 0 ack 1
    0.020 > . 1 ack 1
    0.030 > P. 1:101 ack 1

    """
  private let ignored =
    request + """
      0.240 > P. 1:101 ack 1
      0.660 > P. 1:101 ack 1
      1.500 > P. 1:101 ack 1
      3.200 > P. 1:101 ack 1

      """

  @Test("Data ignored while the SYN,ACK is not repeated: possible, for cookies hold nothing")
  func behindCookies() throws {
    let finding = try Diagnosis(ignored, endingAt: 10).only("accept-queue-overflow")
    #expect(finding.confidence == .possible)
    #expect(finding.severity == .error)
    #expect(finding.value("mode") == .text("cookies"))
    #expect(finding.frames.map(\.frame) == [2, 3, 4, 5, 6, 7, 8])
  }

  @Test("It is a warning once the server goes on")
  func acceptedLater() throws {
    let finding = try Diagnosis(
      ignored + "3.210 < . 1 ack 101\n3.300 < P. 1:51 ack 101\n3.310 > . 101 ack 51", endingAt: 10
    ).only("accept-queue-overflow")
    #expect(finding.severity == .warning)
    #expect(finding.costSeconds.map { ($0 * 100).rounded() } == 318)
  }

  @Test("Two seconds have to pass, in which one that holds the request would repeat its SYN,ACK")
  func tooSoon() {
    let short = ignored.split(separator: "\n").dropLast().joined(separator: "\n")
    #expect(!Diagnosis(short, endingAt: 10).ids.contains("accept-queue-overflow"))
  }

  @Test("Two segments that get lost one after the other are no full queue, three are")
  func losses() {
    let lost = """
      0.000 > S 0 TS 100 0
      0.010 < S. 0 ack 1 TS 900 100
      0.020 > . 1 ack 1 TS 120 900
      1.030 < S. 0 ack 1 TS 1920 100
      1.040 > . 1 ack 1 TS 1140 900
      3.050 < S. 0 ack 1 TS 3940 100
      3.060 > . 1 ack 1 TS 3160 900

      """
    let goesOn = "3.080 < P. 1:51 ack 1 TS 3970 3160\n3.090 > . 1 ack 51 TS 3190 3970\n"
    #expect(Diagnosis(lost + goesOn, endingAt: 10).ids == ["handshake-ack-lost"])
    let third = lost.replacing("1.030", with: "0.520 > P. 1:11 ack 1 TS 620 900\n1.030")
    let taken = goesOn.replacing("ack 1 ", with: "ack 11 ")
    #expect(Diagnosis(third + taken, endingAt: 10).ids == ["accept-queue-overflow"])
  }

  @Test("Just three before one is taken may have been lost, and this is said")
  func threeLosses() throws {
    func opening(_ ignored: String) -> String {
      """
      0.000 > S 0 TS 100 0
      0.010 < S. 0 ack 1 TS 900 100
      0.020 > . 1 ack 1 TS 120 900
      \(ignored)
      1.030 < S. 0 ack 1 TS 1920 100
      1.040 > . 11 ack 1 TS 1140 900
      3.050 < S. 0 ack 1 TS 3940 100
      3.060 > . 11 ack 1 TS 3160 900
      3.080 < P. 1:51 ack 11 TS 3970 3160
      3.090 > . 11 ack 51 TS 3190 3970
      """
    }
    let first = "0.030 > P. 1:11 ack 1 TS 130 900"
    let three = try Diagnosis(opening(first), endingAt: 10).only("accept-queue-overflow")
    #expect(three.confidence == .possible)
    #expect(three.summary.contains("or all three segments that it ignored were lost"))
    let more = first + "\n0.240 > P. 1:11 ack 1 TS 340 900"
    let four = try Diagnosis(opening(more), endingAt: 10).only("accept-queue-overflow")
    #expect(four.confidence == .likely)
  }

  /// A path on which everything takes 700 ms at once, more than the server's timer allows for.
  private func slow(echo: Int) -> String {
    """
    0.000 > S 0 TS 100 0
    0.010 < S. 0 ack 1 TS 900 100
    0.020 > . 1 ack 1 TS 120 900
    0.030 > P. 1:101 ack 1 TS 130 900
    0.240 > P. 1:101 ack 1 TS 340 900
    1.030 < S. 0 ack 1 TS 1920 100
    1.040 > . 101 ack 1 TS 1140 900
    1.420 < . 1 ack 101 TS 2310 \(echo)
    1.430 < P. 1:51 ack 101 TS 2320 \(echo)
    1.440 > . 101 ack 51 TS 1540 2320
    """
  }

  @Test("Segments that the server echoes after all were not ignored but late")
  func late() {
    #expect(Diagnosis(slow(echo: 130), endingAt: 10).ids == [])
    #expect(Diagnosis(slow(echo: 1140), endingAt: 10).ids == ["accept-queue-overflow"])
  }

  @Test("Full-sized data may have met a path MTU instead")
  func fullSized() {
    let large = ignored.replacing("1:101", with: "1:1449")
    #expect(!Diagnosis(large, endingAt: 10).ids.contains("accept-queue-overflow"))
  }

  @Test("A RST long after the connection was accepted has a cause of its own")
  func sparesLaterReset() {
    let held =
      Self.request + """
        1.030 < S. 0 ack 1
        1.040 > . 1 ack 1
        3.050 < S. 0 ack 1
        3.060 > . 1 ack 1
        3.500 > P. 1:101 ack 1
        3.510 < . 1 ack 101
        3.600 < P. 1:51 ack 101
        3.610 > . 101 ack 51

        """
    #expect(Diagnosis(held, endingAt: 10).ids == ["accept-queue-overflow"])
    #expect(
      Diagnosis(held + "4.000 < R. 51 ack 101", endingAt: 10).ids
        == ["accept-queue-overflow", "rst-close"])
  }

  @Test("SYNs that go unanswered meanwhile are counted towards it, later ones are not")
  func dropsSYNs() throws {
    let held = Self.request + "1.030 < S. 0 ack 1\n3.050 < S. 0 ack 1\n"
    let other = "port 42000\n1.500 > S 0\n2.500 > S 0\n3.040 > S 0\n"
    let lines = held.split(separator: "\n")
    let both =
      lines.prefix(5).joined(separator: "\n") + "\n" + other + "port 41000\n" + lines[5]
    let diagnosis = Diagnosis(both, endingAt: 20)
    let finding = try diagnosis.only("accept-queue-overflow")
    #expect(diagnosis.ids == ["accept-queue-overflow"])
    #expect(finding.value("syns_dropped_meanwhile") == .integer(1))
    #expect(finding.connections == [1, 2])
    #expect(finding.frames.contains { $0.frame == 6 })

    // A first SYN of its own that was dropped is nobody else's.
    let ownSYN = """
      0.000 > S 0
      1.000 > S 0
      1.010 < S. 0 ack 1
      1.020 > . 1 ack 1
      1.030 > P. 1:101 ack 1
      2.030 < S. 0 ack 1
      4.050 < S. 0 ack 1
      8.100 < S. 0 ack 1
      """
    let alone = Diagnosis(ownSYN, endingAt: 20)
    #expect(try alone.only("accept-queue-overflow").connectionCount == 1)

    let later = held + "port 42000\n8.500 > S 0\n9.500 > S 0\n11.500 > S 0\n"
    #expect(Diagnosis(later, endingAt: 20).ids == ["accept-queue-overflow", "syn-unanswered"])
  }
}
