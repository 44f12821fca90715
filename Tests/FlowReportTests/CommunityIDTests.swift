import PacketDecoding
import TCPModel
import Testing

@testable import FlowReport

@Suite("Community IDs")
struct CommunityIDTests {
  /// From the published test vectors of the specification, seed 0.
  @Test(
    "The id is the one Zeek and Suricata print",
    arguments: [
      ("128.232.110.120", 34855, "66.35.250.204", 80, "1:LQU9qZlK+B5F3KDmev6m5PMibrg="),
      ("66.35.250.204", 80, "128.232.110.120", 34855, "1:LQU9qZlK+B5F3KDmev6m5PMibrg="),
    ] as [(String, UInt16, String, UInt16, String)])
  func vectors(
    source: String, sourcePort: UInt16, destination: String, destinationPort: UInt16,
    expected: String
  ) throws {
    var tracker = ConnectionTracker()
    var segment = Segment()
    segment.source = try #require(IPAddress(source))
    segment.destination = try #require(IPAddress(destination))
    segment.sourcePort = sourcePort
    segment.destinationPort = destinationPort
    segment.flags = .syn
    tracker.process(segment)
    tracker.finish()
    let settled = tracker.nextSettled()
    let tracked = try #require(settled)
    #expect(OutputBuffer.text { CommunityID.write(tracked.connection.key, to: &$0) } == expected)
  }

  @Test("SHA-1 of the standard's one-block example")
  func digest() {
    var block = SHA1Block()
    for byte in "abc".utf8 { block.append(byte) }
    let digest = block.digest()
    #expect(digest[0] == 0xa999_3e36)
    #expect(digest[4] == 0x9cd0_d89d)
  }
}
