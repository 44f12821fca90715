import ArgumentParser
import SystemPackage

/// `generate MODE`
@main
struct Generate: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Write captures to measure with. The same options give the same bytes.",
    discussion: """
      short: connections of ten segments. bulk: downloads on few connections. flood: one SYN each. \
      scale: like bulk, on many connections that stay open. mixed: hosts and a path that do \
      everything wrong.
      """)

  enum Mode: String, ExpressibleByArgument, CaseIterable {
    case short, bulk, flood, scale, mixed
  }

  @Argument var mode: Mode

  @Option var seed: UInt64 = 1

  @Option(help: "Of short and mixed.")
  var connections = 1000

  @Option(help: "Of bulk, flood and scale.")
  var packets = 1_000_000

  @Option(help: "Connections open at once, of short, bulk and scale.")
  var open: Int?

  @Option(help: "Of scale: so many segments of each connection, in turns, in place of --packets.")
  var rounds: Int?

  @Option(help: "Nanoseconds from one segment to the next, on average; not of mixed.")
  var spacing = 1000

  @Option(name: .customLong("snap-length"), help: "Bytes kept of each frame.")
  var snapLength = 128

  @Option(name: [.short, .long], help: "Where to; standard output if not given.")
  var output: String?

  func validate() throws {
    guard connections > 0, packets > 0, open ?? 1 > 0, (1...1_000_000_000).contains(spacing),
      (54...65_535).contains(snapLength)
    else {
      throw ValidationError(
        "Counts are above 0, the snap length between 54 and 65535, the spacing up to a second.")
    }
  }

  func run() throws {
    let descriptor =
      if let output {
        try FileDescriptor.open(
          FilePath(output), .writeOnly, options: [.create, .truncate],
          permissions: [
            .ownerReadWrite, .groupRead, .otherRead,
          ])
      } else {
        FileDescriptor.standardOutput
      }
    if mode == .mixed {
      try Mixed.write(connections: connections, seed: seed, to: descriptor)
      return
    }
    var healthy = Healthy(
      CaptureOutput(descriptor: descriptor, snapLength: snapLength), seed: seed,
      nanosecondsApart: spacing)
    switch mode {
    case .short: try healthy.short(connections: connections, open: open ?? 1000)
    case .bulk: try healthy.bulk(packets: packets, open: open ?? 8)
    case .flood: try healthy.flood(packets: packets)
    case .scale:
      let open = open ?? 1_000_000
      try healthy.bulk(
        packets: rounds.map { $0 * open } ?? packets, open: open, inTurns: rounds != nil)
    case .mixed: break
    }
    try healthy.close()
  }
}
