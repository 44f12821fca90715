import SystemPackage

/// Writes a capture file: Ethernet, pcap with nanoseconds, right checksums where nobody asked for
/// wrong ones.
struct CaptureOutput: ~Copyable {
  private let descriptor: FileDescriptor
  private var buffer = [UInt8](repeating: 0, count: 1 << 20)
  private var count = 0
  /// Of the frame being written.
  private var start = 0
  private let snapLength: Int
  /// Frames written.
  private(set) var frames = 0

  private static let mostOfAFrame = 70_000

  init(descriptor: FileDescriptor, snapLength: Int) {
    self.descriptor = descriptor
    self.snapLength = snapLength
    little32(0xA1B2_3C4D)
    little32(0x0004_0002)
    little32(0)
    little32(0)
    little32(UInt32(snapLength))
    little32(1)
  }

  /// Writes what is left.
  consuming func close() throws {
    try flush()
    try descriptor.close()
  }

  /// Appends a frame.
  ///
  /// - Parameter time: Nanoseconds since 1970.
  mutating func write(_ packet: Packet, time: Int64) throws {
    try begin(time)
    ethernet(packet)
    let options = optionLength(packet)
    let length = 20 + options + packet.payload
    if packet.isIPv6 {
      big32(0x6000_0000)
      big16(UInt16(length))
      byte(6)
      byte(packet.timeToLive)
      for host in [packet.source, packet.destination] {
        big32(0x2001_0DB8)
        big32(0)
        big32(0)
        big32(host)
      }
    } else {
      internetHeader(packet, protocol: 6, length: length)
    }
    let segment = count
    tcpHeader(packet, options)
    checksum(packet, at: segment, length)
    payload(packet.payload)
    end()
  }

  /// Appends an ICMP error by `router` that quotes a segment's first eight bytes.
  mutating func writeUnreachable(
    _ quoted: Packet, router: UInt32, code: UInt8, time: Int64
  ) throws {
    try begin(time)
    var envelope = Packet()
    envelope.source = router
    envelope.destination = quoted.source
    ethernet(envelope)
    internetHeader(envelope, protocol: 1, length: 8 + 20 + 8)
    let message = count
    byte(3)
    byte(code)
    big16(0)
    big32(code == 4 ? 1280 : 0)
    internetHeader(quoted, protocol: 6, length: 20 + optionLength(quoted) + quoted.payload)
    big16(quoted.sourcePort)
    big16(quoted.destinationPort)
    big32(quoted.sequence)
    put16(~fold(sum(message..<count)), at: message + 2)
    end()
  }

  // MARK: - Layers

  private mutating func begin(_ time: Int64) throws {
    if buffer.count - count < CaptureOutput.mostOfAFrame { try flush() }
    start = count
    little32(UInt32(truncatingIfNeeded: time / 1_000_000_000))
    little32(UInt32(truncatingIfNeeded: time % 1_000_000_000))
    little32(0)
    little32(0)
  }

  /// Sets the lengths of the frame, cut at the snap length.
  private mutating func end() {
    let length = count - start - 16
    let captured = min(length, snapLength)
    let after = start + 16 + captured
    count = start + 8
    little32(UInt32(captured))
    little32(UInt32(length))
    count = after
    frames += 1
  }

  private mutating func ethernet(_ packet: Packet) {
    for host in [packet.destination, packet.source] {
      big16(0x0200)
      big32(host)
    }
    if packet.vlan != 0 {
      big16(0x8100)
      big16(packet.vlan)
    }
    big16(packet.isIPv6 ? 0x86DD : 0x0800)
  }

  private mutating func internetHeader(_ packet: Packet, protocol number: UInt8, length: Int) {
    let header = count
    big16(0x4500)
    big16(UInt16(20 + length))
    big16(packet.identification)
    big16(0x4000)
    byte(packet.timeToLive)
    byte(number)
    big16(0)
    big32(0x0A00_0000 | packet.source & 0xFF_FFFF)
    big32(0x0A00_0000 | packet.destination & 0xFF_FFFF)
    put16(~fold(sum(header..<count)), at: header + 10)
  }

  private func optionLength(_ packet: Packet) -> Int {
    var length = packet.timestamp == 0 ? 0 : 12
    if packet.flags.contains(.syn) {
      if packet.maximumSegment != 0 { length += 4 }
      if packet.windowScale != nil { length += 4 }
      if packet.permitsSACK { length += 4 }
    }
    if packet.sackCount > 0 { length += 4 + 8 * packet.sackCount }
    return length
  }

  private mutating func tcpHeader(_ packet: Packet, _ options: Int) {
    big16(packet.sourcePort)
    big16(packet.destinationPort)
    big32(packet.sequence)
    big32(packet.acknowledgment)
    byte(UInt8((20 + options) / 4) << 4)
    byte(packet.flags.rawValue)
    big16(packet.window)
    big32(0)
    if packet.flags.contains(.syn) {
      if packet.maximumSegment != 0 { big32(0x0204_0000 | UInt32(packet.maximumSegment)) }
      if let scale = packet.windowScale { big32(0x0103_0300 | UInt32(scale)) }
      if packet.permitsSACK { big32(0x0101_0402) }
    }
    if packet.timestamp != 0 {
      big32(0x0101_080A)
      big32(packet.timestamp)
      big32(packet.timestampEcho)
    }
    if packet.sackCount > 0 {
      big32(0x0101_0502 &+ UInt32(8 * packet.sackCount))
      big32(packet.sacks.0)
      big32(packet.sacks.1)
      if packet.sackCount > 1 {
        big32(packet.sacks.2)
        big32(packet.sacks.3)
      }
    }
  }

  /// Data is all zero, so that the sum over it is known.
  private mutating func checksum(_ packet: Packet, at segment: Int, _ length: Int) {
    let addresses =
      packet.isIPv6 ? segment - 32..<segment : segment - 8..<segment
    let total = sum(addresses) &+ 6 &+ UInt64(length) &+ sum(segment..<count)
    put16(~fold(total) ^ packet.checksumError, at: segment + 16)
  }

  /// Writes as much of the data as is kept.
  private mutating func payload(_ length: Int) {
    let kept = max(0, min(length, snapLength - (count - start - 16)))
    for at in count..<count + kept { buffer[at] = 0 }
    count += length
  }

  // MARK: - Bytes

  private mutating func byte(_ value: UInt8) {
    buffer[count] = value
    count += 1
  }

  private mutating func big16(_ value: UInt16) {
    put16(value, at: count)
    count += 2
  }

  private mutating func put16(_ value: UInt16, at place: Int) {
    buffer[place] = UInt8(truncatingIfNeeded: value >> 8)
    buffer[place + 1] = UInt8(truncatingIfNeeded: value)
  }

  private mutating func big32(_ value: UInt32) {
    big16(UInt16(truncatingIfNeeded: value >> 16))
    big16(UInt16(truncatingIfNeeded: value))
  }

  private mutating func little32(_ value: UInt32) {
    big32(value.byteSwapped)
  }

  private func sum(_ range: Range<Int>) -> UInt64 {
    var total: UInt64 = 0
    var at = range.lowerBound
    while at < range.upperBound {
      total &+= UInt64(buffer[at]) << 8 | UInt64(buffer[at + 1])
      at += 2
    }
    return total
  }

  private func fold(_ sum: UInt64) -> UInt16 {
    var sum = sum
    while sum >> 16 != 0 { sum = (sum & 0xFFFF) &+ (sum >> 16) }
    return UInt16(sum)
  }

  private mutating func flush() throws {
    _ = try descriptor.writeAll(buffer[..<count])
    count = 0
  }
}
