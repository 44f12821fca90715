/// An IPv4 or IPv6 address, as two words in host byte order. IPv4 addresses are held in the
/// IPv4-mapped form ::ffff:a.b.c.d (RFC 4291 §2.5.5.2), so that one type of fixed size serves both.
public struct IPAddress: Hashable, Sendable, BitwiseCopyable {
  /// The first eight bytes of the address.
  public var high: UInt64
  /// The last eight bytes of the address.
  public var low: UInt64

  @inlinable
  public init(high: UInt64, low: UInt64) {
    self.high = high
    self.low = low
  }

  /// The IPv4 address whose first octet is the highest byte of `ipv4`.
  @inlinable
  public init(ipv4: UInt32) {
    high = 0
    low = 0xffff_0000_0000 | UInt64(ipv4)
  }

  /// `::`
  public static var unspecified: IPAddress { IPAddress(high: 0, low: 0) }

  /// Whether this is an IPv4 address.
  @inlinable
  public var isIPv4: Bool { high == 0 && low >> 32 == 0xffff }
}

extension IPAddress: Comparable {
  /// The order of the bytes on the wire, IPv4 before global IPv6.
  @inlinable
  public static func < (left: IPAddress, right: IPAddress) -> Bool {
    (left.high, left.low) < (right.high, right.low)
  }
}
