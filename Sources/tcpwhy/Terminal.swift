#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// What standard output and standard error are connected to.
enum Terminal {
  /// Whether standard output is a terminal.
  static var isOutput: Bool { isatty(STDOUT_FILENO) == 1 }

  /// Whether standard error is a terminal.
  static var isError: Bool { isatty(STDERR_FILENO) == 1 }

  /// Columns to fill: `COLUMNS` if it is set, else what the terminal says, else 100.
  static var width: Int {
    if let columns = environment("COLUMNS").flatMap(Int.init), columns > 0 { return columns }
    return size?.columns ?? 100
  }

  /// Rows and columns of standard output, nil where it is no terminal or does not say.
  static var size: (rows: Int, columns: Int)? {
    var size = winsize()
    // The request fills the structure it is given.
    guard unsafe ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_row > 0,
      size.ws_col > 0
    else { return nil }
    return (Int(size.ws_row), Int(size.ws_col))
  }

  /// A variable of the environment, nil when it is not set or empty.
  static func environment(_ name: String) -> String? {
    // The string belongs to the environment, which nobody changes here, and ends with a zero.
    guard let value = unsafe getenv(name) else { return nil }
    let text = unsafe String(cString: value)
    return text.isEmpty ? nil : text
  }
}
