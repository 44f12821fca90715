#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Finds the files in a folder.
enum Folder {
  /// Folders in folders are followed no deeper than this.
  private static let depthLimit = 32

  /// The regular files in a folder and the folders in it, in the order of their names; nil if the
  /// path is no folder. Hidden files are left out, links to folders are not followed.
  static func files(in path: String) -> [String]? {
    files(in: path, depth: 0)
  }

  private static func files(in path: String, depth: Int) -> [String]? {
    guard depth < depthLimit, let entries = entries(of: path) else { return nil }
    var files: [String] = []
    for entry in entries.sorted(by: { $0.name < $1.name }) where !entry.name.hasPrefix(".") {
      let inner = path.hasSuffix("/") ? path + entry.name : "\(path)/\(entry.name)"
      if entry.mayBeFolder, let found = Folder.files(in: inner, depth: depth + 1) {
        files += found
      } else if entry.mayBeFile {
        files.append(inner)
      }
    }
    return files
  }

  private struct Entry {
    var name: String
    var mayBeFolder: Bool
    var mayBeFile: Bool
  }

  private static func entries(of path: String) -> [Entry]? {
    // The stream is open until it is closed below, and each entry is valid until the next is read.
    guard let folder = unsafe opendir(path) else { return nil }
    defer { unsafe _ = closedir(folder) }
    var entries: [Entry] = []
    while let entry = unsafe readdir(folder) {
      let type = Int32(unsafe entry.pointee.d_type)
      let name = unsafe withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
        unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
      }
      entries.append(
        Entry(
          name: name, mayBeFolder: type == Int32(DT_DIR) || type == Int32(DT_UNKNOWN),
          mayBeFile: type == Int32(DT_REG) || type == Int32(DT_LNK) || type == Int32(DT_UNKNOWN)))
    }
    return entries
  }
}
