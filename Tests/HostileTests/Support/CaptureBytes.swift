/// Capture files written byte by byte.
enum CaptureBytes {
  /// A little-endian pcap file with stamps in microseconds.
  static func pcap(linkType: UInt32, _ frames: [(seconds: UInt32, bytes: [UInt8])]) -> [UInt8] {
    var file: [UInt8] = [0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0]
    file += FrameBytes.little(UInt32(65535)) + FrameBytes.little(linkType)
    for frame in frames {
      let length = FrameBytes.little(UInt32(frame.bytes.count))
      file += FrameBytes.little(frame.seconds) + [0, 0, 0, 0] + length + length + frame.bytes
    }
    return file
  }

  /// A block of pcapng. `length` overrides what both of its ends say.
  static func block(_ type: UInt32, _ body: [UInt8], length: UInt32? = nil) -> [UInt8] {
    let padded = body + [UInt8](repeating: 0, count: (4 - body.count % 4) % 4)
    let said = FrameBytes.little(length ?? UInt32(padded.count + 12))
    return FrameBytes.little(type) + said + padded + said
  }

  static let section = block(
    0x0a0d_0d0a,
    FrameBytes.little(UInt32(0x1a2b_3c4d)) + [1, 0, 0, 0] + [UInt8](repeating: 255, count: 8))

  /// An interface description: raw IP, with options as they are.
  static func interface(_ options: [UInt8] = []) -> [UInt8] {
    block(1, [101, 0, 0, 0, 0, 0, 0, 0] + options)
  }

  static func packet(ticks: UInt64, _ bytes: [UInt8], captured: UInt32? = nil) -> [UInt8] {
    let length = captured ?? UInt32(bytes.count)
    var body: [UInt8] = [0, 0, 0, 0]
    body += FrameBytes.little(UInt32(truncatingIfNeeded: ticks >> 32))
    body += FrameBytes.little(UInt32(truncatingIfNeeded: ticks))
    body += FrameBytes.little(length) + FrameBytes.little(length)
    return block(6, body + bytes)
  }

  /// A healthy connection of six segments as raw IPv4.
  static let connection: [[UInt8]] = {
    let steps: [(isClient: Bool, sequence: UInt32, acknowledgment: UInt32, flags: UInt8)] = [
      (true, 100, 0, 2), (false, 500, 101, 18), (true, 101, 501, 16), (true, 101, 501, 17),
      (false, 501, 102, 17), (true, 102, 502, 16),
    ]
    return steps.map { step in
      var header = FrameBytes.TCP()
      if !step.isClient { swap(&header.sourcePort, &header.destinationPort) }
      (header.sequence, header.acknowledgment) = (step.sequence, step.acknowledgment)
      header.flags = step.flags
      return FrameBytes.ipv4(
        from: step.isClient ? 0x0a00_0001 : 0x0a00_0002,
        to: step.isClient ? 0x0a00_0002 : 0x0a00_0001, header.bytes)
    }
  }()
}
