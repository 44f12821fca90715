import PacketCapture
import Testing

@Suite("A capture file")
struct CaptureFileTests {
  @Test("that does not exist is said to be missing")
  func missing() {
    #expect(throws: CaptureError(.notFound, source: "/nonexistent/x.pcap")) {
      _ = try CaptureFile(path: "/nonexistent/x.pcap")
    }
  }
}
