internal import Glibc
internal import SystemPackage

/// The entries of a folder.
package enum Directory {
  /// What stands in a folder under a name.
  package enum Entry: Equatable, Sendable {
    case folder
    /// A regular file, or a link to one.
    case file
    /// A pipe, a socket, a device, a link to one or to a folder or to nothing: opening it may wait
    /// for ever or have effects.
    case other
  }

  /// The names in a folder with what they are, sorted; nil if the path is no folder.
  package static func entries(
    of path: String
  ) throws(CaptureError) -> [(name: String, entry: Entry)]? {
    // The stream is open until it is closed below, and each entry is valid until the next is read.
    guard let folder = unsafe opendir(path) else {
      // What else is wrong with a path, who opens it as a file will tell.
      guard errno == EACCES, isFolder(path) else { return nil }
      throw CaptureError(.permissionDenied, source: path)
    }
    defer { unsafe _ = closedir(folder) }
    var entries: [(name: String, entry: Entry)] = []
    while true {
      errno = 0
      guard let entry = unsafe readdir(folder) else { break }
      let type = Int32(unsafe entry.pointee.d_type)
      // The name ends with a zero inside of its field.
      let name = unsafe withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
        unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      if name == "." || name == ".." { continue }
      entries.append((name, kind(type, join(path, name))))
    }
    let code = Errno(rawValue: errno)
    guard code.rawValue == 0 else { throw CaptureError(reading: path, code) }
    return entries.sorted { $0.name < $1.name }
  }

  /// The path of a name in a folder.
  package static func join(_ folder: String, _ name: String) -> String {
    folder.hasSuffix("/") ? folder + name : "\(folder)/\(name)"
  }

  private static func kind(_ type: Int32, _ path: String) -> Entry {
    switch type {
    case Int32(DT_REG): .file
    case Int32(DT_DIR): .folder
    case Int32(DT_LNK): isFile(path) ? .file : .other
    case Int32(DT_UNKNOWN): isFile(path) ? .file : isFolder(path) ? .folder : .other
    default: .other
    }
  }

  private static func isFile(_ path: String) -> Bool {
    (try? Stat(FilePath(path)))?.type == .regular
  }

  private static func isFolder(_ path: String) -> Bool {
    (try? Stat(FilePath(path)))?.type == .directory
  }
}
