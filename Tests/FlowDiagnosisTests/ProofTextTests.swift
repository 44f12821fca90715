import Testing

@testable import FlowDiagnosis

/// The words in which all rules speak alike.
@Suite struct ProofTextTests {
  @Test(
    "Durations are rounded to what people would say, and no unit is overfull",
    arguments: [
      (0, "0 ns"), (999, "999 ns"), (1_499, "1 µs"), (999_499, "999 µs"), (999_500, "1 ms"),
      (1_250_000, "1.3 ms"), (9_949_999, "9.9 ms"), (9_950_000, "10 ms"), (190_600_000, "191 ms"),
      (999_499_999, "999 ms"), (999_500_000, "1 s"), (59_970_000_000, "60 s"),
      (63_400_000_000, "1 min 3 s"), (120_000_000_000, "2 min"), (3_599_600_000_000, "1 h"),
      (7_260_000_000_000, "2 h 1 min"),
    ] as [(Int64, String)])
  func durations(_ nanoseconds: Int64, _ text: String) {
    #expect(ProofText.duration(nanoseconds) == text)
  }

  @Test("Runs of frames are joined, and no more than four named")
  func frames() {
    #expect(ProofText.frames([7]) == "frame 7")
    #expect(ProofText.frames([9, 3, 4, 5]) == "frames 3-5 and 9")
    #expect(ProofText.frames([1, 3, 5, 7, 9]) == "frames 1, 3, 5, 7, …")
  }

  @Test("Numbers that have a word of their own bear it")
  func numbers() {
    #expect([1, 2, 3].map { ProofText.times($0) } == ["once", "twice", "3 times"])
    #expect([1, 2].map { ProofText.count($0, "FIN") } == ["1 FIN", "2 FINs"])
    #expect(ProofText.share(2, of: 3) == "2 of its 3 connections")
    #expect(ProofText.share(3, of: 3) == "its 3 connections")
  }
}
