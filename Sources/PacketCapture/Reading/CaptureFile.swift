public import PacketDecoding

/// A capture file, or a capture that comes through a pipe, read from its start to its end once.
///
/// pcap in both byte orders with stamps in microseconds or nanoseconds and in Kuznetzov's
/// modification, pcapng, and both compressed with gzip, zstd, lz4 or xz: told apart by their
/// content, never by the name.
public struct CaptureFile: ~Copyable, Sendable {
  private var reader: FileReader

  /// Number of the next frame, from 1 over the whole input.
  public private(set) var nextFrameNumber: UInt64

  /// Opens a capture. Waits for the first bytes of a pipe.
  ///
  /// - Parameters:
  ///   - path: The file, or `-` for standard input.
  ///   - firstFrameNumber: Number of its first frame, where it continues another file.
  ///   - reader: Who reads it.
  public init(
    path: String, firstFrameNumber: UInt64 = 1, reader: ReaderChoice = .automatic
  ) throws(CaptureError) {
    nextFrameNumber = firstFrameNumber
    var source = try ByteSource(path: path)
    let mayLook = reader == .automatic || source.isFile
    var beginning = mayLook ? try source.readBeginning(PcapFormat.headerLength) : []
    if let compression = FileSignature.compression(of: beginning) {
      try source.unpack(compression, beginning: beginning)
      if reader == .automatic {
        beginning = try source.readBeginning(PcapFormat.headerLength)
        if beginning.count < PcapFormat.headerLength { try source.checkEnd(afterFrame: 0) }
      }
    } else if reader == .libpcap, source.isFile {
      try source.rewind()
    }
    self.reader =
      switch reader {
      case .automatic: .blocks(try BlockReader(source, beginning: beginning))
      case .libpcap: .libpcap(try LibpcapReader(source))
      }
  }

  /// The link types of the interfaces seen so far, in the order of the file, each once.
  public var linkTypes: [LinkType] { reader.linkTypes }

  /// The largest snap length of any interface seen so far, bytes; 0 for none.
  public var snapLength: UInt32 { reader.snapLength }

  /// Bytes taken from the file so far, as they are stored (compressed, if they are).
  public var bytesRead: UInt64 { reader.progress.read }

  /// Bytes of the file; nil for a pipe.
  public var totalBytes: UInt64? { reader.progress.total }

  /// Fills `batch` with the next frames; what was in it is gone. Waits only until there is one
  /// whole frame.
  ///
  /// - Returns: False at the end, with an empty batch.
  /// - Throws: What is wrong with the file, once all whole frames before were delivered; the same
  ///   again if asked again.
  public mutating func read(into batch: inout FrameBatch) throws(CaptureError) -> Bool {
    try reader.read(into: &batch, number: &nextFrameNumber)
  }
}
