internal import PacketDecoding

/// The records of a pcap file
/// (<https://www.ietf.org/archive/id/draft-ietf-opsawg-pcap-05.html>).
///
///     record:  | seconds | fraction | captured length | original length | bytes …
///     modified records carry eight bytes more before the bytes.
struct PcapFormat: Sendable {
  let order: ByteOrder
  let linkType: LinkType
  /// Bytes; 0 when the file sets none.
  let snapLength: UInt32
  private let recordHeaderLength: Int
  private let nanosecondsPerFraction: Int64
  private let lengthOrder: LengthOrder

  /// Length of the file header, bytes.
  static let headerLength = 24
  /// Length of what all records begin with.
  private static let commonHeaderLength = 16

  /// Which of the two lengths of a record comes first.
  private enum LengthOrder {
    case capturedFirst
    /// Versions before 2.3, and 543.0 of DG/UX.
    case originalFirst
    /// Version 2.3 was written both ways: the smaller one is the captured length.
    case undecided
  }

  /// Whether a file that begins with `magic` (read as little endian) is a pcap file.
  static func recognizes(_ magic: UInt32) -> Bool {
    variant(magic) != nil || variant(magic.byteSwapped) != nil
  }

  /// Nanoseconds per unit of the fraction, and the length of a record header.
  private static func variant(_ magic: UInt32) -> (Int64, Int)? {
    switch magic {
    case 0xa1b2_c3d4: (1000, 16)
    case 0xa1b2_3c4d: (1, 16)
    // Kuznetzov's patch: interface index, protocol and packet type in each record.
    case 0xa1b2_cd34: (1000, 24)
    default: nil
    }
  }

  /// Reads the header of a file, `headerLength` bytes.
  init(_ header: Span<UInt8>) throws(CaptureError.Kind) {
    guard header.count >= PcapFormat.headerLength else { throw .notACapture }
    let magic = header.integer32(at: 0, .little)
    if let (scale, length) = PcapFormat.variant(magic) {
      order = .little
      nanosecondsPerFraction = scale
      recordHeaderLength = length
    } else if let (scale, length) = PcapFormat.variant(magic.byteSwapped) {
      order = .big
      nanosecondsPerFraction = scale
      recordHeaderLength = length
    } else {
      throw .notACapture
    }
    let major = header.integer16(at: 4, order)
    let minor = header.integer16(at: 6, order)
    switch (major, minor) {
    case (2, 0...2), (543, 0): lengthOrder = .originalFirst
    case (2, 3): lengthOrder = .undecided
    case (2, 4): lengthOrder = .capturedFirst
    default: throw .unsupported("pcap version \(major).\(minor)")
    }
    snapLength = header.integer32(at: 16, order)
    // The upper six bits tell the length of a frame check sequence.
    linkType = LinkType(inFile: header.integer32(at: 20, order) & 0x03ff_ffff)
  }

  /// Walks the records in the window and notes their frames in `batch`.
  func walk(_ batch: inout FrameBatch, _ window: inout BlockWindow, number: inout UInt64) -> WalkEnd
  {
    let block = batch.bytes
    var records = batch.records.mutableSpan
    var count = 0
    // One loop for each order of bytes, which asks for it no more.
    let end =
      switch order {
      case .little: walk(block.span, .little, &records, &count, &window, &number)
      case .big: walk(block.span, .big, &records, &count, &window, &number)
      }
    batch.count = count
    return end
  }

  @inline(__always)
  private func walk(
    _ bytes: Span<UInt8>, _ order: ByteOrder, _ records: inout MutableSpan<FrameRecord>,
    _ count: inout Int, _ window: inout BlockWindow, _ number: inout UInt64
  ) -> WalkEnd {
    let first = number &- UInt64(truncatingIfNeeded: count)
    let linkType = linkType
    let nanosecondsPerFraction = nanosecondsPerFraction
    let lengthOrder = lengthOrder
    let recordHeaderLength = recordHeaderLength
    var position = window.position
    let end = min(window.end, bytes.count)
    let limit = records.count
    var index = count
    defer {
      window.position = position
      number &+= UInt64(index &- count)
      count = index
    }
    while true {
      guard end &- position >= recordHeaderLength else { return .needs(recordHeaderLength) }
      // Of a length that the compiler knows: one check for all of them.
      let record = bytes.extracting(position..<position &+ PcapFormat.commonHeaderLength)
      var captured = record.integer32(at: 8, order)
      var original = record.integer32(at: 12, order)
      if lengthOrder != .capturedFirst,
        lengthOrder == .originalFirst || captured > original
      {
        swap(&captured, &original)
      }
      guard captured <= FrameBatch.frameLimit else {
        return .failed(
          .corrupt(
            frame: first &+ UInt64(index), offset: window.base + UInt64(position),
            what: "a captured length of \(captured) bytes"))
      }
      let whole = recordHeaderLength &+ Int(captured)
      guard end &- position >= whole else { return .needs(whole) }
      guard index < limit else { return .full }
      let seconds = Int64(record.integer32(at: 0, order))
      let fraction = Int64(record.integer32(at: 4, order))
      records[index] = FrameRecord(
        header: FrameHeader(
          number: first &+ UInt64(truncatingIfNeeded: index),
          time: CaptureTime(
            nanoseconds: seconds &* 1_000_000_000 &+ fraction &* nanosecondsPerFraction),
          originalLength: original, linkType: linkType),
        offset: UInt32(truncatingIfNeeded: position &+ recordHeaderLength), length: captured)
      index &+= 1
      position &+= whole
    }
  }
}

extension LinkType {
  /// The link type a file's header means: 12 and 14 are what BSD systems wrote for raw IP before
  /// link types had numbers of their own (<https://www.tcpdump.org/linktypes.html>).
  init(inFile value: UInt32) {
    self = value == 12 || value == 14 ? .raw : LinkType(rawValue: value)
  }
}
