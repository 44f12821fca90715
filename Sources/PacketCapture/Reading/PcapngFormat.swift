internal import PacketDecoding

/// The blocks of a pcapng file
/// (<https://www.ietf.org/archive/id/draft-ietf-opsawg-pcapng-03.html>).
///
///     block:  | type | total length | body … | total length again |
///
/// Sections, interfaces and packets are followed, all other blocks passed over.
struct PcapngFormat: Sendable {
  private var order = ByteOrder.little
  private var interfaces: [PcapngInterface] = []
  /// Interfaces described in the sections before this one.
  private var interfacesBefore: UInt32 = 0
  private var insideSection = false
  private(set) var linkTypes: [LinkType] = []
  private(set) var snapLength: UInt32 = 0

  /// Type of a section header block, a palindrome: the same in both byte orders.
  static let sectionHeader: UInt32 = 0x0a0d_0d0a

  /// Blocks up to this many bytes are read whole before they are looked at; only the beginning of
  /// longer ones is.
  private static let wholeBlockLimit = 384 * 1024

  /// Bytes of an enhanced packet block without a packet.
  private static let packetLength = 32

  /// A section with more is not worth the memory.
  private static let interfaceLimit = 65_536

  init() {}

  /// Walks the blocks in the window and notes their frames in `batch`.
  mutating func walk(
    _ batch: inout FrameBatch, _ window: inout BlockWindow, number: inout UInt64
  ) -> WalkEnd {
    let block = batch.bytes
    while true {
      if window.skip == 0 { walkPackets(block.span, &batch, &window, number: &number) }
      window.drain()
      guard window.skip == 0 else { return .needs(1) }
      guard window.available >= 12 else { return .needs(12) }
      let bytes = block.span.extracting(window.position..<window.end)
      let type = bytes.integer32(at: 0, .little)
      if type == PcapngFormat.sectionHeader {
        guard let sectionOrder = PcapngFormat.order(ofSection: bytes) else {
          return failure(insideSection ? "an impossible byte-order magic" : nil, window, number)
        }
        order = sectionOrder
      }
      let length = Int(bytes.integer32(at: 4, order))
      guard length >= 12, length % 4 == 0 else {
        return failure("a block length of \(length) bytes", window, number)
      }
      let isWhole = length <= PcapngFormat.wholeBlockLimit
      let needed = isWhole ? length : PcapngFormat.wholeBlockLimit
      guard bytes.count >= needed else { return .needs(needed) }
      if isWhole {
        let trailer = Int(bytes.integer32(at: length - 4, order))
        guard trailer == length else {
          return failure("block lengths \(length) and \(trailer) that differ", window, number)
        }
      }
      guard batch.count < FrameBatch.capacity else { return .full }
      let body = bytes.extracting(8..<(isWhole ? length - 4 : needed))
      let record: PcapngRecord
      do throws(PcapngDamage) {
        record = try take(order == .little ? type : type.byteSwapped, body)
      } catch {
        switch error {
        case .contradiction(let what): return failure(what, window, number)
        case .unsupported(let what): return .failed(.unsupported(what))
        }
      }
      switch record {
      case .frame(var header, let start, let captured):
        header.number = number
        batch.records[batch.count] = FrameRecord(
          header: header, offset: UInt32(window.position + 8 + start), length: captured)
        batch.count += 1
        number += 1
      case .event: number += 1
      case .other: break
      }
      window.skip = UInt64(length)
    }
  }

