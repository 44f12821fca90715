/// The address family in front of frames of a BSD loopback device
/// (<https://www.tcpdump.org/linktypes.html>, LINKTYPE_NULL and LINKTYPE_LOOP).
///
/// ```
///  0                4
/// +----------------+----------
/// | address family | payload …
/// +----------------+----------
/// ```
struct LoopbackHeader {
  /// Bytes of the header.
  static let length = 4

  /// AF_ number of the system that captured: 2 is IPv4 everywhere, IPv6 has a number per system.
  let family: UInt32

  /// Reads the family in the byte order of whichever host captured it: families are small, so the
  /// order that gives a number below 65,536 is the right one.
  init(_ bytes: Span<UInt8>) throws(DecodeProblem) {
    let value = try Self.word(bytes)
    family = value > 0xffff ? value.byteSwapped : value
  }

  /// Reads the family in network byte order.
  init(networkOrder bytes: Span<UInt8>) throws(DecodeProblem) {
    family = try Self.word(bytes)
  }

  var next: NextHeader {
    switch family {
    case 2: .ipv4
    // Linux; NetBSD, OpenBSD and BSD/OS; FreeBSD and DragonFly; Darwin.
    case 10, 24, 28, 30: .ipv6
    default: .other
    }
  }

  private static func word(_ bytes: Span<UInt8>) throws(DecodeProblem) -> UInt32 {
    guard bytes.count >= length else { throw .short(.link, needed: length, available: bytes.count) }
    return bytes.uint32(at: 0)
  }
}
