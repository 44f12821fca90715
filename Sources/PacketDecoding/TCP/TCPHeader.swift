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
  /// Reads the header, options and checksum; the fields of IP must be there already.
  ///
  /// - Parameters:
  ///   - bytes: What was captured of the segment, padding excluded: at least
  ///     `TCPHeader.trackedLength` bytes, which the caller checked.
  ///   - segmentLength: Bytes of header and payload on the wire.
  ///   - verifiesChecksum: Whether to look at the checksum, if the whole segment was captured.
  @inline(__always)
  mutating func readTCP(
    _ bytes: Span<UInt8>, length segmentLength: Int, verifiesChecksum: Bool
  ) {
    sourcePort = bytes.uint16(at: 0)
    destinationPort = bytes.uint16(at: 2)
    sequence = bytes.uint32(at: 4)
    acknowledgment = bytes.uint32(at: 8)
    let offsetAndFlags = bytes.uint16(at: 12)
    flags = TCPFlags(rawValue: offsetAndFlags & 0x1ff)
    window = bytes.uint16(at: 14)
    clearOptions()

    let length = Int(offsetAndFlags >> 12) &* 4
    let isPlausible = length >= TCPHeader.minimumLength && length <= segmentLength
    payloadLength = isPlausible ? UInt32(truncatingIfNeeded: segmentLength &- length) : 0
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
    if verifiesChecksum, bytes.count >= segmentLength {
      checksum = ChecksumState(
        segment: bytes.extracting(0..<segmentLength), source: source, destination: destination)
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
