/// What the header that follows is, as the one before it says.
enum NextHeader: UInt8, Sendable {
  case ethernet, linuxCooked, linuxCooked2, loopback, loopbackNetworkOrder
  case vlan, llc, mpls, pppoe, ppp
  case ipByVersion, ipv4, ipv6
  case ipv6Options, ipv6Routing, ipv6Fragment, authentication
  case gre, udp, vxlan, geneve
  case tcp, icmp, icmpv6
  /// Something that leads nowhere near TCP.
  case other

  /// The first header of a frame, nil when the link type is not decoded.
  init?(linkType: LinkType) {
    switch linkType {
    case .ethernet: self = .ethernet
    case .null: self = .loopback
    case .loop: self = .loopbackNetworkOrder
    case .linuxCooked: self = .linuxCooked
    case .linuxCooked2: self = .linuxCooked2
    case .ppp, .pppSerial: self = .ppp
    case .pppEthernet: self = .pppoe
    // DLT_RAW is 12 on most systems and 14 on OpenBSD; files carry both instead of 101.
    case .raw, LinkType(rawValue: 12), LinkType(rawValue: 14): self = .ipByVersion
    case .ipv4: self = .ipv4
    case .ipv6: self = .ipv6
    default: return nil
    }
  }

  /// The header an EtherType announces
  /// (<https://www.iana.org/assignments/ieee-802-numbers/ieee-802-numbers.xhtml>).
  @inline(__always)
  init(etherType: UInt16) {
    switch etherType {
    case 0x0800: self = .ipv4
    case 0x86dd: self = .ipv6
    case 0x8100, 0x88a8, 0x9100, 0x9200: self = .vlan
    case 0x8847, 0x8848: self = .mpls
    case 0x8864: self = .pppoe
    case 0x880b: self = .ppp
    case 0x6558: self = .ethernet
    default: self = .other
    }
  }

  /// The header a protocol number in an IP header announces
  /// (<https://www.iana.org/assignments/protocol-numbers/protocol-numbers.xhtml>).
  @inline(__always)
  init(ipProtocol: UInt8) {
    switch ipProtocol {
    case 6: self = .tcp
    case 17: self = .udp
    case 4: self = .ipv4
    case 41: self = .ipv6
    case 47: self = .gre
    case 51: self = .authentication
    case 1: self = .icmp
    case 58: self = .icmpv6
    case 0, 60: self = .ipv6Options
    case 43: self = .ipv6Routing
    case 44: self = .ipv6Fragment
    default: self = .other
    }
  }

  /// The header a PPP protocol number announces (RFC 1332 §2, RFC 5072 §2, RFC 3032 §4.3).
  init(pppProtocol: UInt16) {
    switch pppProtocol {
    case 0x0021: self = .ipv4
    case 0x0057: self = .ipv6
    case 0x0281, 0x0283: self = .mpls
    default: self = .other
    }
  }

  /// Whether fragments of a packet with this payload are worth putting together: TCP may be inside.
  var mayHoldTCP: Bool {
    switch self {
    case .icmp, .icmpv6, .other: false
    default: true
    }
  }

  /// The layer of the header, for a problem with it.
  var layer: DecodeProblem.Layer {
    switch self {
    case .ethernet, .linuxCooked, .linuxCooked2, .loopback, .loopbackNetworkOrder, .llc,
      .ipByVersion, .other:
      .link
    case .vlan: .vlan
    case .mpls: .mpls
    case .pppoe: .pppoe
    case .ppp: .ppp
    case .ipv4: .ipv4
    case .ipv6: .ipv6
    case .ipv6Options, .ipv6Routing, .ipv6Fragment, .authentication: .ipv6Extension
    case .gre, .udp, .vxlan, .geneve: .tunnel
    case .tcp: .tcp
    case .icmp, .icmpv6: .icmp
    }
  }
}
