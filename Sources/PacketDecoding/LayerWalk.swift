/// The way through the headers of one frame, or of one packet put together from fragments, down to
/// the first thing that is none of them.
struct LayerWalk {
  /// The header at `position`.
  private var next: NextHeader
  /// Where that header is; where the walk ended when it ended with a problem.
  private(set) var position: LayerPosition
  /// What the innermost IP header said.
  private(set) var envelope = PacketEnvelope()

  init(next: NextHeader, position: LayerPosition) {
    self.next = next
    self.position = position
  }

  /// The way through a packet that came in fragments, the last of which `outer` led to.
  init(_ packet: PartialPacket, after outer: LayerWalk) {
    next = packet.nextHeader
    position = LayerPosition(
      captured: min(packet.keptCount, packet.payloadLength), onWire: packet.payloadLength,
      headersLeft: outer.position.headersLeft)
    envelope = outer.envelope
    envelope.packetLength += packet.payloadLength - envelope.payloadLength
    envelope.payloadLength = packet.payloadLength
    envelope.isChecksumCovered = false
  }

  /// Where a walk ended.
  enum End {
    /// At a TCP header.
    case tcp
    /// At an ICMP or ICMPv6 message.
    case icmp(isIPv6: Bool)
    /// At the payload of a fragment.
    case fragment(FragmentPart, FragmentReassembly.Key)
    /// At something that is not TCP.
    case other
  }

  /// Follows the headers.
  mutating func run(_ bytes: Span<UInt8>) throws(DecodeProblem) -> End {
    while true {
      let rest = bytes.extracting(position.captured)
      switch next {
      case .tcp: return .tcp
      case .icmp: return .icmp(isIPv6: false)
      case .icmpv6: return .icmp(isIPv6: true)
      case .other: return .other
      case .ipv4:
        if let fragment = try enterIPv4(rest) { return fragment }
      case .ipv6: try enterIPv6(rest)
      case .ipByVersion:
        guard rest.count > 0 else { throw .short(.link, needed: 1, available: 0) }
        next = rest[0] >> 4 == 6 ? .ipv6 : .ipv4
        continue
      case .ipv6Options, .ipv6Routing, .authentication: try passExtension(rest)
      case .ipv6Fragment:
        if let fragment = try passFragmentHeader(rest) { return fragment }
      case .gre, .udp, .vxlan, .geneve: try passTunnel(rest)
      default: try passLink(rest)
      }
    }
  }

  /// Moves behind a header.
  private mutating func advance(_ length: Int, to next: NextHeader) throws(DecodeProblem) {
    guard position.headersLeft > 0 else {
      throw DecodeProblem(layer: next.layer, kind: .tooDeep, offset: 0)
    }
    position.headersLeft &-= 1
    position.offset &+= length
    self.next = next
  }

  /// Passes a header of the link layer or between it and IP.
  private mutating func passLink(_ rest: Span<UInt8>) throws(DecodeProblem) {
    switch next {
    case .ethernet: try advance(EthernetHeader.length, to: EthernetHeader(rest).next)
    case .vlan: try advance(VLANTag.length, to: VLANTag(rest).next)
    case .llc: try advance(LogicalLinkHeader.length, to: LogicalLinkHeader(rest).next)
    case .linuxCooked: try advance(LinuxCookedHeader.length, to: LinuxCookedHeader(rest).next)
    case .linuxCooked2:
      try advance(LinuxCookedHeader.length2, to: LinuxCookedHeader(version2: rest).next)
    case .loopback: try advance(LoopbackHeader.length, to: LoopbackHeader(rest).next)
    case .loopbackNetworkOrder:
      try advance(LoopbackHeader.length, to: LoopbackHeader(networkOrder: rest).next)
    case .pppoe: try advance(PPPoEHeader.length, to: PPPoEHeader(rest).next)
    case .ppp:
      let header = try PPPHeader(rest)
      try advance(header.length, to: header.next)
    case .mpls:
      let label = try MPLSLabel(rest)
      try advance(label.length, to: label.next)
    default: next = .other
    }
  }

