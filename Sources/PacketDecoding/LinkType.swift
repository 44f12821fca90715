/// What the first byte of a frame belongs to: a `LINKTYPE_` value as capture files carry it
/// (<https://www.tcpdump.org/linktypes.html>). Values outside the list below are representable;
/// their frames are counted and reported, not decoded.
public struct LinkType: RawRepresentable, Hashable, Sendable, BitwiseCopyable {
  public var rawValue: UInt32

  @inlinable
  public init(rawValue: UInt32) {
    self.rawValue = rawValue
  }

  /// BSD loopback, four bytes of address family in the byte order of the capturing host.
  public static let null = LinkType(rawValue: 0)
  /// Ethernet II, with any VLAN tags.
  public static let ethernet = LinkType(rawValue: 1)
  /// PPP, with or without the HDLC-like address and control bytes.
  public static let ppp = LinkType(rawValue: 9)
  /// PPP in HDLC-like framing (RFC 1662).
  public static let pppSerial = LinkType(rawValue: 50)
  /// PPPoE session packets (RFC 2516).
  public static let pppEthernet = LinkType(rawValue: 51)
  /// IPv4 or IPv6, told apart by the version nibble.
  public static let raw = LinkType(rawValue: 101)
  /// OpenBSD loopback, four bytes of address family in network byte order.
  public static let loop = LinkType(rawValue: 108)
  /// Linux cooked capture, version 1.
  public static let linuxCooked = LinkType(rawValue: 113)
  /// IPv4 only.
  public static let ipv4 = LinkType(rawValue: 228)
  /// IPv6 only.
  public static let ipv6 = LinkType(rawValue: 229)
  /// Linux cooked capture, version 2.
  public static let linuxCooked2 = LinkType(rawValue: 276)
}
