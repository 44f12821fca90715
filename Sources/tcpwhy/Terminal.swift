import PacketCapture

/// What standard output is connected to, and what the environment says of it.
enum Terminal {
  /// Columns to fill: `COLUMNS` if it is set, else what the terminal says, else 100.
  static var width: Int {
    if let columns = Environment.value("COLUMNS").flatMap(Int.init), columns > 0 { return columns }
    return StandardStreams.terminalSize?.columns ?? 100
  }
}
