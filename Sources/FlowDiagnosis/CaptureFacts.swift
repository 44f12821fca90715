public import PacketDecoding

/// What is known about the capture as a whole.
public struct CaptureFacts: Sendable {
  /// Frames the kernel dropped while capturing, if the source told.
  public var droppedByKernel: UInt64 = 0
  /// When the capture ended; nil while it goes on.
  public var end: CaptureTime?
  /// Whether no connection so far was seen in both directions, though some of those seen in one were
  /// answered: what is not in such a capture was not necessarily not sent.
  public var isOneSided = false

  public init() {}

  /// Whether the capture ended less than `pause` nanoseconds after `time`: what would have come then
  /// may have come unseen.
  func endsWithin(_ pause: Int64, of time: CaptureTime) -> Bool {
    guard let end else { return false }
    return end.nanoseconds(since: time) < pause
  }
}
