#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The size of the terminal that standard output is.
struct ScreenSize {
  var rows = 24
  var columns = 80

  static var current: ScreenSize {
    var size = winsize()
    // The request fills the structure it is given.
    guard unsafe ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_row > 0,
      size.ws_col > 0
    else { return ScreenSize() }
    return ScreenSize(rows: Int(size.ws_row), columns: Int(size.ws_col))
  }

  /// As much of a text as a row holds.
  func cut(_ text: String) -> String {
    var scalars = String.UnicodeScalarView()
    scalars.append(contentsOf: text.unicodeScalars.prefix(columns))
    return String(scalars)
  }
}