  /// Walks as many whole enhanced packet blocks of one interface as follow each other: what most files
  /// are made of. Whatever else comes, and whatever is wrong with one, is left to `walk`.
  private func walkPackets(
    _ bytes: Span<UInt8>, _ batch: inout FrameBatch, _ window: inout BlockWindow,
    number: inout UInt64
  ) {
    guard window.end - window.position >= PcapngFormat.packetLength else { return }
    let block = bytes.extracting(window.position..<window.position + PcapngFormat.packetLength)
    let index = Int(block.integer32(at: 8, order))
    guard index < interfaces.count, let nanoseconds = interfaces[index].clock.nanosecondsPerTick
    else { return }
    let interface = UInt32(truncatingIfNeeded: index)
    let header = FrameHeader(
      number: number, time: .epoch, originalLength: 0, linkType: interfaces[index].linkType,
      interface: interfacesBefore &+ interface)
    let before = batch.count
    var count = before
    var records = batch.records.mutableSpan
    // One loop for each order of bytes, which asks for it no more.
    switch order {
    case .little:
      PcapngFormat.walkPackets(
        bytes, .little, interface, header, nanoseconds, &records, &count, &window)
    case .big:
      PcapngFormat.walkPackets(
        bytes, .big, interface, header, nanoseconds, &records, &count, &window)
    }
    number &+= UInt64(count &- before)
    batch.count = count
  }

  /// - Parameters:
  ///   - interface: The only one wanted.
  ///   - first: What the headers of its frames have in common, and the number of the first.
  ///   - nanoseconds: A tick of its clock.
  @inline(__always)
  private static func walkPackets(
    _ bytes: Span<UInt8>, _ order: ByteOrder, _ interface: UInt32, _ first: FrameHeader,
    _ nanoseconds: UInt64, _ records: inout MutableSpan<FrameRecord>, _ count: inout Int,
    _ window: inout BlockWindow
  ) {
    var position = window.position
    var header = first
    var index = count
    let end = min(window.end, bytes.count)
    while index < records.count, end &- position >= packetLength {
      // Of a length that the compiler knows: one check for all of them.
      let block = bytes.extracting(position..<position &+ packetLength)
      let length = Int(block.integer32(at: 4, order))
      let captured = block.integer32(at: 20, order)
      guard block.integer32(at: 0, order) == 6, block.integer32(at: 8, order) == interface,
        length >= packetLength, length & 3 == 0, length <= end &- position,
        length <= wholeBlockLimit, Int(captured) <= length &- packetLength,
        captured <= FrameBatch.frameLimit,
        bytes.extracting(position &+ length &- 4..<position &+ length).integer32(at: 0, order)
          == UInt32(truncatingIfNeeded: length)
      else { break }
      let ticks =
        UInt64(block.integer32(at: 12, order)) << 32 | UInt64(block.integer32(at: 16, order))
      let (time, overflow) = ticks.multipliedReportingOverflow(by: nanoseconds)
      guard !overflow, time <= UInt64(Int64.max) else { break }
      header.time = CaptureTime(nanoseconds: Int64(truncatingIfNeeded: time))
      header.originalLength = block.integer32(at: 24, order)
      records[index] = FrameRecord(
        header: header, offset: UInt32(truncatingIfNeeded: position &+ 28), length: captured)
      header.number &+= 1
      index &+= 1
      position &+= length
    }
    window.position = position
    count = index
  }

  private func failure(_ what: String?, _ window: BlockWindow, _ number: UInt64) -> WalkEnd {
    guard let what else { return .failed(.notACapture) }
    return .failed(.corrupt(frame: number, offset: window.offset, what: what))
  }

  private static func order(ofSection block: Span<UInt8>) -> ByteOrder? {
    switch block.integer32(at: 8, .little) {
    case 0x1a2b_3c4d: .little
    case 0x4d3c_2b1a: .big
    default: nil
    }
  }

  /// Takes in one block; `body` is what lies between its two lengths, or the beginning of that.
  private mutating func take(
    _ type: UInt32, _ body: Span<UInt8>
  ) throws(PcapngDamage) -> PcapngRecord {
    switch type {
    case PcapngFormat.sectionHeader:
      try beginSection(body)
      return .other
    case 1:
      try addInterface(body)
      return .other
    case 2:
      guard body.count >= 20 else { throw .contradiction("a packet block too short") }
      return try packet(body, interface: Int(body.integer16(at: 0, order)))
    case 6:
      guard body.count >= 20 else { throw .contradiction("a packet block too short") }
      return try packet(body, interface: Int(body.integer32(at: 0, order)))
    case 3:
      return try simplePacket(body)
    // Custom blocks, the systemd journal and the system calls of Sysdig: Wireshark numbers them
    // as frames.
    case 0xbad, 0x4000_0bad, 9, 0x204, 0x208, 0x216, 0x221:
      return .event
    default:
      return .other
    }
  }

