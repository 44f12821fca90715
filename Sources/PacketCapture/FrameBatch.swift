public import PacketDecoding

/// Some consecutive frames of one input: their headers and their bytes, in memory the batch owns
/// and uses again each time it is filled.
///
/// `PacketDecoder` goes through `records` and `bytes` in one go where the frames allow it; one frame after
/// the other is
///
///     let bytes = batch.bytes.span
///     for index in 0..<batch.count {
///       decode(bytes.extracting(batch.range(at: index)), batch.header(at: index))
///     }
public struct FrameBatch: ~Copyable, Sendable {
  /// The block the frames lie in, with other things of the file between them: only what
  /// `range(at:)` gives belongs to frames of this batch.
  public internal(set) var bytes: [UInt8]

  /// Frames in the batch, 0...`capacity`.
  public internal(set) var count = 0

  /// The frames, and behind them room for more.
  public internal(set) var records: [FrameRecord]

  /// Bytes of the block that `append` has used.
  private var appended = 0

  /// The most frames a batch holds.
  public static var capacity: Int { 4096 }

  /// The most bytes of one frame that are kept; a frame in a capture cannot be longer.
  public static var frameLimit: Int { 262_144 }

  /// An empty batch with room for a block of a file.
  public init() {
    bytes = [UInt8](repeating: 0, count: 2 * FrameBatch.frameLimit)
    records = [FrameRecord](repeating: FrameRecord(), count: FrameBatch.capacity)
  }

  /// What the capture says about the frame at `index`, 0..<`count`.
  @inlinable
  public func header(at index: Int) -> FrameHeader { frame(at: index).header }

  /// Where the captured bytes of the frame at `index`, 0..<`count`, lie in `bytes`.
  @inlinable
  public func range(at index: Int) -> Range<Int> { frame(at: index).range }

  /// Both of them, for the frame at `index`, 0..<`count`.
  @inlinable @inline(__always)
  public func frame(at index: Int) -> (header: FrameHeader, range: Range<Int>) {
    precondition(index >= 0 && index < count)
    return (records[index].header, records[index].range)
  }

  /// Drops the frames for which `isIncluded` is false; the others keep their numbers.
  public mutating func keep(where isIncluded: (Span<UInt8>, FrameHeader) -> Bool) {
    var kept = 0
    for index in 0..<count {
      let (header, range) = frame(at: index)
      guard isIncluded(bytes.span.extracting(range), header) else { continue }
      records[kept] = records[index]
      kept += 1
    }
    count = kept
  }

  mutating func removeAll() {
    count = 0
    appended = 0
  }

  /// Copies a frame to the end, at most `frameLimit` bytes; false when there is no room.
  mutating func append(_ frame: ArraySlice<UInt8>, _ header: FrameHeader) -> Bool {
    guard count < FrameBatch.capacity, frame.count <= bytes.count - appended else { return false }
    bytes.replaceSubrange(appended..<appended + frame.count, with: frame)
    records[count] = FrameRecord(
      header: header, offset: UInt32(appended), length: UInt32(frame.count))
    appended += frame.count
    count += 1
    return true
  }

  /// Adds `shift` to all frame numbers.
  mutating func renumber(by shift: UInt64) {
    for index in 0..<count { records[index].header.number &+= shift }
  }

  /// Calls `body` with the captured bytes of the frame at `index`, 0..<`count`.
  @inlinable
  public func withFrame<Result: ~Copyable, Failure: Error>(
    at index: Int, _ body: (Span<UInt8>, FrameHeader) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    let (header, range) = frame(at: index)
    return try body(bytes.span.extracting(range), header)
  }
}
