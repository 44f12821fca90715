/// What the kernel counted while a device was captured.
public struct CaptureStatistics: Sendable, Hashable {
  /// Frames that passed the filter, those dropped included.
  public var received: UInt64 = 0
  /// Frames dropped because the ring was full: we were too slow, or the ring too small.
  public var droppedByKernel: UInt64 = 0
  /// Frames the device or its driver dropped, where it tells.
  public var droppedByInterface: UInt64 = 0

  public init() {}

  /// Takes in what libpcap says, whose counters have 32 bits and wrap.
  mutating func advance(received: UInt32, kernel: UInt32, interface: UInt32) {
    self.received += UInt64(received &- UInt32(truncatingIfNeeded: self.received))
    droppedByKernel += UInt64(kernel &- UInt32(truncatingIfNeeded: droppedByKernel))
    droppedByInterface += UInt64(interface &- UInt32(truncatingIfNeeded: droppedByInterface))
  }
}
