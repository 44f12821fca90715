internal import PacketDecoding

/// Frames of a pcap or pcapng file by our own walk over blocks of 256 KiB.
///
/// Blocks are read straight into the batch; the beginning of a record that did not fit waits here
/// for the next batch. A read that returns less than a block delivers the whole frames it has.
struct BlockReader: ~Copyable, Sendable {
  private var source: ByteSource
  private var window = BlockWindow()
  private var rest: [UInt8]
  private var format: Format

  private static let blockLength = 256 * 1024

  private enum Format: Sendable {
    case pcap(PcapFormat)
    case pcapng(PcapngFormat)
  }

  /// - Parameters:
  ///   - source: Where the bytes come from.
  ///   - beginning: What was read of it already; more is read until the kind of file is clear.
  init(_ source: consuming ByteSource, beginning: [UInt8]) throws(CaptureError) {
    let magic = beginning.count >= 4 ? beginning.span.integer32(at: 0, .little) : 0
    do throws(CaptureError.Kind) {
      if PcapFormat.recognizes(magic) {
        guard beginning.count >= PcapFormat.headerLength else {
          throw .truncated(
            frame: 1, offset: 0,
            missing: UInt64(PcapFormat.headerLength - beginning.count))
        }
        format = .pcap(try PcapFormat(beginning.span))
        window.position = PcapFormat.headerLength
      } else if magic == PcapngFormat.sectionHeader {
        format = .pcapng(PcapngFormat())
      } else {
        throw FileSignature.refusal(of: beginning)
      }
    } catch {
      throw CaptureError(error, source: source.name)
    }
    window.end = beginning.count
    rest = beginning
    self.source = source
  }

  /// Bytes of the file taken in so far, and its size where it has one.
  var progress: (read: UInt64, total: UInt64?) { source.progress }

  var linkTypes: [LinkType] {
    switch format {
    case .pcap(let format): [format.linkType]
    case .pcapng(let format): format.linkTypes
    }
  }

  var snapLength: UInt32 {
    switch format {
    case .pcap(let format): format.snapLength
    case .pcapng(let format): format.snapLength
    }
  }

  /// Fills `batch` with the next frames and numbers them from `number`, which is advanced.
  ///
  /// - Returns: False at the end, with an empty batch.
  mutating func read(
    into batch: inout FrameBatch, number: inout UInt64
  ) throws(CaptureError) -> Bool {
    batch.count = 0
    restore(&batch)
    defer { save(batch) }
    while true {
      let end = walk(&batch, number: &number)
      if batch.count > 0 { return true }
      switch end {
      case .full:
        continue
      case .failed(let kind):
        throw CaptureError(kind, source: source.name)
      case .needs(let length):
        if try refill(&batch) { continue }
        try source.checkEnd(afterFrame: number - 1)
        guard window.available > 0 || window.skip > 0 else { return false }
        throw CaptureError(
          .truncated(
            frame: number, offset: window.offset,
            missing: window.skip > 0 ? window.skip : UInt64(length - window.available)),
          source: source.name)
      }
    }
  }

  private mutating func walk(_ batch: inout FrameBatch, number: inout UInt64) -> WalkEnd {
    switch format {
    case .pcap(let pcap):
      return pcap.walk(&batch, &window, number: &number)
    case .pcapng(var pcapng):
      let end = pcapng.walk(&batch, &window, number: &number)
      format = .pcapng(pcapng)
      return end
    }
  }

  /// Puts what the last batch left to the start of this batch's block.
  private mutating func restore(_ batch: inout FrameBatch) {
    let length = window.available
    window.base += UInt64(window.position)
    batch.bytes.replaceSubrange(0..<length, with: rest[window.position..<window.end])
    window.position = 0
    window.end = length
  }

  /// Keeps what the walk did not take, for the next batch.
  private mutating func save(_ batch: borrowing FrameBatch) {
    let length = window.available
    window.base += UInt64(window.position)
    rest.removeAll(keepingCapacity: true)
    rest.append(contentsOf: batch.bytes[window.position..<window.end])
    window.position = 0
    window.end = length
  }

  /// Reads the next block behind the bytes that wait; false at the end of the file.
  private mutating func refill(_ batch: inout FrameBatch) throws(CaptureError) -> Bool {
    if window.position > 0 {
      let length = window.available
      if length > 0 {
        batch.bytes.replaceSubrange(
          0..<length, with: Array(batch.bytes[window.position..<window.end]))
      }
      window.base += UInt64(window.position)
      window.position = 0
      window.end = length
    }
    let upper = min(batch.bytes.count, window.end + BlockReader.blockLength)
    let length = try source.read(into: &batch.bytes, at: window.end..<upper)
    window.end += length
    return length > 0
  }
}
