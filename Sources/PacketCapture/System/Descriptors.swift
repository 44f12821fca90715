internal import Glibc
internal import SystemPackage

/// Opens a capture file for reading; `-` is standard input, of which a copy is given.
func openForReading(_ path: String) throws(CaptureError) -> Int32 {
  do {
    let descriptor =
      path == "-"
      ? try FileDescriptor.standardInput.duplicate()
      : try FileDescriptor.open(FilePath(path), .readOnly, options: .closeOnExec)
    return descriptor.rawValue
  } catch {
    throw CaptureError(opening: path, error as? Errno ?? .ioError)
  }
}

/// Closes a descriptor of ours; there is nothing to be done about an error.
func closeDescriptor(_ descriptor: Int32) {
  try? FileDescriptor(rawValue: descriptor).close()
}

/// Reads once into a part of `bytes`; 0 at the end.
func readDescriptor(
  _ descriptor: Int32, into bytes: inout [UInt8], at range: Range<Int>
) throws(Errno) -> Int {
  do {
    return try unsafe bytes.withUnsafeMutableBytes { buffer in
      // Slicing checks the range; the slice lives as long as the closure.
      try unsafe FileDescriptor(rawValue: descriptor)
        .read(into: UnsafeMutableRawBufferPointer(rebasing: buffer[range]))
    }
  } catch {
    throw error as? Errno ?? .ioError
  }
}

/// What `waitUntilReady` found.
struct Readiness {
  var first = false
  var second = false
  var writable = false
  /// The first descriptor has an error to tell.
  var failed = false
}

/// Waits until one of the descriptors can be read or written without waiting, has ended or
/// failed, or the time is over. A signal ends the wait with nothing ready.
///
/// - Parameter milliseconds: Negative to wait for ever.
func waitUntilReady(
  reading first: Int32, and second: Int32? = nil, writing third: Int32? = nil,
  milliseconds: Int32 = -1
) throws(Errno) -> Readiness {
  // poll() passes over descriptors that are negative.
  var entries = [
    pollfd(fd: first, events: Int16(POLLIN), revents: 0),
    pollfd(fd: second ?? -1, events: Int16(POLLIN), revents: 0),
    pollfd(fd: third ?? -1, events: Int16(POLLOUT), revents: 0),
  ]
  // The array is alive for the call and has as many entries as is said.
  let count = unsafe entries.withUnsafeMutableBufferPointer { buffer in
    unsafe poll(buffer.baseAddress, nfds_t(buffer.count), milliseconds)
  }
  if count < 0 {
    guard errno == EINTR else { throw Errno(rawValue: errno) }
    return Readiness()
  }
  return Readiness(
    first: entries[0].revents != 0, second: entries[1].revents != 0,
    writable: entries[2].revents != 0,
    failed: entries[0].revents & Int16(POLLERR | POLLHUP | POLLNVAL) != 0)
}

/// How a path is called in messages.
func sourceName(_ path: String) -> String {
  path == "-" ? "standard input" : path
}

extension CaptureError {
  init(opening path: String, _ code: Errno) {
    let kind: Kind =
      switch code {
      case .noSuchFileOrDirectory, .notDirectory: .notFound
      case .permissionDenied, .notPermitted: .permissionDenied
      case .isDirectory: .isDirectory
      default: .system(code.rawValue, doing: "opening")
      }
    self.init(kind, source: sourceName(path))
  }
}

extension String {
  /// The text before the first zero in a C buffer, unreadable bytes replaced.
  init(terminated buffer: [CChar]) {
    self.init(
      decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}
