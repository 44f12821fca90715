import PacketDecoding

/// Builds the bytes of a TCP segment and of the packets and frames around it.
struct SegmentBytes {
  var source = IPAddress("192.0.2.1")!
  var destination = IPAddress("198.51.100.2")!
  var sourcePort: UInt16 = 40_000
  var destinationPort: UInt16 = 80
  var sequence: UInt32 = 1_000_000_000
  var acknowledgment: UInt32 = 2_000_000_000
  var flags: TCPFlags = .ack
  var window: UInt16 = 512
  var urgentPointer: UInt16 = 0
  /// Options, padded to a multiple of four bytes with zeros.
  var options: [UInt8] = []
  var payload: [UInt8] = []
  /// The data offset in words, if not the true one.
  var dataOffset: UInt8?
  /// The checksum, if not the true one.
  var checksum: UInt16?
  var hopLimit: UInt8 = 64
  var identification: UInt16 = 7

  /// The segment.
  var tcp: [UInt8] {
    let padded = options + Array(repeating: 0, count: (4 - options.count % 4) % 4)
    let words = dataOffset ?? UInt8(5 + padded.count / 4)
    var bytes = sourcePort.bytes + destinationPort.bytes
    bytes += sequence.bytes + acknowledgment.bytes
    bytes += (UInt16(words) << 12 | flags.rawValue).bytes + window.bytes + [0, 0]
    bytes += urgentPointer.bytes + padded + payload
    let sum = checksum ?? ~Self.sum(pseudoHeader(length: bytes.count) + bytes)
    bytes.replaceSubrange(16..<18, with: sum.bytes)
    return bytes
  }

  /// What the checksum covers before the segment, padded to an even length by its own layout.
  func pseudoHeader(length: Int) -> [UInt8] {
    source.bytes + destination.bytes + UInt32(length).bytes + UInt32(6).bytes
  }

  /// The IP packet of the family of the addresses.
  var packet: [UInt8] { packet(6, tcp) }

  /// An IP packet with another payload between the same addresses.
  func packet(_ protocolNumber: UInt8, _ payload: [UInt8]) -> [UInt8] {
    source.isIPv4 ? ipv4(protocolNumber, payload) : ipv6(protocolNumber, payload)
  }

  /// An IPv4 packet. `fragment` is the field of flags and offset as on the wire.
  func ipv4(
    _ protocolNumber: UInt8, _ payload: [UInt8], options: [UInt8] = [], fragment: UInt16 = 0x4000,
    totalLength: Int? = nil
  ) -> [UInt8] {
    let length = totalLength ?? 20 + options.count + payload.count
    var bytes: [UInt8] = [0x45 + UInt8(options.count / 4), 0x02]
    bytes += UInt16(truncatingIfNeeded: length).bytes + identification.bytes + fragment.bytes
    bytes += [hopLimit, protocolNumber, 0, 0] + source.bytes + destination.bytes
    return bytes + options + payload
  }

  /// An IPv6 packet.
  func ipv6(_ nextHeader: UInt8, _ payload: [UInt8], payloadLength: Int? = nil) -> [UInt8] {
    let length = UInt16(truncatingIfNeeded: payloadLength ?? payload.count)
    return [0x60, 0x20, 0, 0] + length.bytes + [nextHeader, hopLimit] + source.bytes
      + destination.bytes + payload
  }

  /// The packet in an Ethernet frame.
  var frame: [UInt8] { Frames.ethernet(source.isIPv4 ? 0x0800 : 0x86dd, packet) }

  /// The one's complement sum of 16-bit words, an odd last byte padded: the plain way, to hold
  /// against the fast one.
  static func sum(_ bytes: [UInt8]) -> UInt16 {
    var sum: UInt32 = 0
    for index in stride(from: 0, to: bytes.count, by: 2) {
      let low = index + 1 < bytes.count ? bytes[index + 1] : 0
      sum += UInt32(bytes[index]) << 8 | UInt32(low)
      sum = sum & 0xffff + sum >> 16
    }
    return UInt16(sum)
  }

  /// A segment between two IPv6 hosts.
  static var overIPv6: SegmentBytes {
    SegmentBytes(source: IPAddress("2001:db8::1")!, destination: IPAddress("2001:db8::2")!)
  }
}

extension FixedWidthInteger {
  /// The bytes in network order.
  var bytes: [UInt8] {
    stride(from: Self.bitWidth - 8, through: 0, by: -8).map {
      UInt8(truncatingIfNeeded: self >> $0)
    }
  }
}

extension IPAddress {
  /// The bytes on the wire: 4 or 16.
  var bytes: [UInt8] {
    isIPv4 ? UInt32(truncatingIfNeeded: low).bytes : high.bytes + low.bytes
  }
}
