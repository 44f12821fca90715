import PacketDecoding
import Testing

/// A way to wrap a packet, by name.
struct Wrapping: Sendable, CustomStringConvertible {
  var description: String
  var linkType: LinkType
  var bytes: [UInt8]

  init(_ description: String, _ linkType: LinkType, _ bytes: [UInt8]) {
    (self.description, self.linkType, self.bytes) = (description, linkType, bytes)
  }

  private static let four = SegmentBytes().packet
  private static let six = SegmentBytes.overIPv6.packet

  static let links: [Wrapping] = [
    Wrapping("802.1Q", .ethernet, Frames.ethernet(0x8100, Frames.vlan(5, 0x0800, four))),
    Wrapping(
      "802.1ad", .ethernet,
      Frames.ethernet(0x88a8, Frames.vlan(5, 0x8100, Frames.vlan(6, 0x86dd, six)))),
    Wrapping("SNAP", .ethernet, Frames.ethernet(60, Frames.snap(0x0800, four))),
    Wrapping("cooked", .linuxCooked, Frames.cooked(0x0800, four)),
    Wrapping("cooked 2", .linuxCooked2, Frames.cooked2(0x86dd, six)),
    Wrapping("null, little", .null, [2, 0, 0, 0] + four),
    Wrapping("null, big", .null, [0, 0, 0, 30] + six),
    Wrapping("loop", .loop, [0, 0, 0, 24] + six),
    Wrapping("raw 4", .raw, four), Wrapping("raw 6", .raw, six),
    Wrapping("DLT 12", LinkType(rawValue: 12), four),
    Wrapping("DLT 14", LinkType(rawValue: 14), six),
    Wrapping("IPv4", .ipv4, four), Wrapping("IPv6", .ipv6, six),
    Wrapping("PPP", .ppp, [0x00, 0x21] + four), Wrapping("PPP short", .ppp, [0x57] + six),
    Wrapping("HDLC", .pppSerial, [0xff, 0x03, 0x00, 0x21] + four),
    Wrapping("PPPoE", .pppEthernet, Frames.pppoe(0x0057, six)),
    Wrapping("PPPoE in Ethernet", .ethernet, Frames.ethernet(0x8864, Frames.pppoe(0x21, four))),
    Wrapping(
      "MPLS", .ethernet,
      Frames.ethernet(
        0x8847,
        Frames.mpls(16, isBottom: false, Frames.mpls(17, isBottom: true, six)))),
    Wrapping(
      "pseudowire", .ethernet,
      Frames.ethernet(
        0x8847, Frames.mpls(16, isBottom: true, [0, 0, 0, 0] + Frames.ethernet(0x0800, four)))),
  ]

  static let tunnels: [Wrapping] = {
    let outer = SegmentBytes(
      source: IPAddress("10.0.0.1")!, destination: IPAddress("10.0.0.2")!)
    let outer6 = SegmentBytes(source: IPAddress("fd00::1")!, destination: IPAddress("fd00::2")!)
    let inner = Frames.ethernet(0x0800, four)
    func gre(_ header: [UInt8], _ payload: [UInt8]) -> [UInt8] {
      Frames.ethernet(0x0800, outer.packet(47, header + payload))
    }
    return [
      Wrapping("4 in 4", .ethernet, Frames.ethernet(0x0800, outer.packet(4, four))),
      Wrapping("6 in 4", .ethernet, Frames.ethernet(0x0800, outer.packet(41, six))),
      Wrapping("4 in 6", .ethernet, Frames.ethernet(0x86dd, outer6.packet(4, four))),
      Wrapping("GRE", .ethernet, gre([0, 0, 0x08, 0], four)),
      Wrapping(
        "GRE, all fields", .ethernet,
        gre([0xb0, 0, 0x86, 0xdd] + Array(repeating: 9, count: 12), six)),
      Wrapping("GRE, Ethernet", .ethernet, gre([0x20, 0, 0x65, 0x58, 0, 0, 0, 1], inner)),
      Wrapping(
        "PPTP", .ethernet,
        gre([0x30, 0x81, 0x88, 0x0b, 0, 9, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1], [0x21] + four)),
      Wrapping(
        "ERSPAN", .ethernet,
        gre([0x10, 0, 0x88, 0xbe, 0, 0, 0, 1] + Array(repeating: 0, count: 8), inner)),
      Wrapping(
        "VXLAN", .ethernet,
        Frames.ethernet(
          0x86dd, outer6.packet(17, Frames.udp(4789, [8, 0, 0, 0, 0, 0, 1, 0] + inner)))),
      Wrapping(
        "Geneve", .ethernet,
        Frames.ethernet(
          0x0800,
          outer.packet(
            17, Frames.udp(6081, [1, 0, 0x65, 0x58, 0, 0, 1, 0, 1, 2, 3, 0] + inner)))),
    ]
  }()
}

