import Foundation
import PacketCapture
import PacketDecoding

/// The files of the repository that tests read.
enum Repository {
  static let root = URL(filePath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

  /// All captures, by their path below `Captures`, in order.
  static let captures: [String] = files(below: "Captures").filter { $0.hasSuffix(".pcap") }

  /// The smallest capture of each group and link type.
  static let samples: [String] = {
    Dictionary(grouping: captures) { capture in
      capture.prefix { $0 != "/" } + "\(bytes(of: capture).dropFirst(20).prefix(4))"
    }.values
      .compactMap { $0.min { (bytes(of: $0).count, $0) < (bytes(of: $1).count, $1) } }.sorted()
  }()

  static func path(of capture: String) -> String {
    root.appending(path: "Captures/\(capture)").path
  }

  static func bytes(of capture: String) -> [UInt8] {
    (try? Data(contentsOf: URL(filePath: path(of: capture)))).map(Array.init) ?? []
  }

  /// Regular files below a folder of the repository, by their path below it, in order.
  static func files(below folder: String) -> [String] {
    let paths = FileManager.default.subpaths(atPath: root.appending(path: folder).path) ?? []
    return paths.filter { path in
      var isFolder: ObjCBool = false
      let whole = root.appending(path: "\(folder)/\(path)").path
      // The result outlives the call.
      return unsafe FileManager.default.fileExists(atPath: whole, isDirectory: &isFolder)
        && !isFolder.boolValue
    }.sorted()
  }
}

/// A file that lives as long as this value.
final class ScratchFile {
  let path: String

  init() {
    path = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString).path
  }

  deinit {
    try? FileManager.default.removeItem(atPath: path)
  }

  func write(_ bytes: [UInt8]) throws {
    try Data(bytes).write(to: URL(filePath: path))
  }
}

/// Takes a file the whole way; what is wrong with it ends it early, as it does for users.
///
/// - Returns: How many frames there were.
func analyze(_ path: String, output: Analysis.Forms = .all) -> Int {
  var batch = FrameBatch()
  var analysis = Analysis(output: output)
  var frames = 0
  do throws(CaptureError) {
    var file = try CaptureFile(path: path)
    while try file.read(into: &batch) {
      frames += batch.count
      for index in 0..<batch.count {
        batch.withFrame(at: index) { analysis.take($0, $1) }
      }
      analysis.drain()
    }
  } catch {}
  analysis.finish()
  return frames
}

/// Numbers that depend on the seed alone (SplitMix64).
struct Generator: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
    return mixed ^ (mixed >> 31)
  }
}
