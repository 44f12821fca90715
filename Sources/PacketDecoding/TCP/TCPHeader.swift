/// A TCP header (RFC 9293 §3.1), read straight into a segment.
///
/// ```
///  0        1        2                 4                 6
/// +-----------------+-----------------+-----------------------------------+
/// |   source port   |   destination   |          sequence number          |
/// +-----------------+-----------------+----+---+--------+-----------------+
/// |       acknowledgment number       |offs|rsv| flags  |     window      |
/// +-----------------+-----------------+----+---+--------+-----------------+
/// |     checksum    | urgent pointer  |   options, up to 40 bytes …
/// +-----------------+-----------------+------------------------------------
/// ```
enum TCPHeader {
  /// Bytes without options.
  static let minimumLength = 20
  /// Bytes up to the window. A segment whose capture ends before cannot be tracked and is a
  /// problem; one cut later is a segment with a truncation.
  static let trackedLength = 16
}

extension Segment {
  /// Reads the header, options and checksum.
  ///
  /// - Parameters:
  ///   - bytes: What was captured of the segment, padding excluded.
  ///   - envelope: What IP says; its payload is the segment.
  ///   - verifiesChecksum: Whether to look at the checksum at all.
  @inline(__always)
  mutating func readTCP(
    _ bytes: Span<UInt8>, envelope: PacketEnvelope, verifiesChecksum: Bool
  ) throws(DecodeProblem) {
    guard bytes.count >= TCPHeader.trackedLength else {
      throw .short(
        .tcp, needed: TCPHeader.trackedLength, available: bytes.count, demandedBy: .trackedFields)
    }
    source = envelope.source
    destination = envelope.destination
    identification = envelope.identification
    hopLimit = envelope.hopLimit
    explicitCongestion = envelope.explicitCongestion
    packetLength = UInt32(truncatingIfNeeded: envelope.packetLength)
    sourcePort = bytes.uint16(at: 0)
    destinationPort = bytes.uint16(at: 2)
    sequence = bytes.uint32(at: 4)
    acknowledgment = bytes.uint32(at: 8)
    let offsetAndFlags = bytes.uint16(at: 12)
    flags = TCPFlags(rawValue: offsetAndFlags & 0x1ff)
    window = bytes.uint16(at: 14)
    clearOptions()

    let length = Int(offsetAndFlags >> 12) &* 4
    let isPlausible = length >= TCPHeader.minimumLength && length <= envelope.payloadLength
    payloadLength = isPlausible ? UInt32(truncatingIfNeeded: envelope.payloadLength &- length) : 0
    guard bytes.count >= TCPHeader.minimumLength else {
      urgentPointer = 0
      truncation = .header
      if !isPlausible { options = .malformed }
      return
    }
    urgentPointer = bytes.uint16(at: 18)
    guard isPlausible else {
      options = .malformed
      return
    }
    if length > TCPHeader.minimumLength {
      readOptions(bytes.extracting(TCPHeader.minimumLength..<min(length, bytes.count)), of: length)
    }
    if verifiesChecksum, envelope.isChecksumCovered, bytes.count >= envelope.payloadLength {
      checksum = ChecksumState(segment: bytes, envelope: envelope)
    }
  }

  /// Forgets what an earlier frame left in the fields that are not always written.
  @inline(__always)
  private mutating func clearOptions() {
    options = []
    timestampValue = 0
    timestampEchoReply = 0
    maximumSegmentSize = 0
    windowShift = 0
    sackCount = 0
    sackBlocks = SACKBlocks(repeating: SACKBlock(left: 0, right: 0))
    fastOpenCookieLength = 0
    multipathSubtype = 0
    checksum = .unverified
    truncation = .none
  }
}
