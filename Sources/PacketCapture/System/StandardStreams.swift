internal import CLibpcap
internal import Glibc

/// What standard output and standard error are connected to.
package enum StandardStreams {
  /// Whether standard output is a terminal.
  package static var isOutputTerminal: Bool { isatty(STDOUT_FILENO) == 1 }

  /// Whether standard error is a terminal.
  package static var isErrorTerminal: Bool { isatty(STDERR_FILENO) == 1 }

  /// Rows and columns of standard output, nil where it is no terminal or does not say.
  package static var terminalSize: (rows: Int, columns: Int)? {
    let size = capture_terminal_size(STDOUT_FILENO)
    let (rows, columns) = (Int(size >> 16), Int(size & 0xFFFF))
    return rows > 0 && columns > 0 ? (rows, columns) : nil
  }

  /// Whether nobody reads a pipe any more.
  package static func hasNoReader(_ descriptor: Int32) -> Bool {
    capture_has_no_reader(descriptor) != 0
  }
}