  private mutating func beginSection(_ body: Span<UInt8>) throws(PcapngDamage) {
    guard body.count >= 16 else { throw .contradiction("a section header too short") }
    let major = body.integer16(at: 4, order)
    let minor = body.integer16(at: 6, order)
    guard major == 1, minor == 0 || minor == 2 else {
      throw .unsupported("pcapng version \(major).\(minor)")
    }
    interfacesBefore &+= UInt32(truncatingIfNeeded: interfaces.count)
    interfaces.removeAll(keepingCapacity: true)
    insideSection = true
  }

  private mutating func addInterface(_ body: Span<UInt8>) throws(PcapngDamage) {
    guard let interface = PcapngInterface(body, order) else {
      throw .contradiction("an interface description too short")
    }
    guard interfaces.count < PcapngFormat.interfaceLimit else {
      throw .contradiction("more than \(PcapngFormat.interfaceLimit) interfaces in a section")
    }
    interfaces.append(interface)
    snapLength = max(snapLength, interface.snapLength)
    if linkTypes.count < 64, !linkTypes.contains(interface.linkType) {
      linkTypes.append(interface.linkType)
    }
  }

  /// An enhanced packet block, or the obsolete packet block, whose interface takes two bytes and
  /// is followed by a count of drops. Both go on with the time, high half first, and the lengths.
  private func packet(
    _ body: Span<UInt8>, interface index: Int
  ) throws(PcapngDamage) -> PcapngRecord {
    guard index < interfaces.count else {
      throw .contradiction("interface \(index), which was not described")
    }
    let captured = body.integer32(at: 12, order)
    guard captured <= FrameBatch.frameLimit, Int(captured) <= body.count - 20 else {
      throw .contradiction("a captured length of \(captured) bytes")
    }
    let ticks =
      UInt64(body.integer32(at: 4, order)) << 32 | UInt64(body.integer32(at: 8, order))
    let header = FrameHeader(
      number: 0, time: interfaces[index].clock.time(ticks),
      originalLength: body.integer32(at: 16, order), linkType: interfaces[index].linkType,
      interface: interfacesBefore &+ UInt32(truncatingIfNeeded: index))
    return .frame(header, start: 20, captured: captured)
  }

  /// A simple packet block: no time, always on the first interface, cut to its snap length.
  private func simplePacket(_ body: Span<UInt8>) throws(PcapngDamage) -> PcapngRecord {
    guard let interface = interfaces.first else {
      throw .contradiction("a packet before any interface")
    }
    guard body.count >= 4 else { throw .contradiction("a packet block too short") }
    let original = body.integer32(at: 0, order)
    var captured = min(original, UInt32(body.count - 4))
    if interface.snapLength != 0 { captured = min(captured, interface.snapLength) }
    guard captured <= FrameBatch.frameLimit else {
      throw .contradiction("a captured length of \(captured) bytes")
    }
    let header = FrameHeader(
      number: 0, time: .epoch, originalLength: original, linkType: interface.linkType,
      interface: interfacesBefore)
    return .frame(header, start: 4, captured: captured)
  }
}

/// What a block turned out to be.
private enum PcapngRecord {
  /// A frame, its bytes from `start` of the block's body on.
  case frame(FrameHeader, start: Int, captured: UInt32)
  /// Something that takes a frame number but is no frame.
  case event
  case other
}

/// Why a block cannot be right.
private enum PcapngDamage: Error {
  case contradiction(String)
  case unsupported(String)
}
