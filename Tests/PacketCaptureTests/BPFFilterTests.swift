import PacketCapture
import PacketDecoding
import Testing

@Suite("A filter over frames of files")
struct BPFFilterTests {
  /// An Ethernet frame that says IPv4 from 10.0.0.1 to 10.0.0.2, TCP from 80 to `port`.
  private func frame(_ port: UInt16) -> [UInt8] {
    let ethernet = [UInt8](repeating: 2, count: 12) + [8, 0]
    let ip: [UInt8] = [
      0x45, 0, 0, 40, 0, 0, 0, 0, 64, 6, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2,
    ]
    let tcp = [0, 80, UInt8(port >> 8), UInt8(port & 0xff)] + [UInt8](repeating: 0, count: 16)
    return ethernet + ip + tcp
  }

  @Test("keeps the frames that match, with their numbers, on each link type")
  func apply() throws {
    var capture = CaptureBytes.pcapng()
    capture.addInterface(linkType: 1)
    capture.addInterface(linkType: 101)
    capture.addPacket(interface: 0, ticks: 1, frame(1000))
    capture.addPacket(interface: 0, ticks: 2, frame(2000))
    capture.addPacket(interface: 1, ticks: 3, Array(frame(1000)[14...]))
    capture.addPacket(interface: 1, ticks: 4, Array(frame(2000)[14...]))
    capture.addPacket(interface: 1, ticks: 5, [])
    try withFolder { folder in
      try folder.write(capture.bytes, to: "c")
      var file = try CaptureFile(path: folder.path("c"))
      var batch = FrameBatch()
      #expect(try file.read(into: &batch))
      var filter = try BPFFilter("tcp dst port 2000", linkTypes: file.linkTypes)
      filter.apply(to: &batch)
      #expect(batch.copyFrames().map(\.number) == [2, 4])
      #expect(batch.copyFrames().map(\.bytes.count) == [54, 40])
    }
  }

  @Test("that is no filter is refused in libpcap's words")
  func wrong() {
    let error = #expect(throws: CaptureError.self) { _ = try BPFFilter("host and port") }
    #expect(error?.source == "host and port")
    #expect(error?.description.contains("not a filter: ") == true)
  }
}
