import PacketCapture
import PacketDecoding
import TCPModel
import Testing

@Suite("Lengths, counts and times at their extremes")
struct ExtremeTests {
  private static func frames(_ bytes: [UInt8]) throws -> Int {
    let file = ScratchFile()
    try file.write(bytes)
    return analyze(file.path)
  }

  @Test(
    "end a pcapng file where a block lies about its length",
    arguments: [0, 1, 11, 12, 13, 0x7fff_fffc, 0x8000_0000, 0xffff_fffc, 0xffff_ffff] as [UInt32])
  func lyingBlocks(length: UInt32) throws {
    let before =
      CaptureBytes.section + CaptureBytes.interface()
      + CaptureBytes.packet(ticks: 1, CaptureBytes.connection[0])
    let lying = CaptureBytes.block(6, [UInt8](repeating: 0, count: 60), length: length)
    let after = CaptureBytes.packet(ticks: 2, CaptureBytes.connection[1])
    #expect(try Self.frames(before + lying + after) == 1)
  }

  @Test(
    "end a pcapng file where a packet claims more than its block has",
    arguments: [61, 1 << 18, 1 << 31, UInt32.max] as [UInt32])
  func lyingPackets(captured: UInt32) throws {
    let lying = CaptureBytes.packet(ticks: 1, CaptureBytes.connection[0], captured: captured)
    #expect(try Self.frames(CaptureBytes.section + CaptureBytes.interface() + lying) == 0)
  }

  @Test("of time resolution give some time", arguments: 0...255 as ClosedRange<UInt8>)
  func resolutions(resolution: UInt8) throws {
    var file = CaptureBytes.section
    file += CaptureBytes.interface(
      [9, 0, 1, 0, resolution, 0, 0, 0, 14, 0, 8, 0] + [UInt8](repeating: resolution, count: 8))
    for ticks: UInt64 in [0, 1, 1 << 32, 1 << 63, .max, 5] {
      file += CaptureBytes.packet(ticks: ticks, CaptureBytes.connection[0])
    }
    #expect(try Self.frames(file) == 6)
  }

  @Test("of interfaces in a section are bounded")
  func interfaces() throws {
    var file = CaptureBytes.section
    for _ in 0..<70_000 { file += CaptureBytes.interface() }
    file += CaptureBytes.packet(ticks: 1, CaptureBytes.connection[0])
    #expect(try Self.frames(file) == 0)
  }

  @Test("of the lengths in IP and TCP headers are told, not followed")
  func headerLengths() {
    var decoder = PacketDecoder()
    var segment = Segment()
    for (place, values) in [(0, 0x40...0x4f), (2, 0...255), (3, 0...255), (32, 0...255)] {
      for value in values {
        var frame = CaptureBytes.connection[0]
        frame[place] = UInt8(value)
        for original: UInt32 in [0, 40, .max] {
          let outcome = decoder.decode(
            frame.span,
            header: FrameHeader(
              number: 1, time: .epoch, originalLength: original, linkType: .raw),
            into: &segment)
          guard case .segment = outcome else { continue }
          #expect(segment.payloadLength <= 65_535 || original == .max)
        }
      }
    }
  }

  @Test("of nesting end")
  func nesting() {
    var decoder = PacketDecoder()
    var segment = Segment()
    let vlan =
      [UInt8](repeating: 2, count: 12) + (0..<2000).flatMap { _ in [0x81, 0, 0, 1] as [UInt8] }
    var tunnel = CaptureBytes.connection[0]
    for _ in 0..<500 {
      tunnel = FrameBytes.ipv4(from: 1, to: 2, protocolNumber: 4, tunnel)
    }
    var extensions: [UInt8] =
      [0x60, 0, 0, 0, 0xff, 0xff, 60, 64] + [UInt8](repeating: 1, count: 32)
    for _ in 0..<2000 { extensions += [60, 0, 0, 0, 0, 0, 0, 0] }
    let labels =
      [UInt8](repeating: 2, count: 12) + [0x88, 0x47] + [UInt8](repeating: 0, count: 9000)
    for (bytes, linkType) in [
      (vlan, LinkType.ethernet), (tunnel, .raw), (extensions, .raw), (labels, .ethernet),
    ] {
      let outcome = decoder.decode(
        bytes.span,
        header: FrameHeader(
          number: 1, time: .epoch, originalLength: UInt32(bytes.count), linkType: linkType),
        into: &segment)
      #expect(outcome != .segment)
    }
  }

  @Test("of fragments: overlapping, never complete, in hundreds of thousands")
  func fragments() {
    var decoder = PacketDecoder()
    var segment = Segment()
    var generator = Generator(state: 3)
    for number in 1...100_000 as ClosedRange<UInt64> {
      let bytes = FrameBytes.ipv4(
        from: 1, to: UInt32(truncatingIfNeeded: number % 5000),
        [UInt8](repeating: 0, count: Int.random(in: 0...24, using: &generator)),
        identification: UInt16(number % 7),
        fragment: UInt16.random(in: 0...0x3fff, using: &generator))
      let outcome = decoder.decode(
        bytes.span,
        header: FrameHeader(
          number: number, time: CaptureTime(nanoseconds: Int64(number) << 20),
          originalLength: UInt32(bytes.count), linkType: .raw),
        into: &segment)
      #expect(outcome != .notTCP)
    }
    #expect(decoder.abandonedFragmentedPackets > 0)
  }

  /// Where the clock of a capture may stand or jump to.
  static let moments: [Int64] = [
    .min, .min + 1, -9_000_000_000_000_000_000, -1_000_000_001, -1, 0, 1, 1_700_000_000_000_000_000,
    9_000_000_000_000_000_000, .max - 1, .max,
  ]

  @Test("of time, forwards and backwards", arguments: moments)
  func times(first: Int64) {
    for second in Self.moments {
      for third in [second, first, second.addingReportingOverflow(1_000_000).partialValue] {
        var options = TrackerOptions()
        options.idleLimit = Timers.second
        options.watchesDisturbances = true
        var analysis = Analysis(options, output: first == 0 ? .all : [.records])
        for round in 0..<2 {
          for (index, bytes) in CaptureBytes.connection.enumerated() {
            analysis.take(
              bytes.span,
              FrameHeader(
                number: UInt64(round * 6 + index + 1),
                time: CaptureTime(nanoseconds: [first, second, third][index % 3]),
                originalLength: 40, linkType: .raw))
          }
          analysis.drain()
        }
        analysis.finish()
        #expect(analysis.connections >= 1)
      }
    }
  }
}
