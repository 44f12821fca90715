/// Why a frame could not be decoded as far as TCP.
public struct DecodeProblem: Error, Hashable, Sendable, BitwiseCopyable {
  /// The layer at which decoding stopped.
  public var layer: Layer
  /// What was wrong there.
  public var kind: Kind
  /// Offset in the frame of the header concerned, bytes.
  public var offset: UInt32
  /// Bytes that were needed from there on, 0 when length is not the problem.
  public var needed: UInt32
  /// Bytes that were available.
  public var available: UInt32

  public init(layer: Layer, kind: Kind, offset: UInt32, needed: UInt32 = 0, available: UInt32 = 0) {
    self.layer = layer
    self.kind = kind
    self.offset = offset
    self.needed = needed
    self.available = available
  }

  static let unsupportedLinkType = DecodeProblem(layer: .link, kind: .unsupported, offset: 0)

  /// A layer of the packet.
  public enum Layer: UInt8, Hashable, Sendable, BitwiseCopyable {
    case link, vlan, mpls, pppoe, ppp, ipv4, ipv6, ipv6Extension, tunnel, tcp, tcpOptions, icmp
  }

  /// What was wrong.
  public enum Kind: UInt8, Hashable, Sendable, BitwiseCopyable {
    /// The snap length ended the captured bytes before the header did: nobody's fault.
    case cutBySnapLength
    /// A length field contradicts the bytes that are there.
    case badLength
    /// A version or header length field has an impossible value.
    case badHeader
    /// A link type or protocol nobody here decodes.
    case unsupported
    /// More nested headers than are followed.
    case tooDeep
    /// Fragments that overlap, or one too many to hold.
    case badFragment
  }
}
