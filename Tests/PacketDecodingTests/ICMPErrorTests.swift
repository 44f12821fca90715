import PacketDecoding
import Testing

@Suite("ICMP errors")
struct ICMPErrorTests {
  private let router = SegmentBytes(
    source: IPAddress("203.0.113.9")!, destination: IPAddress("192.0.2.1")!)
  private let router6 = SegmentBytes(
    source: IPAddress("2001:db8:ff::9")!, destination: IPAddress("2001:db8::1")!)

  private func message(_ type: UInt8, _ code: UInt8, rest: UInt32 = 0, _ quote: [UInt8]) -> [UInt8]
  {
    [type, code, 0, 0] + rest.bytes + quote
  }

  @Test(arguments: [(3, 1), (3, 4), (4, 0), (11, 0), (12, 0)] as [(UInt8, UInt8)])
  func `an error quotes the segment it is about`(type: UInt8, code: UInt8) {
    let quote = Array(SegmentBytes().packet.prefix(28))
    let frame = Frames.ethernet(0x0800, router.packet(1, message(type, code, rest: 1_400, quote)))
    guard case .icmpError(let error) = decode(frame).outcome else {
      Issue.record("not an error")
      return
    }
    #expect(error.reporter == router.source)
    #expect(error.type == type && error.code == code && !error.isIPv6)
    #expect(error.source == IPAddress("192.0.2.1")! && error.sourcePort == 40_000)
    #expect(error.destination == IPAddress("198.51.100.2")! && error.destinationPort == 80)
    #expect(error.sequence == 1_000_000_000)
    #expect(error.nextHopMTU == (type == 3 && code == 4 ? 1_400 : 0))
  }

  @Test(arguments: 1...4 as ClosedRange<UInt8>)
  func `so does one of ICMPv6, behind extension headers too`(type: UInt8) {
    let inner = SegmentBytes.overIPv6
    let quotes = [
      inner.packet,
      inner.ipv6(
        0, [43, 0, 1, 4, 0, 0, 0, 0, 44, 0, 0, 0, 0, 0, 0, 0, 6, 0, 0, 1, 0, 0, 0, 1] + inner.tcp),
    ]
    for quote in quotes {
      let frame = Frames.ethernet(0x86dd, router6.packet(58, message(type, 0, rest: 1_280, quote)))
      guard case .icmpError(let error) = decode(frame).outcome else {
        Issue.record("not an error")
        return
      }
      #expect(error.isIPv6 && error.type == type)
      #expect(error.source == inner.source && error.destination == inner.destination)
      #expect(error.sequence == inner.sequence)
      #expect(error.nextHopMTU == (type == 2 ? 1_280 : 0))
    }
  }

  @Test func `others are not about TCP`() {
    let quote = SegmentBytes().packet
    for type in [0, 5, 8, 13] as [UInt8] {
      #expect(
        decode(Frames.ethernet(0x0800, router.packet(1, message(type, 0, quote)))).outcome
          == .notTCP)
    }
    let datagram = SegmentBytes().packet(17, Frames.udp(53, []))
    #expect(
      decode(Frames.ethernet(0x0800, router.packet(1, message(3, 3, datagram)))).outcome == .notTCP)
  }

  @Test func `a quote cut short is a problem`() {
    let whole = Frames.ethernet(
      0x0800, router.packet(1, message(3, 1, Array(SegmentBytes().packet.prefix(28)))))
    for count in 34..<whole.count {
      guard
        case .problem(let problem) = decode(
          Array(whole[..<count]), originalLength: whole.count
        ).outcome
      else {
        Issue.record("\(count) bytes: decoded")
        continue
      }
      #expect(problem.kind == .cutBySnapLength)
    }
  }
}
