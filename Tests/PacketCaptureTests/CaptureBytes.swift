/// Capture files written byte by byte, in either byte order.
struct CaptureBytes {
  var bytes: [UInt8] = []
  var isBigEndian = false

  mutating func add16(_ value: UInt16) { add(UInt64(value), count: 2) }
  mutating func add32(_ value: UInt32) { add(UInt64(value), count: 4) }
  mutating func add64(_ value: UInt64) { add(value, count: 8) }

  private mutating func add(_ value: UInt64, count: Int) {
    let shifts = (0..<count).map { 8 * (isBigEndian ? count - 1 - $0 : $0) }
    for shift in shifts { bytes.append(UInt8(truncatingIfNeeded: value >> UInt64(shift))) }
  }

  // MARK: pcap

  static func pcap(
    magic: UInt32 = 0xa1b2_c3d4, bigEndian: Bool = false, minor: UInt16 = 4, linkType: UInt32 = 1,
    snapLength: UInt32 = 262_144,
    frames: [TestFrame]
  ) -> CaptureBytes {
    var file = CaptureBytes(isBigEndian: bigEndian)
    file.add32(magic)
    file.add16(2)
    file.add16(minor)
    file.add64(0)
    file.add32(snapLength)
    file.add32(linkType)
    for frame in frames {
      file.add32(frame.seconds)
      file.add32(frame.fraction)
      file.add32(UInt32(frame.bytes.count))
      file.add32(frame.original)
      if magic == 0xa1b2_cd34 { file.add64(0) }
      file.bytes += frame.bytes
    }
    return file
  }

  // MARK: pcapng

  static func pcapng(bigEndian: Bool = false) -> CaptureBytes {
    var file = CaptureBytes(isBigEndian: bigEndian)
    file.addSection()
    return file
  }

  mutating func addBlock(_ type: UInt32, _ body: [UInt8]) {
    let padded = body + [UInt8](repeating: 0, count: (4 - body.count % 4) % 4)
    add32(type)
    add32(UInt32(padded.count + 12))
    bytes += padded
    add32(UInt32(padded.count + 12))
  }

  private func body(_ fill: (inout CaptureBytes) -> Void) -> [UInt8] {
    var body = CaptureBytes(isBigEndian: isBigEndian)
    fill(&body)
    return body.bytes
  }

  mutating func addSection() {
    addBlock(
      0x0a0d_0d0a,
      body {
        $0.add32(0x1a2b_3c4d)
        $0.add16(1)
        $0.add16(0)
        $0.add64(UInt64.max)
      })
  }

  mutating func addInterface(
    linkType: UInt16 = 1, snapLength: UInt32 = 0, resolution: UInt8? = nil, offset: Int64? = nil
  ) {
    addBlock(
      1,
      body {
        $0.add16(linkType)
        $0.add16(0)
        $0.add32(snapLength)
        // A name comes first, so that options are walked over.
        $0.add16(2)
        $0.add16(3)
        $0.bytes += [0x6c, 0x61, 0x6e, 0]
        if let resolution {
          $0.add16(9)
          $0.add16(1)
          $0.bytes += [resolution, 0, 0, 0]
        }
        if let offset {
          $0.add16(14)
          $0.add16(8)
          $0.add64(UInt64(bitPattern: offset))
        }
        $0.add32(0)
      })
  }

  mutating func addPacket(
    interface: UInt32 = 0, ticks: UInt64, _ frame: [UInt8], original: UInt32? = nil,
    captured: UInt32? = nil
  ) {
    addBlock(
      6,
      body {
        $0.add32(interface)
        $0.add32(UInt32(ticks >> 32))
        $0.add32(UInt32(truncatingIfNeeded: ticks))
        $0.add32(captured ?? UInt32(frame.count))
        $0.add32(original ?? UInt32(frame.count))
        $0.bytes += frame
      })
  }

  mutating func addObsoletePacket(interface: UInt16, ticks: UInt64, _ frame: [UInt8]) {
    addBlock(
      2,
      body {
        $0.add16(interface)
        $0.add16(7)
        $0.add32(UInt32(ticks >> 32))
        $0.add32(UInt32(truncatingIfNeeded: ticks))
        $0.add32(UInt32(frame.count))
        $0.add32(UInt32(frame.count))
        $0.bytes += frame
      })
  }

  mutating func addSimplePacket(_ frame: [UInt8], original: UInt32) {
    addBlock(
      3,
      body {
        $0.add32(original)
        $0.bytes += frame
      })
  }
}

/// A frame to be written to a pcap file.
struct TestFrame {
  var seconds: UInt32
  var fraction: UInt32 = 0
  var bytes: [UInt8]
  var original: UInt32

  init(_ seconds: UInt32, _ fraction: UInt32 = 0, length: Int = 60, original: UInt32? = nil) {
    self.seconds = seconds
    self.fraction = fraction
    bytes = [UInt8](repeating: 0xa5, count: length)
    for index in 0..<min(length, 8) { bytes[index] = UInt8(truncatingIfNeeded: seconds) }
    self.original = original ?? UInt32(length)
  }
}
