import ArgumentParser
import PacketCapture
import TCPModel

/// How much of the machine an analysis may use.
struct ResourceOptions: ParsableArguments {
  @Option(
    name: .customLong("threads"),
    help: ArgumentHelp(
      """
      Threads: 2 decode beside tracking, more divide the connections. The output is the same. \
      Without: as many as there are processors, 4 at most.
      """, valueName: "count"))
  var wantedThreads: Int?

  /// How many threads to use. With four, the one that reads and decodes has as much to do as any other:
  /// more would wait for it.
  var threads: Int { wantedThreads ?? min(Processors.available, 4) }

  @Option(
    help: ArgumentHelp(
      "Hold no more connections than this at once; closed ones go first.", valueName: "count"))
  var maxConnections: Int?

  @Option(
    help: ArgumentHelp(
      "Hold no more connections than fit into this: 500M, 2G.", valueName: "size"))
  var maxMemory: ByteCount?

  func validate() throws {
    guard (1...64).contains(wantedThreads ?? 1) else {
      throw ValidationError("--threads is between 1 and 64.")
    }
    guard (1...100_000_000).contains(maxConnections ?? 1) else {
      throw ValidationError("--max-connections is between 1 and 100000000.")
    }
    guard maxMemory?.bytes ?? .max >= ResourceOptions.leastMemory else {
      throw ValidationError("--max-memory is 1M or more.")
    }
  }

  private static let leastMemory: UInt64 = 1 << 20

  /// Sets the bounds.
  func apply(to options: inout TrackerOptions) {
    if let maxConnections { options.maximumConnections = maxConnections }
    if let maxMemory { options.maximumBytes = Int(clamping: maxMemory.bytes) }
  }
}

/// A size: `500M`, `2G`, `65536`; powers of 1024.
struct ByteCount: ExpressibleByArgument {
  var bytes: UInt64

  init?(argument: String) {
    var digits = argument[...]
    var shift: UInt64 = 0
    if let unit = argument.last, !unit.isNumber {
      guard let place = "KMGT".firstIndex(of: Character(unit.uppercased())) else { return nil }
      shift = 10 * UInt64("KMGT".distance(from: "KMGT".startIndex, to: place) + 1)
      digits = digits.dropLast()
    }
    guard let number = UInt64(digits) else { return nil }
    let (bytes, overflow) = number.multipliedReportingOverflow(by: 1 << shift)
    guard !overflow else { return nil }
    self.bytes = bytes
  }
}
