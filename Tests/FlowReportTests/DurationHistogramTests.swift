import Testing

@testable import FlowReport

@Suite("The distribution of durations")
struct DurationHistogramTests {
  @Test("Percentiles are within a thirty-second of the truth")
  func percentiles() {
    var histogram = DurationHistogram()
    for value in 1...10_000 { histogram.count(Int64(value) * 1000) }
    for share in [0.01, 0.5, 0.9, 0.99] {
      let truth = share * 1e7
      let found = Double(histogram.percentile(share))
      #expect(found >= truth && found <= truth * (1 + 1.0 / 32))
    }
    #expect(histogram.longest == 10_000_000)
    #expect(histogram.count == 10_000)
  }

  @Test("What nine of ten do not exceed is no less than the ninth")
  func few() {
    var histogram = DurationHistogram()
    for value in [249_000, 270_000, 300_000, 701_000_000] as [Int64] { histogram.count(value) }
    #expect(histogram.percentile(0.9) == 701_000_000)
    #expect((270_000..<280_000).contains(histogram.percentile(0.5)))
  }

  @Test("Every duration has a class", arguments: [0, 1, 31, 32, 33, 1 << 40, Int64.max, -5, .min])
  func extremes(duration: Int64) {
    var histogram = DurationHistogram()
    histogram.count(duration)
    #expect(histogram.count == 1)
    #expect(histogram.percentile(0.5) <= max(0, duration))
  }

  @Test("Nothing counted, nothing said")
  func empty() {
    #expect(DurationHistogram().percentile(0.5) == 0)
  }
}
