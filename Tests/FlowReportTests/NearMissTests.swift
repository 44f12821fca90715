import Testing

@testable import FlowReport

@Suite("Names somebody may have meant")
struct NearMissTests {
  private let names = ["syn-lost", "syn-ack-lost", "fin-lost", "rst-on-reuse", "time-wait-pileup"]

  @Test("Slips of the finger are understood")
  func slips() {
    #expect(NearMiss.suggestions(for: "rst-on-reus", among: names) == ["rst-on-reuse"])
    #expect(NearMiss.suggestions(for: "SYN-LSOT", among: names).first == "syn-lost")
    #expect(NearMiss.suggestions(for: "pileup", among: names) == ["time-wait-pileup"])
  }

  @Test("What resembles nothing has no suggestion")
  func strangers() {
    #expect(NearMiss.suggestions(for: "qqqqqqqqqqqq", among: names).isEmpty)
    #expect(NearMiss.suggestions(for: "", among: names).isEmpty)
  }
}
