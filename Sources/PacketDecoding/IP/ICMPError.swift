/// An ICMP or ICMPv6 error message about a TCP segment that somebody sent.
public struct ICMPError: Equatable, Sendable, BitwiseCopyable {
  /// Position of the frame in the whole input, from 1.
  public var frame: UInt64
  /// When it passed.
  public var time: CaptureTime
  /// The host or router that sent the message.
  public var reporter: IPAddress
  /// ICMP type (RFC 792) or ICMPv6 type (RFC 4443).
  public var type: UInt8
  /// The code of that type.
  public var code: UInt8
  /// Whether it is ICMPv6.
  public var isIPv6: Bool
  /// The sender of the segment quoted.
  public var source: IPAddress
  /// Where the segment quoted was bound for.
  public var destination: IPAddress
  /// The source port of the segment quoted.
  public var sourcePort: UInt16
  /// The destination port of the segment quoted.
  public var destinationPort: UInt16
  /// SEG.SEQ of the segment quoted.
  public var sequence: UInt32
  /// Next-hop MTU of "fragmentation needed" (RFC 1191) or "packet too big", else 0.
  public var nextHopMTU: UInt32

  public init(
    frame: UInt64, time: CaptureTime, reporter: IPAddress, type: UInt8, code: UInt8, isIPv6: Bool,
    source: IPAddress, destination: IPAddress, sourcePort: UInt16, destinationPort: UInt16,
    sequence: UInt32, nextHopMTU: UInt32
  ) {
    self.frame = frame
    self.time = time
    self.reporter = reporter
    self.type = type
    self.code = code
    self.isIPv6 = isIPv6
    self.source = source
    self.destination = destination
    self.sourcePort = sourcePort
    self.destinationPort = destinationPort
    self.sequence = sequence
    self.nextHopMTU = nextHopMTU
  }
}
