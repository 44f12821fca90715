import PacketCapture

/// Finds the files in a folder.
struct Folder {
  /// The regular files in it and in the folders in it, in the order of their names.
  private(set) var files: [String] = []
  /// Folders that could not be read.
  private(set) var problems: [CaptureError] = []

  /// Folders in folders are followed no deeper than this.
  private static let depthLimit = 32

  /// Looks for the files in a folder; nil if the path is none. Hidden files are left out, links to
  /// folders are not followed.
  init?(_ path: String) {
    guard add(path, depth: 0) else { return nil }
  }

  /// False if the path is no folder.
  private mutating func add(_ path: String, depth: Int) -> Bool {
    do throws(CaptureError) {
      guard let entries = try Directory.entries(of: path) else { return false }
      for (name, entry) in entries where !name.hasPrefix(".") {
        let inner = Directory.join(path, name)
        switch entry {
        case .file: files.append(inner)
        case .folder: if depth < Folder.depthLimit { _ = add(inner, depth: depth + 1) }
        case .other: break
        }
      }
    } catch {
      problems.append(error)
    }
    return true
  }
}
