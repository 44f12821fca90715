import PacketCapture
import Testing

@Suite("Hostile bytes")
struct HostileBytesTests {
  /// A small generator whose sequence depends on the seed alone (SplitMix64).
  struct Generator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
      state &+= 0x9e37_79b9_7f4a_7c15
      var mixed = state
      mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
      mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
      return mixed ^ (mixed >> 31)
    }
  }

  private static func sample(_ kind: Int) -> CaptureBytes {
    guard kind > 1 else {
      return CaptureBytes.pcap(
        magic: kind == 0 ? 0xa1b2_c3d4 : 0xa1b2_cd34,
        frames: [TestFrame(1, length: 20), TestFrame(2, length: 0), TestFrame(3, length: 50)])
    }
    var capture = CaptureBytes.pcapng(bigEndian: kind == 2)
    capture.addInterface(resolution: 9, offset: 7)
    capture.addPacket(ticks: 1 << 60, [1, 2, 3])
    capture.addSimplePacket([1, 2, 3], original: 9)
    capture.addObsoletePacket(interface: 0, ticks: 9, [4])
    capture.addSection()
    capture.addInterface()
    capture.addPacket(ticks: 5, [7])
    return capture
  }

  @Test("never trap and never give more frames than they could hold", arguments: 0..<4)
  func mutations(kind: Int) throws {
    let seed = UInt64.random(in: 0...UInt64.max)
    var generator = Generator(state: seed)
    let original = Self.sample(kind).bytes
    var batch = FrameBatch()
    try withFolder { folder in
      for round in 0..<200 {
        var bytes = original
        for _ in 0..<Int.random(in: 1...6, using: &generator) {
          let place = Int.random(in: 4..<bytes.count, using: &generator)
          bytes[place] = [0, 1, 0x7f, 0x80, 0xff, UInt8.random(in: 0...255, using: &generator)]
            .randomElement(using: &generator)!
        }
        try folder.write(bytes, to: "hostile")
        var count = 0
        do throws(CaptureError) {
          var file = try CaptureFile(path: folder.path("hostile"))
          while try file.read(into: &batch) {
            count += batch.count
            for index in 0..<batch.count {
              #expect(batch.range(at: index).upperBound <= batch.bytes.count)
            }
          }
        } catch {}
        #expect(count <= bytes.count / 16, "seed \(seed), round \(round)")
      }
    }
  }
}
