/// What a capture says about one frame besides its bytes.
public struct FrameHeader: Sendable, BitwiseCopyable {
  /// Position in the whole input, from 1, as Wireshark counts.
  public var number: UInt64
  /// When the frame passed the point of capture.
  public var time: CaptureTime
  /// Length on the wire in bytes; larger than what was captured when a snap length cut it.
  public var originalLength: UInt32
  /// What the first byte belongs to.
  public var linkType: LinkType
  /// The interface the frame was seen on: its index in the file, 0 where there is one only.
  public var interface: UInt32

  @inlinable
  public init(
    number: UInt64, time: CaptureTime, originalLength: UInt32, linkType: LinkType,
    interface: UInt32 = 0
  ) {
    self.number = number
    self.time = time
    self.originalLength = originalLength
    self.linkType = linkType
    self.interface = interface
  }
}
