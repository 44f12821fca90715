/// Kinds and lengths of TCP options
/// (<https://www.iana.org/assignments/tcp-parameters/tcp-parameters.xhtml>).
enum TCPOptionKind {
  static let maximumSegmentSize: UInt8 = 2
  static let windowScale: UInt8 = 3
  static let sackPermitted: UInt8 = 4
  static let sack: UInt8 = 5
  static let timestamps: UInt8 = 8
  static let md5Signature: UInt8 = 19
  static let userTimeout: UInt8 = 28
  static let authentication: UInt8 = 29
  static let multipath: UInt8 = 30
  static let fastOpen: UInt8 = 34
  static let accurateECN0: UInt8 = 172
  static let accurateECN1: UInt8 = 174
  static let experiment: UInt8 = 254
  /// The experiment identifier of Fast Open before it had a kind (RFC 6994, RFC 7413 §9).
  static let fastOpenExperiment: UInt16 = 0xf989
}

extension Segment {
  /// Reads the options.
  ///
  /// - Parameters:
  ///   - bytes: What was captured of them.
  ///   - headerLength: Bytes of the whole header: 24...60.
  @inline(__always)
  mutating func readOptions(_ bytes: Span<UInt8>, of headerLength: Int) {
    // Two paddings and timestamps, the layout of RFC 7323 appendix A, make up most traffic.
    if headerLength == 32, bytes.count == 12, bytes.uint32(at: 0) == 0x0101_080a {
      options = .timestamps
      timestampValue = bytes.uint32(at: 4)
      timestampEchoReply = bytes.uint32(at: 8)
    } else if headerLength == 40, bytes.count == 20, bytes.uint32(at: 4) == 0x0402_080a,
      bytes.uint16(at: 0) == 0x0204, bytes.uint32(at: 16) >> 8 == 0x01_0303
    {
      // The SYN of Linux: MSS, SACK permitted, timestamps, padding, window scale.
      options = .maximumSegmentSize.union(.sackPermitted).union(.timestamps).union(.windowScale)
      maximumSegmentSize = bytes.uint16(at: 2)
      timestampValue = bytes.uint32(at: 8)
      timestampEchoReply = bytes.uint32(at: 12)
      windowShift = bytes[19]
    } else {
      walkOptions(bytes, length: headerLength &- TCPHeader.minimumLength)
    }
  }

  /// Reads options of any layout.
  @inline(never)
  mutating func walkOptions(_ bytes: Span<UInt8>, length: Int) {
    var cursor = TCPOptionCursor(length: length)
    while true {
      switch cursor.next(in: bytes) {
      case .option(let kind, let offset, let length):
        readOption(kind, bytes.extracting(offset..<offset + length))
      case .end: return
      case .malformed:
        options.insert(.malformed)
        return
      case .cut:
        truncation = .options
        return
      }
    }
  }

  /// Reads one option. A known kind of a length its standard does not allow is passed over and
  /// marked, as receivers do, since the walk can go on behind it.
  private mutating func readOption(_ kind: UInt8, _ option: Span<UInt8>) {
    let length = option.count
    switch kind {
    case TCPOptionKind.maximumSegmentSize:
      guard note(.maximumSegmentSize, if: length == 4) else { return }
      maximumSegmentSize = option.uint16(at: 2)
    case TCPOptionKind.windowScale:
      guard note(.windowScale, if: length == 3) else { return }
      windowShift = option[2]
    case TCPOptionKind.sackPermitted:
      _ = note(.sackPermitted, if: length == 2)
    case TCPOptionKind.sack:
      guard note(.sack, if: length >= 10 && length <= 34 && length & 7 == 2) else { return }
      readSACK(option)
    case TCPOptionKind.timestamps:
      guard note(.timestamps, if: length == 10) else { return }
      timestampValue = option.uint32(at: 2)
      timestampEchoReply = option.uint32(at: 6)
    case TCPOptionKind.md5Signature:
      _ = note(.md5Signature, if: length == 18)
    case TCPOptionKind.userTimeout:
      _ = note(.userTimeout, if: length == 4)
    case TCPOptionKind.authentication:
      _ = note(.authentication, if: length >= 4)
    case TCPOptionKind.multipath:
      guard note(.multipath, if: length >= 3) else { return }
      multipathSubtype = option[2] >> 4
    case TCPOptionKind.fastOpen:
      guard note(.fastOpen, if: length <= 18) else { return }
      fastOpenCookieLength = UInt8(truncatingIfNeeded: length &- 2)
    case TCPOptionKind.accurateECN0, TCPOptionKind.accurateECN1:
      _ = note(.accurateECN, if: length <= 11)
    case TCPOptionKind.experiment
    where length >= 4 && option.uint16(at: 2) == TCPOptionKind.fastOpenExperiment:
      options.insert(.fastOpen)
      fastOpenCookieLength = UInt8(truncatingIfNeeded: length &- 4)
    default:
      options.insert(.unknown)
    }
  }

  /// Notes an option, or that one was malformed.
  ///
  /// - Returns: Whether its length was right.
  @inline(__always)
  private mutating func note(_ kind: TCPOptionKinds, if lengthIsRight: Bool) -> Bool {
    options.insert(lengthIsRight ? kind : .malformed)
    return lengthIsRight
  }

  private mutating func readSACK(_ option: Span<UInt8>) {
    var offset = 2
    var count = 0
    while count < 4, offset + 8 <= option.count {
      sackBlocks[count] = SACKBlock(
        left: option.uint32(at: offset), right: option.uint32(at: offset + 4))
      offset += 8
      count += 1
    }
    sackCount = UInt8(truncatingIfNeeded: count)
  }
}