@Suite("Link layer and tunnels")
struct LinkLayerTests {
  @Test(arguments: Wrapping.links + Wrapping.tunnels)
  func `the innermost segment is found`(wrapping: Wrapping) {
    let (outcome, segment) = decode(wrapping.bytes, wrapping.linkType)
    #expect(outcome == .segment)
    let expected: SegmentBytes = segment.source.isIPv4 ? SegmentBytes() : .overIPv6
    #expect(segment.source == expected.source)
    #expect(segment.destination == expected.destination)
    #expect(segment.sequence == expected.sequence)
    #expect(segment.payloadLength == 0)
    #expect(segment.checksum == .valid)
  }

  @Test(arguments: Wrapping.links + Wrapping.tunnels)
  func `every truncation is a problem or a segment cut late`(wrapping: Wrapping) {
    let whole = wrapping.bytes
    for count in 0..<whole.count {
      let (outcome, segment) = decode(
        Array(whole[..<count]), wrapping.linkType, originalLength: whole.count)
      switch outcome {
      case .segment:
        #expect(segment.truncation == .header && whole.count - count <= 4, "\(count) bytes")
      case .problem(let problem):
        #expect(problem.kind == .cutBySnapLength, "\(count) bytes: \(problem)")
        #expect(Int(problem.offset + problem.available) == count, "\(count) bytes: \(problem)")
      default: Issue.record("\(count) bytes: \(outcome)")
      }
      let short = decode(Array(whole[..<count]), wrapping.linkType).outcome
      if case .problem(let problem) = short { #expect(!problem.description.isEmpty) }
    }
  }

  @Test func `stacks without end are not followed`() {
    func isTooDeep(_ bytes: [UInt8]) -> Bool {
      guard case .problem(let problem) = decode(bytes).outcome else { return false }
      return problem.kind == .tooDeep
    }
    let tags = Array(repeating: [0, 1, 0x81, 0] as [UInt8], count: 10_000).flatMap { $0 }
    #expect(isTooDeep(Frames.ethernet(0x8100, tags)))
    let labels = Array(repeating: [0, 1, 0, 64] as [UInt8], count: 10_000).flatMap { $0 }
    #expect(isTooDeep(Frames.ethernet(0x8847, labels)))
    var nested = SegmentBytes().packet
    for _ in 0..<40 { nested = SegmentBytes().packet(4, nested) }
    #expect(isTooDeep(Frames.ethernet(0x0800, nested)))
    let options = Array(repeating: [60, 0, 1, 4, 0, 0, 0, 0] as [UInt8], count: 1_000)
    #expect(
      isTooDeep(Frames.ethernet(0x86dd, SegmentBytes.overIPv6.ipv6(60, Array(options.joined())))))
  }

  @Test func `what is not TCP says so`() {
    #expect(decode(Frames.ethernet(0x0806, [0, 1])).outcome == .notTCP)
    let datagram = SegmentBytes().packet(17, Frames.udp(53, [1, 2, 3]))
    #expect(decode(Frames.ethernet(0x0800, datagram)).outcome == .notTCP)
    #expect(decode(Frames.ethernet(39, [0x42, 0x42, 3, 0, 0])).outcome == .notTCP)
    let unsupported = DecodeProblem(layer: .link, kind: .unsupported, offset: 0)
    #expect(decode([1, 2, 3], LinkType(rawValue: 160)).outcome == .problem(unsupported))
    let version = DecodeProblem(layer: .ipv4, kind: .badHeader, offset: 14)
    #expect(
      decode(Frames.ethernet(0x0800, Array(repeating: 0, count: 60))).outcome == .problem(version))
  }

  @Test func `arbitrary bytes of any link type are survived`() {
    var generator = SplitMix(seed: 42)
    let seeds = Wrapping.links + Wrapping.tunnels
    var decoder = PacketDecoder()
    for _ in 0..<60_000 {
      let seed = seeds[Int(generator.next() % UInt64(seeds.count))]
      var bytes = seed.bytes
      for _ in 0...generator.next() % 4 {
        bytes[Int(generator.next() % UInt64(bytes.count))] = UInt8(
          truncatingIfNeeded: generator.next())
      }
      let count = Int(generator.next() % UInt64(bytes.count + 1))
      _ = decode(
        Array(bytes[..<count]), seed.linkType, originalLength: Int(generator.next() % 3_000),
        seconds: Double(generator.next() % 100), with: &decoder)
    }
  }
}