  /// Passes a header of a tunnel above IP.
  private mutating func passTunnel(_ rest: Span<UInt8>) throws(DecodeProblem) {
    switch next {
    case .gre:
      let header = try GREHeader(rest)
      try advance(header.length, to: header.next)
    case .udp: try advance(UDPHeader.length, to: UDPHeader(rest).next)
    case .vxlan: try advance(VXLANHeader.length, to: VXLANHeader(rest).next)
    default:
      let header = try GeneveHeader(rest)
      try advance(header.length, to: header.next)
    }
  }

  /// Passes an IPv4 header.
  ///
  /// - Returns: How the walk ends when this is a fragment.
  @inline(__always)
  private mutating func enterIPv4(_ rest: Span<UInt8>) throws(DecodeProblem) -> End? {
    let header = try IPv4Header(rest)
    // Segmentation offload leaves 0 where 16 bits cannot hold the length.
    let length = header.totalLength == 0 ? position.wireLength : header.totalLength
    guard length >= header.length else {
      throw .short(.ipv4, needed: header.length, available: length, demandedBy: .packetLength)
    }
    position.limit(toWireLength: length)
    envelope = PacketEnvelope(header, packetLength: length)
    try advance(header.length, to: NextHeader(ipProtocol: header.protocolNumber))
    guard header.isFragment else { return nil }
    return fragment(
      FragmentPart(
        offset: header.fragmentOffset, length: envelope.payloadLength,
        moreFollow: header.moreFragments, nextHeader: next),
      identification: UInt32(header.identification), protocolNumber: header.protocolNumber)
  }

  /// Passes an IPv6 header.
  @inline(__always)
  private mutating func enterIPv6(_ rest: Span<UInt8>) throws(DecodeProblem) {
    let header = try IPv6Header(rest)
    // 0 stands for a jumbogram (RFC 2675 §3); segmentation offload leaves it as well.
    let length =
      header.payloadLength == 0
      ? max(position.wireLength, IPv6Header.length) : IPv6Header.length &+ header.payloadLength
    position.limit(toWireLength: length)
    envelope = PacketEnvelope(header, packetLength: length)
    try advance(IPv6Header.length, to: NextHeader(ipProtocol: header.nextHeader))
  }

  /// Passes an extension header whose length it carries itself.
  private mutating func passExtension(_ rest: Span<UInt8>) throws(DecodeProblem) {
    let header = try IPv6ExtensionHeader(rest, isAuthentication: next == .authentication)
    // The checksum covers the last destination, which is not in the IPv6 header yet.
    if next == .ipv6Routing, header.segmentsLeft > 0 { envelope.isChecksumCovered = false }
    try advance(header.length, to: NextHeader(ipProtocol: header.nextHeader))
    envelope.payloadLength &-= header.length
  }

  /// Passes the fragment header of IPv6.
  ///
  /// - Returns: How the walk ends, unless this is a whole packet with the header.
  private mutating func passFragmentHeader(_ rest: Span<UInt8>) throws(DecodeProblem) -> End? {
    let header = try IPv6FragmentHeader(rest)
    try advance(IPv6FragmentHeader.length, to: NextHeader(ipProtocol: header.nextHeader))
    envelope.payloadLength &-= IPv6FragmentHeader.length
    guard header.isFragment else { return nil }
    // The packet that was cut had no such header.
    envelope.packetLength &-= IPv6FragmentHeader.length
    return fragment(
      FragmentPart(
        offset: header.fragmentOffset, length: envelope.payloadLength,
        moreFollow: header.moreFragments, nextHeader: next),
      identification: header.identification, protocolNumber: 44)
  }

  private func fragment(
    _ part: FragmentPart, identification: UInt32, protocolNumber: UInt8
  ) -> End {
    guard part.nextHeader.mayHoldTCP else { return .other }
    let key = FragmentReassembly.Key(
      source: envelope.source, destination: envelope.destination, identification: identification,
      protocolNumber: protocolNumber)
    return .fragment(part, key)
  }
}
