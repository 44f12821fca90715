import Foundation
import Testing

@Suite(
  "Live bounds", .enabled(if: System.canCapture, "needs root, iproute2, util-linux, python3"),
  .serialized)
struct LiveBoundsTests {
  @Test("A flood of SYNs does not exceed the connections allowed, nor the memory they need")
  func flood() throws {
    let sniffer = try Sniffer(["-i", "lo", "--max-connections", "2000"])
    let before = sniffer.residentKilobytes
    try sniffer.traffic("flood 12000")
    try sniffer.wait("connections are let go") {
      kill(sniffer.process.processIdentifier, SIGUSR1)
      usleep(200_000)
      return sniffer.errors.split(separator: "\n").last?.contains(" 2000 held") == true
    }
    // 2,000 connections with their histories take a few kilobytes each.
    #expect(sniffer.residentKilobytes - before < 24 * 1024)
    #expect(try sniffer.end() == 0)
    #expect(sniffer.output.contains("half-open"))
  }

  @Test("Memory stays flat while connections come and go")
  func soak() throws {
    let sniffer = try Sniffer(["-i", "lo", "--max-connections", "2000", "--summary", "1s"])
    try sniffer.traffic("load 3 2")
    let early = sniffer.residentKilobytes
    try sniffer.traffic("load 6 2")
    #expect(sniffer.residentKilobytes - early < 4 * 1024)
    #expect(try sniffer.end() == 0)
    #expect(sniffer.output.contains("let go"))
  }
}
