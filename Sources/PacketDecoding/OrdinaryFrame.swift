/// The frame most traffic is made of: Ethernet, IPv4 without options or IPv6 without extension
/// headers, whole, and TCP. Its fields lie at constant offsets, so that one guard and a few
/// comparisons replace the walk. Whatever else a frame is, the walk decides.
///
/// ```
///  0          14              34          0          14              54
/// +----------+---------------+-----…     +----------+---------------+-----…
/// | Ethernet | IPv4, 20 bytes | TCP       | Ethernet | IPv6, 40 bytes | TCP
/// +----------+---------------+-----…     +----------+---------------+-----…
/// ```
enum OrdinaryFrame {
  private static let network = EthernetHeader.length
  private static let ipv4Payload = network + IPv4Header.minimumLength
  private static let ipv6Payload = network + IPv6Header.length

  /// Reads the frame into `segment`.
  ///
  /// - Returns: Whether it is such a frame and its TCP header was captured as far as it is tracked;
  ///   otherwise nothing of use was written.
  @inline(__always)
  static func read(
    _ bytes: Span<UInt8>, into segment: inout Segment, verifiesChecksum: Bool
  ) -> Bool {
    guard bytes.count >= ipv4Payload + TCPHeader.minimumLength else { return false }
    switch bytes.uint16(at: 12) {
    case 0x0800:
      // Version and header length, protocol, and neither "more fragments" nor an offset.
      guard bytes[network] == 0x45, bytes[network + 9] == 6,
        bytes.uint16(at: network + 6) & 0x3fff == 0
      else { return false }
      let length = Int(bytes.uint16(at: network + 2))
      guard length >= IPv4Header.minimumLength + TCPHeader.minimumLength else { return false }
      segment.source = IPAddress(ipv4: bytes.uint32(at: network + 12))
      segment.destination = IPAddress(ipv4: bytes.uint32(at: network + 16))
      segment.identification = bytes.uint16(at: network + 4)
      segment.hopLimit = bytes[network + 8]
      segment.explicitCongestion = bytes[network + 1] & 3
      segment.packetLength = UInt32(truncatingIfNeeded: length)
      segment.readTCP(
        bytes.extracting(ipv4Payload..<min(bytes.count, network &+ length)),
        length: length &- IPv4Header.minimumLength, verifiesChecksum: verifiesChecksum)
      return true
    case 0x86dd:
      guard bytes.count >= ipv6Payload + TCPHeader.minimumLength, bytes[network] >> 4 == 6,
        bytes[network + 6] == 6
      else { return false }
      let length = Int(bytes.uint16(at: network + 4))
      guard length >= TCPHeader.minimumLength else { return false }
      segment.source = IPAddress(
        high: bytes.uint64(at: network + 8), low: bytes.uint64(at: network + 16))
      segment.destination = IPAddress(
        high: bytes.uint64(at: network + 24), low: bytes.uint64(at: network + 32))
      segment.identification = 0
      segment.hopLimit = bytes[network + 7]
      segment.explicitCongestion = bytes[network + 1] >> 4 & 3
      segment.packetLength = UInt32(truncatingIfNeeded: length &+ IPv6Header.length)
      segment.readTCP(
        bytes.extracting(ipv6Payload..<min(bytes.count, ipv6Payload &+ length)), length: length,
        verifiesChecksum: verifiesChecksum)
      return true
    default: return false
    }
  }
}
