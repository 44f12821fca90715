import PacketCapture
import Testing

@Suite("pcap files")
struct PcapTests {
  @Test(
    "are read in both byte orders, with both kinds of stamps and in Kuznetzov's modification",
    arguments: [0xa1b2_c3d4, 0xa1b2_3c4d, 0xa1b2_cd34] as [UInt32], [false, true])
  func variants(magic: UInt32, bigEndian: Bool) throws {
    let frames = [
      TestFrame(1_700_000_000, 123_456, length: 60, original: 1514),
      TestFrame(1_700_000_001, 999_999, length: 0, original: 60),
      TestFrame(UInt32.max, 7, length: 1),
    ]
    let reading = try read(
      CaptureBytes.pcap(magic: magic, bigEndian: bigEndian, linkType: 276, frames: frames))
    let scale: Int64 = magic == 0xa1b2_3c4d ? 1 : 1000
    let expected = frames.enumerated().map { index, frame in
      ReadFrame(
        number: UInt64(index + 1),
        nanoseconds: Int64(frame.seconds) * 1_000_000_000 + Int64(frame.fraction) * scale,
        original: frame.original, linkType: 276, interface: 0, bytes: frame.bytes)
    }
    #expect(reading == Reading(frames: expected))
  }

  @Test("of versions before 2.4 have their two lengths in another order")
  func oldVersions() throws {
    let frame = TestFrame(1, length: 40, original: 40)
    #expect(try read(CaptureBytes.pcap(minor: 3, frames: [frame])).frames.count == 1)
    var capture = CaptureBytes.pcap(minor: 3, frames: [TestFrame(1, length: 40, original: 90)])
    capture.bytes.swapAt(24 + 8, 24 + 12)
    #expect(try read(capture).frames.map(\.original) == [90])
    capture.bytes[6] = 2
    #expect(try read(capture).frames.map(\.original) == [90])
    capture.bytes[6] = 9
    #expect(try read(capture).error == .unsupported("pcap version 2.9"))
  }

  @Test("give raw IP its number of today", arguments: [12, 14, 101] as [UInt32])
  func rawIP(linkType: UInt32) throws {
    let reading = try read(CaptureBytes.pcap(linkType: linkType, frames: [TestFrame(1)]))
    #expect(reading.frames.map(\.linkType) == [101])
  }

  @Test("cut anywhere give the whole frames before the cut, and say where it is")
  func everyCut() throws {
    let capture = CaptureBytes.pcap(
      frames: [TestFrame(1, length: 20), TestFrame(2, length: 0), TestFrame(3, length: 33)])
    let ends = [24, 60, 76, 125]
    #expect(capture.bytes.count == ends.last)
    try withFolder { folder in
      for length in 4..<capture.bytes.count {
        try folder.write(Array(capture.bytes[..<length]), to: "cut")
        let reading = read(folder.path("cut"))
        let whole = ends.lastIndex { $0 <= length } ?? 0
        #expect(reading.frames.count == whole)
        if ends.contains(length) {
          #expect(reading.error == nil)
        } else if length < 24 {
          #expect(reading.error == .truncated(frame: 1, offset: 0, missing: UInt64(24 - length)))
        } else {
          let start = ends[whole]
          let header = length < start + 16
          #expect(
            reading.error
              == .truncated(
                frame: UInt64(whole + 1), offset: UInt64(start),
                missing: UInt64((header ? start + 16 : ends[whole + 1]) - length)))
        }
      }
    }
  }

  @Test("with a captured length nobody can have captured are damaged there")
  func absurdLength() throws {
    var capture = CaptureBytes.pcap(frames: [TestFrame(1), TestFrame(2)])
    capture.bytes[24 + 76 + 8 + 3] = 0x7f
    let reading = try read(capture)
    #expect(reading.frames.map(\.number) == [1])
    #expect(
      reading.error
        == .corrupt(frame: 2, offset: 100, what: "a captured length of \(0x7f00_003c) bytes"))
  }

  @Test("may have frames as long as libpcap allows, and many that fill blocks unevenly")
  func blockBorders() throws {
    let lengths =
      [262_144, 0, 262_144, 1, 70_000, 262_143, 65_535] + Array(repeating: 997, count: 900)
    let frames = lengths.enumerated().map { TestFrame(UInt32($0), length: $1) }
    let capture = CaptureBytes.pcap(frames: frames)
    let reading = try read(capture)
    #expect(reading.error == nil)
    #expect(reading.frames.map(\.bytes) == frames.map(\.bytes))
    #expect(reading.frames.map(\.number) == Array(1...UInt64(frames.count)))
    #expect(try read(capture, reader: .libpcap) == reading)
  }

  @Test("with more frames in a block than a batch holds lose none")
  func tinyFrames() throws {
    let frames = (0..<20_000).map { TestFrame(UInt32($0), length: 0) }
    let reading = try read(CaptureBytes.pcap(frames: frames))
    #expect(reading.frames.map(\.nanoseconds) == (0..<20_000).map { $0 * 1_000_000_000 })
  }
}
