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
  /// The experiment identifier of Fast Open before it had a kind (RFC 6994, RFC 7413 §7).
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
    } else {
      walkOptions(bytes, length: headerLength &- TCPHeader.minimumLength)
    }
  }

  @inline(never)
  private mutating func walkOptions(_ bytes: Span<UInt8>, length: Int) {
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
    switch (kind, option.count) {
    case (TCPOptionKind.maximumSegmentSize, 4):
      options.insert(.maximumSegmentSize)
      maximumSegmentSize = option.uint16(at: 2)
    case (TCPOptionKind.windowScale, 3):
      options.insert(.windowScale)
      windowShift = option[2]
    case (TCPOptionKind.sackPermitted, 2):
      options.insert(.sackPermitted)
    case (TCPOptionKind.sack, 10), (TCPOptionKind.sack, 18), (TCPOptionKind.sack, 26),
      (TCPOptionKind.sack, 34):
      options.insert(.sack)
      readSACK(option)
    case (TCPOptionKind.timestamps, 10):
      options.insert(.timestamps)
      timestampValue = option.uint32(at: 2)
      timestampEchoReply = option.uint32(at: 6)
    case (TCPOptionKind.md5Signature, 18):
      options.insert(.md5Signature)
    case (TCPOptionKind.userTimeout, 4):
      options.insert(.userTimeout)
    case (TCPOptionKind.authentication, 4...):
      options.insert(.authentication)
    case (TCPOptionKind.multipath, 3...):
      options.insert(.multipath)
      multipathSubtype = option[2] >> 4
    case (TCPOptionKind.fastOpen, 2...18):
      options.insert(.fastOpen)
      fastOpenCookieLength = UInt8(truncatingIfNeeded: option.count &- 2)
    case (TCPOptionKind.accurateECN0, 2...11), (TCPOptionKind.accurateECN1, 2...11):
      options.insert(.accurateECN)
    case (TCPOptionKind.experiment, 4...)
    where option.uint16(at: 2) == TCPOptionKind.fastOpenExperiment:
      options.insert(.fastOpen)
      fastOpenCookieLength = UInt8(truncatingIfNeeded: option.count &- 4)
    case (TCPOptionKind.maximumSegmentSize, _), (TCPOptionKind.windowScale, _),
      (TCPOptionKind.sackPermitted, _), (TCPOptionKind.sack, _), (TCPOptionKind.timestamps, _),
      (TCPOptionKind.md5Signature, _), (TCPOptionKind.userTimeout, _),
      (TCPOptionKind.authentication, _), (TCPOptionKind.multipath, _),
      (TCPOptionKind.fastOpen, _), (TCPOptionKind.accurateECN0, _),
      (TCPOptionKind.accurateECN1, _):
      options.insert(.malformed)
    default:
      options.insert(.unknown)
    }
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
