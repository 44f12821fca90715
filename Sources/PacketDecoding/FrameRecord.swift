/// One of many frames that lie in a block of bytes: what the capture says about it, and where it is.
public struct FrameRecord: Sendable, BitwiseCopyable {
  public var header: FrameHeader
  /// Offset of the first byte in the block.
  public var offset: UInt32
  /// Bytes captured.
  public var length: UInt32

  @inlinable
  public init(header: FrameHeader, offset: UInt32, length: UInt32) {
    self.header = header
    self.offset = offset
    self.length = length
  }

  /// No frame.
  @inlinable
  public init() {
    self.init(
      header: FrameHeader(number: 0, time: .epoch, originalLength: 0, linkType: .null), offset: 0,
      length: 0)
  }

  /// Where its captured bytes lie in the block.
  @inlinable
  public var range: Range<Int> { Int(offset)..<Int(offset) &+ Int(length) }
}
