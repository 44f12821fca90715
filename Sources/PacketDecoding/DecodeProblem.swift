/// Why a frame could not be decoded as far as TCP.
public struct DecodeProblem: Error, Hashable, Sendable, BitwiseCopyable {
  /// The layer at which decoding stopped.
  public var layer: Layer
  /// What was wrong there.
  public var kind: Kind
  /// What asked for the bytes that were not there.
  public var demandedBy: Demand
  /// Offset in the frame of the header concerned, bytes. Counted from the first byte after the IP
  /// headers where the packet was put together from fragments.
  public var offset: UInt32
  /// Bytes that were needed from there on, 0 when length is not the problem.
  public var needed: UInt32
  /// Bytes that were available.
  public var available: UInt32

  public init(
    layer: Layer, kind: Kind, offset: UInt32, needed: UInt32 = 0, available: UInt32 = 0,
    demandedBy: Demand = .fixedHeader
  ) {
    self.layer = layer
    self.kind = kind
    self.offset = offset
    self.needed = needed
    self.available = available
    self.demandedBy = demandedBy
  }

  static let unsupportedLinkType = DecodeProblem(layer: .link, kind: .unsupported, offset: 0)

  /// A header that does not fit into the bytes there are, counted from its own start.
  @inline(never)
  static func short(
    _ layer: Layer, needed: Int, available: Int, demandedBy: Demand = .fixedHeader
  ) -> DecodeProblem {
    DecodeProblem(
      layer: layer, kind: .badLength, offset: 0, needed: UInt32(clamping: needed),
      available: UInt32(clamping: available), demandedBy: demandedBy)
  }

  /// This problem of a header that starts `offset` bytes into the frame and had `wireLength` bytes
  /// on the wire: what was missing in the capture only is nobody's fault.
  func placed(at offset: Int, wireLength: Int) -> DecodeProblem {
    var problem = self
    problem.offset = UInt32(clamping: offset + Int(self.offset))
    if kind == .badLength, wireLength >= Int(needed) { problem.kind = .cutBySnapLength }
    return problem
  }

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

  /// What asked for a number of bytes.
  public enum Demand: UInt8, Hashable, Sendable, BitwiseCopyable {
    /// The part of the header that is always there.
    case fixedHeader
    /// A field of the header that says how long the header is.
    case headerLength
    /// The total length of IPv4 or the payload length of IPv6.
    case packetLength
    /// The ports, sequence numbers, flags and window without which a segment means nothing.
    case trackedFields
  }
}

extension DecodeProblem: CustomStringConvertible {
  /// A sentence for the person at the terminal.
  public var description: String {
    switch kind {
    case .cutBySnapLength:
      "\(layer) header at byte \(offset): cut by the snap length, \(lengths)"
    case .badLength: "\(layer) header at byte \(offset): frame too short, \(lengths)"
    case .badHeader: "\(layer) header at byte \(offset): impossible version or header length"
    case .unsupported:
      layer == .link && offset == 0
        ? "link type not supported" : "\(layer) header at byte \(offset): form not supported"
    case .tooDeep: "\(layer) header at byte \(offset): more nested headers than are followed"
    case .badFragment: "\(layer) header at byte \(offset): fragment overlaps or does not fit"
    }
  }

  private var lengths: String { "\(demandedBy) needs \(needed) bytes, \(available) are there" }
}

extension DecodeProblem.Layer: CustomStringConvertible {
  /// The usual name of the layer.
  public var description: String {
    switch self {
    case .link: "link"
    case .vlan: "VLAN"
    case .mpls: "MPLS"
    case .pppoe: "PPPoE"
    case .ppp: "PPP"
    case .ipv4: "IPv4"
    case .ipv6: "IPv6"
    case .ipv6Extension: "IPv6 extension"
    case .tunnel: "tunnel"
    case .tcp: "TCP"
    case .tcpOptions: "TCP options"
    case .icmp: "ICMP"
    }
  }
}

extension DecodeProblem.Demand: CustomStringConvertible {
  /// What it is, to be followed by "needs".
  public var description: String {
    switch self {
    case .fixedHeader: "the fixed header"
    case .headerLength: "the header length field"
    case .packetLength: "the packet length field"
    case .trackedFields: "the part up to the window"
    }
  }
}
