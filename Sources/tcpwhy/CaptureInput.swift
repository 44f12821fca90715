import ArgumentParser
import PacketCapture

/// Captures that are analysed together.
struct CaptureInput {
  /// The files, merged in order of time.
  var paths: [String]
  /// Whether it was found in a folder, so that it is shown under its name.
  var isFromFolder = false

  /// Its name in a sentence.
  var name: String { paths.count == 1 ? paths[0] : "\(paths.count) files" }

  /// How it is given on a command line.
  var shellText: String { paths.prefix(3).map(CaptureInput.quoted).joined(separator: " ") }

  private static func quoted(_ path: String) -> String {
    let isPlain = path.unicodeScalars.allSatisfy {
      $0.properties.isAlphabetic || ("0"..."9").contains($0)
        || "/._-+=:,@%".unicodeScalars.contains($0)
    }
    if isPlain, !path.isEmpty { return path }
    return "'"
      + path.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''")
      + "'"
  }

  /// The inputs that arguments stand for: all files together are one, each capture in a folder is
  /// one of its own.
  static func inputs(_ arguments: [String]) -> [CaptureInput] {
    var files: [String] = []
    var inputs: [CaptureInput] = []
    for argument in arguments {
      guard argument != "-", let found = Folder.files(in: argument) else {
        files.append(argument)
        continue
      }
      for path in found where isCapture(path) {
        inputs.append(CaptureInput(paths: [path], isFromFolder: true))
      }
    }
    if !files.isEmpty { inputs.insert(CaptureInput(paths: files), at: 0) }
    return inputs
  }

  /// Whether a file is a capture, by its content. One that cannot be read is taken for one, so that
  /// the reason is told.
  private static func isCapture(_ path: String) -> Bool {
    do throws(CaptureError) {
      _ = try CaptureFile(path: path)
      return true
    } catch {
      return error.kind != .notACapture && error.kind != .empty
    }
  }
}

/// The captures named on the command line.
struct InputArguments: ParsableArguments {
  @Argument(
    help: ArgumentHelp(
      """
      Captures to read, as one input in order of time. - is standard input. Of a folder, every \
      capture in it, each for itself.
      """, valueName: "file"))
  var files: [String]

  /// The inputs, or the reason why there is none.
  func inputs() throws -> [CaptureInput] {
    let inputs = CaptureInput.inputs(files)
    guard !inputs.isEmpty else {
      StandardError.write(line: "tcpwhy: \(files.joined(separator: ", ")): no captures in there")
      throw EndStatus.unreadableInput
    }
    return inputs
  }
}
