/// The header libpcap writes for frames of Linux's "any" device, whose real link headers differ
/// (<https://www.tcpdump.org/linktypes/LINKTYPE_LINUX_SLL.html>, `…_SLL2.html`).
///
/// ```
/// version 1   0      2        4        6         14         16
///            +------+--------+--------+---------+----------+----------
///            | type | ARPHRD | length | address | protocol | payload …
///            +------+--------+--------+---------+----------+----------
/// version 2   0          2          4           8        10     11       12        20
///            +----------+----------+-----------+--------+------+--------+---------+----------
///            | protocol | reserved | interface | ARPHRD | type | length | address | payload …
///            +----------+----------+-----------+--------+------+--------+---------+----------
/// ```
struct LinuxCookedHeader {
  /// Bytes of version 1.
  static let length = 16
  /// Bytes of version 2.
  static let length2 = 20
  /// ARPHRD_NETLINK: the protocol field is a netlink family, not an EtherType.
  private static let netlink: UInt16 = 824

  /// An EtherType, or below 1536 one of Linux's own numbers.
  let protocolNumber: UInt16
  /// The ARPHRD_ number of the device.
  let hardwareType: UInt16

  /// Reads a header of version 1.
  init(_ bytes: Span<UInt8>) throws(DecodeProblem) {
    guard bytes.count >= Self.length else {
      throw .short(.link, needed: Self.length, available: bytes.count)
    }
    hardwareType = bytes.uint16(at: 2)
    protocolNumber = bytes.uint16(at: 14)
  }

  /// Reads a header of version 2.
  init(version2 bytes: Span<UInt8>) throws(DecodeProblem) {
    guard bytes.count >= Self.length2 else {
      throw .short(.link, needed: Self.length2, available: bytes.count)
    }
    protocolNumber = bytes.uint16(at: 0)
    hardwareType = bytes.uint16(at: 8)
  }

  var next: NextHeader {
    if hardwareType == Self.netlink { return .other }
    // 4 is LINUX_SLL_P_802_2: an LLC header follows.
    return protocolNumber == 4 ? .llc : NextHeader(etherType: protocolNumber)
  }
}
