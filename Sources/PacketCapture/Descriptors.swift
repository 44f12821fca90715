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
