public import PacketDecoding
internal import SystemPackage

/// A capture file, or a capture that comes through a pipe, read from its start to its end once.
public struct CaptureFile: ~Copyable, Sendable {
  private var reader: LibpcapReader
  private let source: String

  /// Number of the next frame, from 1 over the whole input.
  public private(set) var nextFrameNumber: UInt64

  /// Opens a capture.
  ///
  /// - Parameters:
  ///   - path: The file, or `-` for standard input.
  ///   - firstFrameNumber: Number of its first frame, where it continues another file.
  public init(path: String, firstFrameNumber: UInt64 = 1) throws(CaptureError) {
    source = sourceName(path)
    reader = try LibpcapReader(descriptor: try openForReading(path), source: source)
    nextFrameNumber = firstFrameNumber
  }

  /// The link types of the interfaces seen so far, in the order of the file, each once.
  public var linkTypes: [LinkType] { [reader.linkType] }

  /// The largest snap length of any interface seen so far, bytes; 0 for none.
  public var snapLength: UInt32 { reader.snapLength }

  /// Fills `batch` with the next frames; what was in it is gone.
  ///
  /// - Returns: False at the end, with an empty batch.
  /// - Throws: What is wrong with the file, once all whole frames before were delivered.
  public mutating func read(into batch: inout FrameBatch) throws(CaptureError) -> Bool {
    try reader.read(into: &batch, number: &nextFrameNumber)
  }
}
