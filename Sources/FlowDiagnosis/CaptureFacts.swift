public import PacketDecoding

/// What is known about the capture as a whole.
///
/// Drops and one-sidedness are known in the end only. Rules on one connection do not look at them,
/// for what they find must not depend on when their connection was done: `weigh` does.
public struct CaptureFacts: Sendable {
  /// Frames the kernel dropped while capturing, if the source told.
  public var droppedByKernel: UInt64 = 0
  /// When the capture ended; nil while it goes on.
  public var end: CaptureTime?
  /// Whether no connection so far was seen in both directions, though some of those seen in one were
  /// answered: what is not in such a capture was not necessarily not sent.
  public var isOneSided = false

  public init() {}

  /// What is left of a finding in a capture that may lack frames; nil for nothing.
  public func weigh(_ finding: Finding) -> Finding? {
    guard isOneSided || droppedByKernel > 0 else { return finding }
    switch finding.trust {
    case .frames: return finding
    case .everyFrame: return droppedByKernel > 0 ? nil : finding
    // In a capture of one direction only repetitions show that nothing came.
    case .silence(let repetitions):
      if isOneSided, repetitions == 0 { return nil }
      var doubted = finding
      doubted.confidence = min(doubted.confidence, .likely)
      return doubted
    }
  }

  /// Whether the capture ended less than `pause` nanoseconds after `time`: what would have come then
  /// may have come unseen.
  func endsWithin(_ pause: Int64, of time: CaptureTime) -> Bool {
    guard let end else { return false }
    return end.nanoseconds(since: time) < pause
  }
}
