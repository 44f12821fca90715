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
      let padding = (4 - options.count % 4) % 4
      let words = dataOffset ?? UInt8(truncatingIfNeeded: 5 + (options.count + padding) / 4)
      var bytes: [UInt8] = []
      bytes.reserveCapacity(20 + options.count + padding)
      bytes.append(big: sourcePort)
      bytes.append(big: destinationPort)
      bytes.append(big: sequence)
      bytes.append(big: acknowledgment)
      bytes.append(words << 4)
      bytes.append(flags)
      bytes.append(big: window)
      bytes.append(big: UInt32(0))
      bytes.append(contentsOf: options)
      for _ in 0..<padding { bytes.append(0) }
      return bytes
    }
  }

  /// An IPv4 packet that says it carries `payloadLength` bytes more than are there.
  static func ipv4(
    from source: UInt32, to destination: UInt32, protocolNumber: UInt8 = 6, _ body: [UInt8],
    payloadLength: Int = 0, identification: UInt16 = 1, fragment: UInt16 = 0
  ) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(20 + body.count)
    bytes.append(big: UInt16(0x4500))
    bytes.append(big: UInt16(truncatingIfNeeded: 20 + body.count + payloadLength))
    bytes.append(big: identification)
    bytes.append(big: fragment)
    bytes.append(64)
    bytes.append(protocolNumber)
    bytes.append(big: UInt16(0))
    bytes.append(big: source)
    bytes.append(big: destination)
    bytes.append(contentsOf: body)
    return bytes
  }

  static func big<Value: FixedWidthInteger>(_ value: Value) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.append(big: value)
    return bytes
  }

  static func little<Value: FixedWidthInteger>(_ value: Value) -> [UInt8] {
    Array(big(value).reversed())
  }
}

extension [UInt8] {
  /// Appends a number, its highest byte first.
  mutating func append<Value: FixedWidthInteger>(big value: Value) {
    var shift = Value.bitWidth
    while shift > 0 {
      shift -= 8
      append(UInt8(truncatingIfNeeded: value >> Value(truncatingIfNeeded: shift)))
    }
  }
}
