/// How a device is to be captured.
public struct LiveCaptureOptions: Sendable, Hashable {
  /// The most bytes kept of a frame, 1...262,144.
  public var snapLength = 262_144
  /// Whether frames for other hosts are wanted too.
  public var isPromiscuous = true
  /// Size of the kernel's ring in bytes; nil for libpcap's default of 2 MiB.
  public var bufferSize: Int?
  /// Whether each frame is handed over as it comes, at a higher price, and not in blocks.
  public var isImmediate = false
  /// Milliseconds after which a block that is not full is handed over.
  public var blockTimeout = 100
  /// A filter in the language of pcap-filter(7), applied in the kernel; nil for all frames.
  public var filter: String?

  public init() {}
}
