/// Writes packets byte by byte, right or wrong as asked. Addresses are 10.0.0.x.
enum FrameBytes {
  /// A TCP header of any kind, its options padded with zeros to whole words.
  struct TCP {
    var sourcePort: UInt16 = 40000
    var destinationPort: UInt16 = 80
    var sequence: UInt32 = 0
    var acknowledgment: UInt32 = 0
    /// The byte of the flags: FIN 1, SYN 2, RST 4, PSH 8, ACK 16.
    var flags: UInt8 = 0
    var window: UInt16 = 65535
    var options: [UInt8] = []
    /// Overrides the data offset, in words.
    var dataOffset: UInt8?

    var bytes: [UInt8] {
      let padded = options + [UInt8](repeating: 0, count: (4 - options.count % 4) % 4)
      let words = dataOffset ?? UInt8(truncatingIfNeeded: 5 + padded.count / 4)
      var bytes: [UInt8] = []
      bytes += FrameBytes.big(sourcePort) + FrameBytes.big(destinationPort)
      bytes += FrameBytes.big(sequence) + FrameBytes.big(acknowledgment)
      bytes += [words << 4, flags] + FrameBytes.big(window) + [0, 0, 0, 0]
      return bytes + padded
    }
  }

  /// An IPv4 packet that says it carries `payloadLength` bytes more than are there.
  static func ipv4(
    from source: UInt32, to destination: UInt32, protocolNumber: UInt8 = 6, _ body: [UInt8],
    payloadLength: Int = 0, identification: UInt16 = 1, fragment: UInt16 = 0
  ) -> [UInt8] {
    var bytes: [UInt8] = [0x45, 0]
    bytes += big(UInt16(truncatingIfNeeded: 20 + body.count + payloadLength))
    bytes += big(identification) + big(fragment) + [64, protocolNumber, 0, 0]
    bytes += big(source) + big(destination)
    return bytes + body
  }

  static func big<Value: FixedWidthInteger>(_ value: Value) -> [UInt8] {
    stride(from: Value.bitWidth - 8, through: 0, by: -8).map {
      UInt8(truncatingIfNeeded: value >> Value($0))
    }
  }

  static func little<Value: FixedWidthInteger>(_ value: Value) -> [UInt8] {
    Array(big(value).reversed())
  }
}
