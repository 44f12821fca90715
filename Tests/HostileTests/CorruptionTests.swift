import Testing

@Suite("Damaged captures")
struct CorruptionTests {
  /// Small files of each kind.
  enum Kind: CaseIterable {
    case recorded, cooked, pcapng, swapped

    var bytes: [UInt8] {
      switch self {
      case .recorded: return Array(Repository.bytes(of: "healthy/client-close.pcap").prefix(1200))
      case .cooked:
        let cooked = [UInt8](repeating: 0, count: 14) + [8, 0]
        return CaptureBytes.pcap(
          linkType: 113, CaptureBytes.connection.map { (seconds: 5, bytes: cooked + $0) })
      case .pcapng:
        return CaptureBytes.connection.enumerated().reduce(
          into: CaptureBytes.section + CaptureBytes.interface([9, 0, 1, 0, 9, 0, 0, 0])
        ) { $0 += CaptureBytes.packet(ticks: UInt64($1.offset) << 20, $1.element) }
      case .swapped:
        return [0xa1, 0xb2, 0x3c, 0x4d, 0, 2, 0, 4] + [UInt8](repeating: 0, count: 8)
          + FrameBytes.big(UInt32(65535)) + FrameBytes.big(UInt32(101))
          + CaptureBytes.connection.flatMap {
            let length = FrameBytes.big(UInt32($0.count))
            return FrameBytes.big(UInt32(9)) + [0, 0, 0, 1] + length + length + $0
          }
      }
    }
  }

  @Test("of which one byte is wrong are read to their end", arguments: Kind.allCases)
  func everyByte(kind: Kind) throws {
    let original = kind.bytes
    let file = ScratchFile()
    try file.write(original)
    #expect(analyze(file.path) >= 6)
    let stride = max(1, original.count / 150)
    for place in Swift.stride(from: 0, to: original.count, by: stride) {
      for change: UInt8 in [0xff, 0x01 << UInt8(place % 8)] {
        var damaged = original
        damaged[place] ^= change
        try file.write(damaged)
        _ = analyze(file.path, output: place % 8 == 0 ? .all : [])
      }
    }
  }

  @Test("of which 1 % of the bytes are wrong", arguments: Repository.captures)
  func flipped(capture: String) throws {
    let original = Repository.bytes(of: capture).prefix(20_000)
    let file = ScratchFile()
    for seed in 0..<2 {
      var generator = Generator(state: UInt64(seed))
      var damaged = Array(original)
      for _ in 0...damaged.count / 100 {
        // Not the header: without it nothing is read.
        let place = Int.random(in: min(24, damaged.count - 1)..<damaged.count, using: &generator)
        damaged[place] ^= UInt8.random(in: 1...255, using: &generator)
      }
      try file.write(damaged)
      _ = analyze(file.path, output: seed == 0 ? .all : [])
    }
  }

  @Test("of which lengths of records are right but frames are wrong")
  func flippedFrames() throws {
    for seed in 0..<40 {
      var generator = Generator(state: UInt64(seed))
      let frames = (0..<10).flatMap { _ in CaptureBytes.connection }.map { frame in
        var frame = frame
        let place = Int.random(in: 0..<frame.count, using: &generator)
        frame[place] ^= UInt8.random(in: 1...255, using: &generator)
        return (seconds: UInt32(truncatingIfNeeded: generator.next() >> 34), bytes: frame)
      }
      let file = ScratchFile()
      try file.write(CaptureBytes.pcap(linkType: 101, frames))
      #expect(analyze(file.path) == frames.count)
    }
  }
}
