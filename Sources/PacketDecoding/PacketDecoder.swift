/// Turns frames into segments. Holds what must outlive one frame: IP fragments waiting for the
/// rest of their packet, in bounded space.
public struct PacketDecoder: ~Copyable {
  public init() {}

  /// Decodes one frame.
  ///
  /// - Parameters:
  ///   - bytes: What was captured of the frame, from its link header on.
  ///   - header: What the capture says about it.
  ///   - segment: Overwritten with the TCP segment when the result is `.segment`; otherwise its
  ///     content is unspecified.
  /// - Returns: What the frame was. Never traps, whatever the bytes.
  public mutating func decode(
    _ bytes: Span<UInt8>, header: FrameHeader, into segment: inout Segment
  ) -> DecodeOutcome {
    .problem(.unsupportedLinkType)
  }
}

/// What a frame turned out to be.
public enum DecodeOutcome: Sendable {
  /// A TCP segment.
  case segment
  /// An ICMP or ICMPv6 error that quotes a TCP segment.
  case icmpError(ICMPError)
  /// A fragment that does not complete its packet yet.
  case fragment
  /// Something that is not TCP: ARP, UDP, …
  case notTCP
  /// It could not be decoded as far as TCP.
  case problem(DecodeProblem)
}

/// An ICMP or ICMPv6 error message about a TCP segment that somebody sent.
public struct ICMPError: Sendable, BitwiseCopyable {
  public var frame: UInt64
  public var time: CaptureTime
  /// The host or router that sent the message.
  public var reporter: IPAddress
  /// ICMP type (RFC 792) or ICMPv6 type (RFC 4443).
  public var type: UInt8
  public var code: UInt8
  /// Whether it is ICMPv6.
  public var isIPv6: Bool
  /// The tuple and sequence number of the segment quoted.
  public var source: IPAddress
  public var destination: IPAddress
  public var sourcePort: UInt16
  public var destinationPort: UInt16
  public var sequence: UInt32
  /// Next-hop MTU of "fragmentation needed" (RFC 1191) or "packet too big", else 0.
  public var nextHopMTU: UInt32
}
