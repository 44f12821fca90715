import Foundation
import PacketCapture
import Testing

@Suite("Our own readers")
struct SameAsLibpcapTests {
  /// The captures of this repository.
  static let captures: [String] = {
    let folder = URL(filePath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent().appending(path: "Captures")
    let files = FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil)
    return (files?.allObjects ?? []).compactMap { $0 as? URL }
      .filter { ["pcap", "pcapng"].contains($0.pathExtension) }.map(\.path).sorted()
  }()

  @Test(
    "give the same frames as libpcap", .enabled(if: !captures.isEmpty, "no captures here"),
    arguments: captures)
  func same(path: String) {
    let ours = read(path)
    let theirs = read(path, reader: .libpcap)
    #expect(!ours.frames.isEmpty)
    // libpcap knows of no interfaces.
    let frames = ours.frames.map { frame in
      var frame = frame
      frame.interface = 0
      return frame
    }
    #expect(frames == theirs.frames)
    #expect((ours.error == nil) == (theirs.error == nil))
  }

  @Test("read interfaces of different link types, which libpcap refuses")
  func mixedLinkTypes() throws {
    var capture = CaptureBytes.pcapng()
    capture.addInterface(linkType: 1)
    capture.addInterface(linkType: 101)
    capture.addPacket(interface: 1, ticks: 1, [1])
    #expect(try read(capture).frames.map(\.linkType) == [101])
    guard case .libpcap = try read(capture, reader: .libpcap).error else {
      Issue.record("libpcap did not refuse the file")
      return
    }
  }

  @Test("agree with libpcap about where a cut file ends", arguments: [25, 41, 99, 101])
  func cuts(length: Int) throws {
    var capture = CaptureBytes.pcap(frames: [TestFrame(1), TestFrame(2)])
    capture.bytes.removeLast(capture.bytes.count - length)
    let ours = try read(capture)
    let theirs = try read(capture, reader: .libpcap)
    #expect(ours.frames == theirs.frames)
    #expect(ours.error != nil)
    #expect(theirs.error != nil)
  }
}
