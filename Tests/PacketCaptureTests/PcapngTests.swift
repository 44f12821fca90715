import PacketCapture
import Testing

@Suite("pcapng files")
struct PcapngTests {
  @Test(
    "have several sections and interfaces, each with its link type and its clock",
    arguments: [false, true])
  func sections(bigEndian: Bool) throws {
    var capture = CaptureBytes.pcapng(bigEndian: bigEndian)
    capture.addInterface(linkType: 1)
    capture.addInterface(linkType: 113, resolution: 9)
    capture.addBlock(0x5555, [1, 2, 3])
    capture.addPacket(interface: 1, ticks: 1_700_000_000_123_456_789, [1, 2, 3], original: 99)
    capture.addPacket(interface: 0, ticks: 1_700_000_000_123_456, [])
    capture.addObsoletePacket(interface: 1, ticks: 5, [9])
    capture.isBigEndian.toggle()
    capture.addSection()
    capture.addInterface(linkType: 101, resolution: 0x8a)
    capture.addPacket(ticks: 3 << 9, [4])
    #expect(
      try read(capture)
        == Reading(frames: [
          ReadFrame(
            number: 1, nanoseconds: 1_700_000_000_123_456_789, original: 99, linkType: 113,
            interface: 1, bytes: [1, 2, 3]),
          ReadFrame(
            number: 2, nanoseconds: 1_700_000_000_123_456_000, original: 0, linkType: 1,
            interface: 0, bytes: []),
          ReadFrame(
            number: 3, nanoseconds: 5, original: 1, linkType: 113, interface: 1, bytes: [9]),
          ReadFrame(
            number: 4, nanoseconds: 1_500_000_000, original: 1, linkType: 101, interface: 2,
            bytes: [4]),
        ]))
  }

  @Test("have simple packets, without a time and cut to the snap length")
  func simplePackets() throws {
    var capture = CaptureBytes.pcapng()
    capture.addInterface(snapLength: 5)
    capture.addSimplePacket([1, 2, 3], original: 3)
    capture.addSimplePacket([1, 2, 3, 4, 5, 6, 7, 8], original: 90)
    let frames = try read(capture).frames
    #expect(frames.map(\.bytes) == [[1, 2, 3], [1, 2, 3, 4, 5]])
    #expect(frames.map(\.original) == [3, 90])
    #expect(frames.map(\.nanoseconds) == [0, 0])
  }

  @Test(
    "count time in any unit without overflow",
    arguments: [
      (nil, nil, 1_000_001, 1_000_001_000),
      (0, nil, 2, 2_000_000_000),
      (12, nil, 1_999_999, 1999),
      (30, nil, UInt64.max, 0),
      (127, nil, UInt64.max, 0),
      (0x80, nil, 3, 3_000_000_000),
      (0xa0, nil, 1 << 31, 500_000_000),
      (0xff, nil, UInt64.max, 0),
      (0xc0, nil, UInt64.max, 999_999_999),
      (0, nil, UInt64.max, Int64.max),
      (9, nil, UInt64.max, Int64.max),
      (0x80, nil, UInt64.max, Int64.max),
      (6, -10, 1_000_000, -9_000_000_000),
      (0, Int64.max, UInt64.max, Int64.max),
      (6, Int64.min, 0, Int64.min),
      (0, -9_223_372_037, 9_223_372_038, 1_000_000_000),
    ] as [(UInt8?, Int64?, UInt64, Int64)])
  func clocks(resolution: UInt8?, offset: Int64?, ticks: UInt64, expected: Int64) throws {
    var capture = CaptureBytes.pcapng()
    capture.addInterface(resolution: resolution, offset: offset)
    capture.addPacket(ticks: ticks, [1])
    #expect(try read(capture).frames.map(\.nanoseconds) == [expected])
  }

  @Test("number custom blocks as Wireshark does, which shows them as frames")
  func customBlocks() throws {
    var capture = CaptureBytes.pcapng()
    capture.addInterface()
    capture.addBlock(0xbad, [0, 0, 0, 0])
    capture.addPacket(ticks: 1, [1])
    capture.addBlock(0x4000_0bad, [0, 0, 0, 0])
    capture.addPacket(ticks: 2, [2])
    #expect(try read(capture).frames.map(\.number) == [2, 4])
  }

  @Test("cut anywhere give the whole frames before the cut, and say in which frame it is")
  func everyCut() throws {
    var capture = CaptureBytes.pcapng()
    capture.addInterface()
    var ends: [Int] = []
    var borders = [28, capture.bytes.count]
    for ticks in 1...3 {
      capture.addPacket(ticks: UInt64(ticks), [UInt8](repeating: 7, count: ticks * 5))
      ends.append(capture.bytes.count)
      borders.append(capture.bytes.count)
    }
    try withFolder { folder in
      for length in 4..<capture.bytes.count {
        try folder.write(Array(capture.bytes[..<length]), to: "cut")
        let reading = read(folder.path("cut"))
        let whole = ends.count { $0 <= length }
        #expect(reading.frames.count == whole)
        let start = UInt64(borders.last { $0 <= length } ?? 0)
        if start == length {
          #expect(reading.error == nil)
        } else if case .truncated(let frame, let offset, let missing) = reading.error {
          #expect(frame == UInt64(whole + 1))
          #expect(offset == start)
          #expect(missing > 0)
        } else {
          Issue.record("no cut was found at \(length)")
        }
      }
    }
  }

  @Test("with lengths that lie are damaged where they lie")
  func lyingLengths() throws {
    var start = CaptureBytes.pcapng()
    start.addInterface()
    start.addPacket(ticks: 1, [1])
    let offset = UInt64(start.bytes.count)
    func what(_ change: (inout CaptureBytes) -> Void) throws -> String? {
      var capture = start
      change(&capture)
      let reading = try read(capture)
      #expect(reading.frames.map(\.number) == [1])
      guard case .corrupt(frame: 2, offset: offset, let what) = reading.error else { return nil }
      return what
    }
    #expect(
      try what { $0.addPacket(ticks: 2, [1, 2], captured: 5) } == "a captured length of 5 bytes")
    #expect(
      try what { $0.addPacket(ticks: 2, [1, 2], captured: UInt32.max) }
        == "a captured length of 4294967295 bytes")
    #expect(
      try what { $0.addPacket(interface: 1, ticks: 2, []) }
        == "interface 1, which was not described")
    #expect(try what { $0.addBlock(6, [1, 2, 3, 4]) } == "a packet block too short")
    #expect(try what { $0.addBlock(1, [1, 2, 3, 4]) } == "an interface description too short")
    #expect(
      try what { $0.bytes += [6, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0] } == "a block length of 8 bytes")
    #expect(
      try what { $0.bytes += [6, 0, 0, 0, 33, 0, 0, 0, 0, 0, 0, 0] }
        == "a block length of 33 bytes")
    #expect(
      try what { $0.bytes += [9, 9, 0, 0, 12, 0, 0, 0, 16, 0, 0, 0] }
        == "block lengths 12 and 16 that differ")
    #expect(
      try what { $0.bytes += [10, 13, 13, 10, 28, 0, 0, 0, 1, 2, 3, 4] }
        == "an impossible byte-order magic")
  }

  @Test("with options that lie keep what came before them")
  func lyingOptions() throws {
    var capture = CaptureBytes.pcapng()
    capture.addBlock(
      1, [1, 0, 0, 0, 0, 0, 0, 0, 9, 0, 1, 0, 9, 0, 0, 0, 14, 0, 0xff, 0xff, 1, 2, 3, 4])
    capture.addPacket(ticks: 42, [1])
    #expect(try read(capture).frames.map(\.nanoseconds) == [42])
  }

  @Test("may hold blocks larger than any buffer")
  func largeBlocks() throws {
    var capture = CaptureBytes.pcapng()
    capture.addInterface()
    capture.addBlock(0x5555, [UInt8](repeating: 1, count: 3_000_000))
    capture.addPacket(ticks: 1, [UInt8](repeating: 2, count: 262_144))
    let large = [UInt8](repeating: 3, count: 100)
    // An enhanced packet block with two megabytes of comment behind the frame.
    var body = CaptureBytes()
    for value in [0, 0, 2, 100, 100] as [UInt32] { body.add32(value) }
    body.bytes += large + [UInt8](repeating: 0, count: 2_000_000)
    capture.addBlock(6, body.bytes)
    capture.addPacket(ticks: 3, [4])
    let reading = try read(capture)
    #expect(reading.error == nil)
    #expect(reading.frames.map(\.bytes.count) == [262_144, 100, 1])
    #expect(reading.frames[1].bytes == large)

    capture.bytes.removeLast(1_000_000)
    #expect(try read(capture).frames.count == 2)
  }
}
