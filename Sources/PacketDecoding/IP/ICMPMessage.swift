/// An ICMP (RFC 792) or ICMPv6 (RFC 4443) error message and the start of the packet it quotes.
///
/// ```
///  0      1      2          4                          8
/// +------+------+----------+--------------------------+-------------------------------
/// | type | code | checksum | unused, pointer or MTU   | IP header, first of its payload …
/// +------+------+----------+--------------------------+-------------------------------
/// ```
struct ICMPMessage {
  /// Bytes before the quoted packet.
  static let length = 8
  /// Extension headers followed in a quoted packet.
  private static let extensionLimit = 8

  let type: UInt8
  let code: UInt8
  let isIPv6: Bool
  /// The four bytes whose meaning depends on the type.
  private let rest: UInt32

  init(_ bytes: Span<UInt8>, isIPv6: Bool) throws(DecodeProblem) {
    guard bytes.count >= Self.length else {
      throw .short(.icmp, needed: Self.length, available: bytes.count)
    }
    type = bytes[0]
    code = bytes[1]
    rest = bytes.uint32(at: 4)
    self.isIPv6 = isIPv6
  }

  /// Whether it is an error, which quotes the packet it is about: unreachable, source quench, time
  /// exceeded, parameter problem; and of ICMPv6 unreachable, too big, time exceeded, parameter
  /// problem. A redirect is none.
  var isError: Bool {
    if isIPv6 { return 1...4 ~= type }
    return type == 3 || type == 4 || type == 11 || type == 12
  }

  /// The next-hop MTU of "fragmentation needed" (RFC 1191 §4) or "packet too big" (RFC 4443 §3.2),
  /// else 0.
  var nextHopMTU: UInt32 {
    if isIPv6 { return type == 2 ? rest : 0 }
    return type == 3 && code == 4 ? rest & 0xffff : 0
  }

  /// Reads the quoted packet.
  ///
  /// - Returns: nil when it is not the start of a TCP segment.
  func quotedSegment(
    _ message: Span<UInt8>, envelope: PacketEnvelope, frame: FrameHeader
  ) throws(DecodeProblem) -> ICMPError? {
    let packet = message.extracting(droppingFirst: Self.length)
    var source: IPAddress
    var destination: IPAddress
    var offset: Int
    if isIPv6 {
      let header = try IPv6Header(packet)
      (source, destination) = (header.source, header.destination)
      guard let found = try Self.tcpOffset(in: packet, first: header.nextHeader) else { return nil }
      offset = found
    } else {
      let header = try IPv4Header(packet)
      guard header.protocolNumber == 6, header.fragmentOffset == 0 else { return nil }
      source = IPAddress(ipv4: header.source)
      destination = IPAddress(ipv4: header.destination)
      offset = header.length
    }
    let segment = packet.extracting(droppingFirst: offset)
    guard segment.count >= 8 else {
      throw .short(.icmp, needed: 8, available: segment.count)
    }
    return ICMPError(
      frame: frame.number, time: frame.time, reporter: envelope.source, type: type, code: code,
      isIPv6: isIPv6, source: source, destination: destination,
      sourcePort: segment.uint16(at: 0), destinationPort: segment.uint16(at: 2),
      sequence: segment.uint32(at: 4), nextHopMTU: nextHopMTU)
  }

  /// Where TCP starts behind the extension headers of an IPv6 packet, nil when it does not.
  private static func tcpOffset(
    in packet: Span<UInt8>, first: UInt8
  ) throws(DecodeProblem) -> Int? {
    var next = NextHeader(ipProtocol: first)
    var offset = IPv6Header.length
    for _ in 0..<extensionLimit {
      let rest = packet.extracting(droppingFirst: offset)
      switch next {
      case .tcp: return offset
      case .ipv6Options, .ipv6Routing, .authentication:
        let header = try IPv6ExtensionHeader(rest, isAuthentication: next == .authentication)
        next = NextHeader(ipProtocol: header.nextHeader)
        offset += header.length
      case .ipv6Fragment:
        let header = try IPv6FragmentHeader(rest)
        guard header.fragmentOffset == 0 else { return nil }
        next = NextHeader(ipProtocol: header.nextHeader)
        offset += IPv6FragmentHeader.length
      default: return nil
      }
    }
    return nil
  }
}
