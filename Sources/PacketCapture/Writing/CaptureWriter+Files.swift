internal import Glibc
internal import SystemPackage

extension CaptureWriter {
  /// Creates a file that begins with `header`; for `-` writes it to a copy of standard output.
  static func create(
    _ path: String, header: [UInt8], owner: Privileges.User?
  ) throws(CaptureError) -> Int32 {
    let descriptor = try create(path, owner: owner)
    do {
      try FileDescriptor(rawValue: descriptor).writeAll(header)
    } catch {
      closeDescriptor(descriptor)
      throw CaptureError(writing: path, error as? Errno ?? .ioError)
    }
    return descriptor
  }

  private static func create(
    _ path: String, owner: Privileges.User?
  ) throws(CaptureError) -> Int32 {
    do {
      if path == "-" { return try FileDescriptor.standardOutput.duplicate().rawValue }
      let file = try FileDescriptor.open(
        FilePath(path), .writeOnly, options: [.create, .truncate, .closeOnExec],
        permissions: .ownerReadWrite)
      if let owner, Privileges.isRoot, (try? Stat(file))?.type == .regular,
        fchown(file.rawValue, owner.userID, owner.groupID) != 0
      {
        let code = Errno(rawValue: errno)
        try? file.close()
        throw code
      }
      return file.rawValue
    } catch {
      throw CaptureError(writing: path, error as? Errno ?? .ioError)
    }
  }

  /// Makes sure that the user we are can make further files beside one.
  package static func checkFolder(of path: String) throws(CaptureError) {
    let folder = FilePath(path).removingLastComponent()
    let name = folder.isEmpty ? "." : folder.string
    // The string outlives the call.
    guard unsafe access(name, W_OK | X_OK) != 0 else { return }
    throw CaptureError(
      .system(errno, doing: "making further files as user \(Privileges.currentUser)"), source: name)
  }

  /// Deletes a file that is kept no longer; that it is gone already is as good.
  static func remove(_ path: String) {
    // The string outlives the call.
    _ = unsafe unlink(path)
  }
}

extension CaptureError {
  init(writing path: String, _ code: Errno) {
    let kind: Kind =
      switch code {
      case .permissionDenied, .notPermitted: .permissionDenied
      case .isDirectory: .isDirectory
      case .noSuchFileOrDirectory, .notDirectory: .notFound
      default: .system(code.rawValue, doing: "writing")
      }
    self.init(kind, source: path == "-" ? "standard output" : path)
  }
}
