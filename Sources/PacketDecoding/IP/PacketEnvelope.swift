/// What the IP headers around a payload say of it.
struct PacketEnvelope {
  var source = IPAddress.unspecified
  var destination = IPAddress.unspecified
  var identification: UInt16 = 0
  var hopLimit: UInt8 = 0
  /// The two ECN bits (RFC 3168 §5).
  var explicitCongestion: UInt8 = 0
  /// Bytes of the whole IP packet.
  var packetLength = 0
  /// Bytes of payload that follow the IP headers, extension headers included as they are passed.
  var payloadLength = 0
  /// Whether the addresses here are those the TCP checksum covers and the payload is whole.
  var isChecksumCovered = true

  init() {}

  @inline(__always)
  init(_ header: IPv4Header, packetLength: Int) {
    source = IPAddress(ipv4: header.source)
    destination = IPAddress(ipv4: header.destination)
    identification = header.identification
    hopLimit = header.timeToLive
    explicitCongestion = header.explicitCongestion
    self.packetLength = packetLength
    payloadLength = packetLength &- header.length
    isChecksumCovered = !header.isSourceRouted
  }

  @inline(__always)
  init(_ header: IPv6Header, packetLength: Int) {
    source = header.source
    destination = header.destination
    hopLimit = header.hopLimit
    explicitCongestion = header.explicitCongestion
    self.packetLength = packetLength
    payloadLength = packetLength &- IPv6Header.length
  }
}
