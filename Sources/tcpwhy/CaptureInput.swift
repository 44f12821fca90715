import ArgumentParser
import FlowReport
import PacketCapture

/// Captures that are analysed together.
struct CaptureInput {
  /// The files, merged in order of time.
  var paths: [String]
  /// Whether it was found in a folder, so that it is shown under its name.
  var isFromFolder = false
  /// Which frames are wanted, as pcap-filter(7) has it; nil for all.
  var filter: String?
  /// Folders that could not be read on the way to it.
  var problems: [CaptureError] = []

  /// Its name in a sentence.
  var name: String { paths.count == 1 ? paths[0] : "\(paths.count) files" }

  /// How it is given on a command line.
  var shellText: String {
    let files = paths.prefix(3).map(CaptureInput.quoted)
    return (files + (filter.map { ["-f", CaptureInput.quoted($0)] } ?? [])).joined(separator: " ")
  }

  /// Whether Wireshark counts the connections as they are counted here.
  var hasStreamNumbers: Bool { paths.count == 1 && filter == nil }

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
  static func inputs(_ arguments: FilterWords) -> [CaptureInput] {
    var files: [String] = []
    var inputs: [CaptureInput] = []
    var problems: [CaptureError] = []
    for argument in arguments.paths {
      guard argument != "-", let folder = Folder(argument) else {
        files.append(argument)
        continue
      }
      for path in folder.files where isCapture(path) {
        inputs.append(CaptureInput(paths: [path], isFromFolder: true))
      }
      problems += folder.problems
    }
    if !files.isEmpty { inputs.insert(CaptureInput(paths: files), at: 0) }
    if !problems.isEmpty {
      if inputs.isEmpty { inputs.append(CaptureInput(paths: [])) }
      inputs[inputs.count - 1].problems = problems
    }
    for index in inputs.indices { inputs[index].filter = arguments.filter }
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

/// Which frames of a file are wanted.
struct FilterArguments: ParsableArguments {
  @Option(
    name: [.customShort("f"), .customLong("filter")],
    help: ArgumentHelp(
      "Take only frames that this filter wants, as pcap-filter(7) has it; or as words at the end.",
      valueName: "expression"))
  var expression: String?

  /// Parts files from the filter after them, and makes sure that it is one.
  func words(_ arguments: [String]) throws -> FilterWords {
    let words = FilterWords(arguments, filter: expression)
    if words.isGivenTwice {
      throw ValidationError("A filter is given with -f or with words at the end, not both.")
    }
    if let filter = words.filter {
      do throws(CaptureError) {
        _ = try BPFFilter(filter)
      } catch {
        throw ValidationError("\(error)".escapedForTerminal)
      }
    }
    return words
  }
}

/// The captures named on the command line.
struct InputArguments: ParsableArguments {
  @Argument(
    help: ArgumentHelp(
      """
      Captures to read, as one input in order of time. - is standard input. Of a folder, every \
      capture in it, each for itself. Words after them are a filter: port 443.
      """, valueName: "file"))
  var files: [String]

  @OptionGroup var filter: FilterArguments

  func validate() throws {
    _ = try filter.words(files)
  }

  /// The inputs, or the reason why there is none.
  func inputs() throws -> [CaptureInput] {
    let words = try filter.words(files)
    let inputs = CaptureInput.inputs(words)
    guard !inputs.isEmpty else {
      let names = words.paths.joined(separator: ", ").escapedForTerminal
      StandardError.write(line: "tcpwhy: \(names): no captures in there")
      throw EndStatus.unreadableInput
    }
    return inputs
  }
}
