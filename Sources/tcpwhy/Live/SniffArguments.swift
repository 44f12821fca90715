import ArgumentParser
import PacketCapture
import PacketDecoding

/// What is captured, and how.
struct SniffSource: ParsableArguments {
  @Option(
    name: .shortAndLong,
    help: ArgumentHelp("Device; any is all of them.", valueName: "device"))
  var interface = "any"

  @Option(
    name: [.customShort("f"), .customLong("filter")],
    help: ArgumentHelp(
      "Filter, as pcap-filter(7) has it; or as words at the end.",
      valueName: "expression"))
  var expression: String?

  @Option(
    name: .shortAndLong, help: ArgumentHelp("End after so many frames.", valueName: "frames"))
  var count: UInt64?

  @Option(help: ArgumentHelp("End after this time: 30s, 10min, 2h.", valueName: "time"))
  var duration: TimeLength?

  @Option(
    name: [.customShort("s"), .customLong("snapshot-length")],
    help: ArgumentHelp(
      "Bytes kept of a frame: 256, or with -w 262144, unless set. 0 is 262144.",
      valueName: "bytes"))
  var snapLength: Int?

  @Flag(
    name: [.customShort("p"), .customLong("no-promiscuous-mode")],
    help: "Do not ask for frames to other hosts.")
  var isNotPromiscuous = false

  @Option(
    name: [.customShort("B"), .customLong("buffer-size")],
    help: ArgumentHelp("Size of the kernel's ring.", valueName: "KiB"))
  var bufferSize = 16 * 1024

  @Flag(
    name: [.customLong("immediate"), .customLong("immediate-mode")],
    help: "Take each frame as it comes, not in blocks.")
  var isImmediate = false

  @Option(
    name: [.customShort("Z"), .customLong("relinquish-privileges")],
    help: ArgumentHelp(
      "Whom to become once the device is open: who called sudo, else nobody, unless set.",
      valueName: "user"))
  var user: String?

  @Flag(name: .customShort("n"), help: .hidden)
  var numeric: Int

  @Argument(help: ArgumentHelp("Filter, as pcap-filter(7) has it.", valueName: "filter"))
  var words: [String] = []

  func validate() throws {
    if expression != nil, !words.isEmpty {
      throw ValidationError("A filter is given with -f or with words at the end, not both.")
    }
    if count == 0 { throw ValidationError("-c takes a number above 0.") }
    guard (0...262_144).contains(snapLength ?? 0) else {
      throw ValidationError("-s is between 0 and 262144.")
    }
    guard (64...2_097_151).contains(bufferSize) else {
      throw ValidationError("-B is between 64 and 2097151 KiB.")
    }
  }

  func options(_ file: SniffFile) -> LiveCaptureOptions {
    var options = LiveCaptureOptions()
    switch snapLength {
    case nil: options.snapLength = file.path == nil ? 256 : 262_144
    case 0: options.snapLength = 262_144
    case let length?: options.snapLength = length
    }
    // All devices at once cannot be set promiscuous.
    options.isPromiscuous = !isNotPromiscuous && interface != "any"
    options.bufferSize = bufferSize * 1024
    options.isImmediate = isImmediate
    let filter = expression ?? words.joined(separator: " ")
    options.filter = filter.isEmpty ? nil : filter
    return options
  }
}

/// Where captured frames are kept.
struct SniffFile: ParsableArguments {
  @Option(
    name: [.customShort("w"), .customLong("write")],
    help: ArgumentHelp(
      "Write the frames to a pcap file. With - they go to standard output, and all else to "
        + "standard error.", valueName: "file"))
  var path: String?

  @Option(
    help: ArgumentHelp(
      "Begin a new file at this size or after this time: 100MB, 1h, or 100MB,1h.",
      valueName: "limit"))
  var rotate: RotationChoice?

  @Option(help: ArgumentHelp("Keep no more files than this.", valueName: "files"))
  var keep: Int?

  func validate() throws {
    if rotate != nil, path == nil || path == "-" {
      throw ValidationError("--rotate needs -w with a file.")
    }
    if let keep {
      guard rotate != nil else { throw ValidationError("--keep needs --rotate.") }
      guard keep > 0 else { throw ValidationError("--keep takes a number above 0.") }
    }
  }

  func open(
    _ linkType: LinkType, _ snapLength: UInt32, _ user: Privileges.User
  ) throws(CaptureError) -> CaptureWriter? {
    guard let path else { return nil }
    return try CaptureWriter(
      path: path, linkType: linkType, snapLength: snapLength,
      rotation: CaptureRotation(bytes: rotate?.bytes, seconds: rotate?.seconds, keep: keep),
      owner: user)
  }

  /// Makes sure that further files can be made by the user we have become.
  func checkRotation() throws(CaptureError) {
    guard rotate != nil, let path else { return }
    try CaptureWriter.checkFolder(of: path)
  }
}
