/// The control bits of a TCP header (RFC 9293 §3.1), FIN lowest, and AE (RFC 9768) as bit 8.
public struct TCPFlags: OptionSet, Hashable, Sendable, BitwiseCopyable {
  public var rawValue: UInt16

  @inlinable
  public init(rawValue: UInt16) {
    self.rawValue = rawValue
  }

  @inlinable public static var fin: TCPFlags { TCPFlags(rawValue: 0x001) }
  @inlinable public static var syn: TCPFlags { TCPFlags(rawValue: 0x002) }
  @inlinable public static var rst: TCPFlags { TCPFlags(rawValue: 0x004) }
  @inlinable public static var psh: TCPFlags { TCPFlags(rawValue: 0x008) }
  @inlinable public static var ack: TCPFlags { TCPFlags(rawValue: 0x010) }
  @inlinable public static var urg: TCPFlags { TCPFlags(rawValue: 0x020) }
  @inlinable public static var ece: TCPFlags { TCPFlags(rawValue: 0x040) }
  @inlinable public static var cwr: TCPFlags { TCPFlags(rawValue: 0x080) }
  @inlinable public static var ae: TCPFlags { TCPFlags(rawValue: 0x100) }
}
