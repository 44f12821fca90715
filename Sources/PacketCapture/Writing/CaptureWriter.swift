public import PacketDecoding
internal import SystemPackage

/// Writes frames to a pcap file, or to several in turn.
///
/// The file is good at any moment up to the last flush: only whole records are written, and what
/// a full disk took of the last one is cut away again.
public struct CaptureWriter: ~Copyable, Sendable {
  /// What stamps in the file count.
  public enum Precision: Sendable, Hashable {
    case microseconds, nanoseconds
  }

  private let path: String
  private let linkType: LinkType
  private let snapLength: UInt32
  private let precision: Precision
  private let rotation: CaptureRotation
  private let owner: Privileges.User?
  private var descriptor: Int32
  private var index = 0
  private var buffer: [UInt8] = []
  /// Bytes of whole records in the file.
  private var written: UInt64 = 0
  private var start: CaptureTime?

  /// Frames written, in all files.
  public private(set) var frameCount: UInt64 = 0

  private static let flushLength = 128 * 1024

  /// Creates the file and writes its header. Only the owner may read it: it holds what others
  /// sent. While the process is root it is given to `owner`.
  ///
  /// - Parameters:
  ///   - path: The file, replaced if it exists; `-` is standard output.
  ///   - linkType: Of all frames that will be written.
  ///   - snapLength: What the header says; bytes.
  public init(
    path: String, linkType: LinkType, snapLength: UInt32 = 262_144,
    precision: Precision = .nanoseconds, rotation: CaptureRotation = CaptureRotation(),
    owner: Privileges.User? = nil
  ) throws(CaptureError) {
    let header = CaptureWriter.header(linkType, snapLength, precision)
    descriptor = try CaptureWriter.create(path, header: header, owner: owner)
    self.path = path
    self.linkType = linkType
    self.snapLength = snapLength
    self.precision = precision
    self.rotation = rotation
    self.owner = owner
    buffer.reserveCapacity(CaptureWriter.flushLength + FrameBatch.frameLimit + 16)
    written = UInt64(header.count)
  }

  deinit {
    closeDescriptor(descriptor)
  }

  /// Adds a frame; it reaches the file with the next flush at the latest. Frames of another link
  /// type than the file's cannot be written.
  public mutating func write(
    _ bytes: Span<UInt8>, _ header: FrameHeader
  ) throws(CaptureError) {
    guard header.linkType == linkType else {
      throw CaptureError(
        .unsupported("a frame of link type \(header.linkType.rawValue)"), source: path)
    }
    if isFull(adding: 16 + bytes.count, at: header.time) { try rotate() }
    start = start ?? header.time
    addRecord(bytes, header)
    frameCount += 1
    if buffer.count >= CaptureWriter.flushLength { try flush() }
  }

  /// Adds the frames of a batch.
  public mutating func write(_ batch: borrowing FrameBatch) throws(CaptureError) {
    for index in 0..<batch.count {
      try write(batch.bytes.span.extracting(batch.range(at: index)), batch.header(at: index))
    }
  }

  /// Brings all that was added into the file.
  public mutating func flush() throws(CaptureError) {
    guard !buffer.isEmpty else { return }
    defer { buffer.removeAll(keepingCapacity: true) }
    let file = FileDescriptor(rawValue: descriptor)
    do {
      try file.writeAll(buffer)
      written += UInt64(buffer.count)
    } catch {
      try? file.resize(to: Int64(clamping: written))
      throw CaptureError(writing: path, error as? Errno ?? .ioError)
    }
  }

  // MARK: Rotation

  private func isFull(adding length: Int, at time: CaptureTime) -> Bool {
    guard path != "-", let start else { return false }
    if let limit = rotation.bytes, written + UInt64(buffer.count + length) > limit { return true }
    guard let seconds = rotation.seconds else { return false }
    return time.nanoseconds(since: start) / 1_000_000_000 >= Int64(seconds)
  }

  private mutating func rotate() throws(CaptureError) {
    try flush()
    let header = CaptureWriter.header(linkType, snapLength, precision)
    let next = try CaptureWriter.create(
      CaptureRotation.name(path, index: index + 1), header: header, owner: owner)
    closeDescriptor(descriptor)
    descriptor = next
    index += 1
    written = UInt64(header.count)
    start = nil
    if let keep = rotation.keep, index >= max(1, keep) {
      CaptureWriter.remove(CaptureRotation.name(path, index: index - max(1, keep)))
    }
  }

  // MARK: Format

  private static func header(
    _ linkType: LinkType, _ snapLength: UInt32, _ precision: Precision
  ) -> [UInt8] {
    let magic: UInt32 = precision == .nanoseconds ? 0xa1b2_3c4d : 0xa1b2_c3d4
    // Version 2.4, two fields nobody uses, and what the reader must know.
    let words: [UInt32] = [magic, 2 | 4 << 16, 0, 0, snapLength, linkType.rawValue]
    return words.flatMap(littleEndian)
  }

  private mutating func addRecord(_ bytes: Span<UInt8>, _ header: FrameHeader) {
    let billion: Int64 = 1_000_000_000
    let time = min(max(0, header.time.nanoseconds), Int64(UInt32.max) * billion + billion - 1)
    let fraction = time % billion
    add32(UInt32(time / billion))
    add32(UInt32(precision == .nanoseconds ? fraction : fraction / 1000))
    add32(UInt32(bytes.count))
    add32(max(header.originalLength, UInt32(bytes.count)))
    // The view is valid for the closure.
    unsafe bytes.withUnsafeBufferPointer { unsafe buffer.append(contentsOf: $0) }
  }

  private mutating func add32(_ value: UInt32) {
    buffer.append(UInt8(truncatingIfNeeded: value))
    buffer.append(UInt8(truncatingIfNeeded: value >> 8))
    buffer.append(UInt8(truncatingIfNeeded: value >> 16))
    buffer.append(UInt8(truncatingIfNeeded: value >> 24))
  }
}

private func littleEndian(_ value: UInt32) -> [UInt8] {
  [
    UInt8(truncatingIfNeeded: value), UInt8(truncatingIfNeeded: value >> 8),
    UInt8(truncatingIfNeeded: value >> 16), UInt8(truncatingIfNeeded: value >> 24),
  ]
}
