internal import SystemPackage

/// Where the bytes of a capture come from: a file or a pipe, through a program that unpacks them
/// when they are compressed.
struct ByteSource: ~Copyable, Sendable {
  let name: String
  private let descriptor: Int32
  private let size: UInt64?
  private let start: Int64
  private var passed: UInt64 = 0
  private var unpacking: Unpacking?

  /// Opens a file, or standard input for `-`.
  init(path: String) throws(CaptureError) {
    let name = sourceName(path)
    let descriptor = try openForReading(path)
    let file = FileDescriptor(rawValue: descriptor)
    var start: Int64 = 0
    var size: UInt64?
    if let status = try? Stat(file) {
      guard status.type != .directory else {
        closeDescriptor(descriptor)
        throw CaptureError(.isDirectory, source: name)
      }
      if status.type == .regular {
        start = (try? file.seek(offset: 0, from: .current)) ?? 0
        size = UInt64(max(0, status.size - start))
      }
    }
    self.name = name
    self.descriptor = descriptor
    self.start = start
    self.size = size
    unpacking = nil
  }

  deinit {
    closeDescriptor(descriptor)
  }

  /// Whether the bytes can be had again from the start.
  var isFile: Bool { size != nil }

  /// Bytes taken from the file so far, as they are stored, and how many there are.
  var progress: (read: UInt64, total: UInt64?) {
    switch unpacking {
    case .some: position
    case .none: (passed, size)
    }
  }

  /// The same when somebody else reads through our description of the file.
  var position: (read: UInt64, total: UInt64?) {
    guard isFile else { return (passed, nil) }
    let position = try? FileDescriptor(rawValue: descriptor).seek(offset: 0, from: .current)
    return (UInt64(max(0, (position ?? start) - start)), size)
  }

  /// Reads the first bytes, at least `length` of them where there are as many.
  mutating func readBeginning(_ length: Int) throws(CaptureError) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: length)
    var count = 0
    while count < length {
      let more = try read(into: &bytes, at: count..<length)
      if more == 0 { break }
      count += more
    }
    bytes.removeLast(length - count)
    return bytes
  }

  /// Lets a program unpack the bytes from their start, of which `beginning` has been read.
  mutating func unpack(_ compression: Compression, beginning: [UInt8]) throws(CaptureError) {
    if isFile {
      try rewind()
      unpacking = try Unpacking(compression, file: descriptor, name: name)
    } else {
      unpacking = try Unpacking(compression, pipeBeginning: beginning, name: name)
    }
  }

  /// Goes back to the start of a file.
  mutating func rewind() throws(CaptureError) {
    do {
      try FileDescriptor(rawValue: descriptor).seek(offset: start, from: .start)
    } catch {
      throw CaptureError(reading: name, error as? Errno ?? .ioError)
    }
    passed = 0
  }

  /// Reads up to the length of `range`, waiting for at least one byte; 0 at the end.
  mutating func read(into bytes: inout [UInt8], at range: Range<Int>) throws(CaptureError) -> Int {
    do throws(Errno) {
      if unpacking != nil {
        return try unpacking!.read(into: &bytes, at: range, from: descriptor, passed: &passed)
      }
      let length = try readDescriptor(descriptor, into: &bytes, at: range)
      passed += UInt64(length)
      return length
    } catch {
      throw CaptureError(reading: name, error)
    }
  }

  /// Asks, once `read` has returned 0, whether that was the real end.
  mutating func checkEnd(afterFrame frame: UInt64) throws(CaptureError) {
    guard unpacking != nil, let program = unpacking!.failedProgram() else { return }
    throw CaptureError(.decompressionFailed(program: program, frame: frame), source: name)
  }

  /// A descriptor of the same bytes for somebody else, who closes it.
  func duplicate() throws(CaptureError) -> Int32 {
    let bytes =
      switch unpacking {
      case .some(let unpacking): unpacking.output
      case .none: descriptor
      }
    do {
      return try FileDescriptor(rawValue: bytes).duplicate().rawValue
    } catch {
      throw CaptureError(reading: name, error as? Errno ?? .ioError)
    }
  }
}

extension CaptureError {
  init(reading name: String, _ code: Errno) {
    self.init(
      code == .isDirectory ? .isDirectory : .system(code.rawValue, doing: "reading"), source: name)
  }
}
