import Testing

@testable import PacketDecoding

@Suite("TCP options")
struct TCPOptionTests {
  private func segment(_ options: [UInt8]) -> Segment {
    var bytes = SegmentBytes()
    bytes.options = options
    let (outcome, segment) = decode(bytes.frame)
    #expect(outcome == .segment)
    return segment
  }

  @Test func `those of a SYN`() {
    let options: [UInt8] = [2, 4, 5, 0xb4, 4, 2, 8, 10, 0, 0, 0, 9, 0, 0, 0, 0, 1, 3, 3, 200]
    let segment = segment(options)
    #expect(
      segment.options == [.maximumSegmentSize, .sackPermitted, .timestamps, .windowScale])
    #expect(segment.maximumSegmentSize == 1460)
    #expect(segment.windowShift == 200)
    #expect(segment.timestampValue == 9)
    #expect(segment.timestampEchoReply == 0)
  }

  @Test func `timestamps in the usual place and elsewhere`() {
    for padding in [[1, 1, 8, 10], [8, 10]] as [[UInt8]] {
      let segment = segment(padding + [0xde, 0xad, 0xbe, 0xef, 1, 2, 3, 4])
      #expect(segment.options == .timestamps)
      #expect(segment.timestampValue == 0xdead_beef)
      #expect(segment.timestampEchoReply == 0x0102_0304)
    }
  }

  @Test(
    arguments: [
      [2, 4, 5, 0xb4, 4, 2, 8, 10, 0, 0, 0, 9, 0, 0, 0, 0, 1, 3, 3, 7],
      [1, 1, 8, 10, 0, 0, 0, 9, 0, 0, 0, 8],
    ] as [[UInt8]])
  func `the usual layouts read as any other`(usual: [UInt8]) {
    for place in usual.indices {
      for value in 0...255 as ClosedRange<UInt8> {
        var options = usual
        options[place] = value
        var (quick, walked) = (Segment(), Segment())
        quick.readOptions(options.span, of: 20 + options.count)
        walked.walkOptions(options.span, length: options.count)
        #expect("\(quick)" == "\(walked)", "\(value) at \(place)")
      }
    }
  }

  @Test(arguments: 1...4)
  func `one to four SACK blocks`(count: Int) {
    var blocks: [UInt8] = []
    for index in 0..<UInt32(count) {
      let left: UInt32 = 4_294_967_000 &+ index * 100
      blocks += left.bytes + (left &+ 50).bytes
    }
    let segment = segment([1, 1, 5, UInt8(2 + 8 * count)] + blocks)
    #expect(segment.options == .sack)
    #expect(segment.sackCount == UInt8(count))
    for index in 0..<count {
      let left = 4_294_967_000 &+ UInt32(index) * 100
      #expect(segment.sackBlocks[index] == SACKBlock(left: left, right: left &+ 50))
    }
  }

  @Test(
    arguments: [
      ([34, 2], .fastOpen), ([34, 10, 1, 2, 3, 4, 5, 6, 7, 8], .fastOpen),
      ([254, 4, 0xf9, 0x89], .fastOpen), ([254, 4, 0x12, 0x34], .unknown),
      ([30, 4, 0x20, 0], .multipath), ([29, 4, 1, 2], .authentication),
      ([19, 18] + [UInt8](repeating: 3, count: 16), .md5Signature), ([28, 4, 0, 9], .userTimeout),
      ([172, 5, 0, 0, 1], .accurateECN), ([174, 2], .accurateECN), ([99, 3, 1], .unknown),
      ([0, 2, 4, 5], []), ([1, 1, 1, 1], []),
    ] as [([UInt8], TCPOptionKinds)])
  func `each kind has its name`(options: [UInt8], kinds: TCPOptionKinds) {
    #expect(segment(options).options == kinds)
  }

  @Test func `values of the rarer kinds`() {
    #expect(segment([34, 10, 1, 2, 3, 4, 5, 6, 7, 8]).fastOpenCookieLength == 8)
    #expect(segment([34, 2]).fastOpenCookieLength == 0)
    #expect(segment([254, 8, 0xf9, 0x89, 1, 2, 3, 4]).fastOpenCookieLength == 4)
    #expect(segment([30, 4, 0x71, 0]).multipathSubtype == 7)
  }

  @Test(
    arguments: [[8, 0, 1, 1], [8, 1, 1, 1], [99, 0, 0, 0], [2, 5, 1, 1], [1, 1, 1, 2]] as [[UInt8]])
  func `a length that leads nowhere ends the walk`(tail: [UInt8]) {
    let segment = segment([2, 4, 1, 2] + tail)
    #expect(segment.options == [.maximumSegmentSize, .malformed])
    #expect(segment.maximumSegmentSize == 0x0102)
  }

  @Test func `a wrong length of a known kind is passed over`() {
    let segment = segment([2, 3, 1, 8, 3, 1, 5, 6, 0, 0, 0, 0, 3, 3, 7])
    #expect(segment.options == [.windowScale, .malformed])
    #expect(segment.windowShift == 7)
    #expect(segment.sackCount == 0)
  }

  @Test func `any forty bytes are walked to an end`() {
    var generator = SplitMix(seed: 20_260_101)
    for _ in 0..<20_000 {
      let count = Int(generator.next() % 11) * 4
      _ = segment((0..<count).map { _ in UInt8(truncatingIfNeeded: generator.next() % 36) })
    }
  }
}
