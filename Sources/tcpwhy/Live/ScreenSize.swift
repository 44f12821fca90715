import PacketCapture

/// The size of the terminal that standard output is.
struct ScreenSize {
  var rows = 24
  var columns = 80

  static var current: ScreenSize {
    StandardStreams.terminalSize.map { ScreenSize(rows: $0.rows, columns: $0.columns) }
      ?? ScreenSize()
  }

  /// As much of a text as a row holds.
  func cut(_ text: String) -> String {
    var scalars = String.UnicodeScalarView()
    scalars.append(contentsOf: text.unicodeScalars.prefix(columns))
    return String(scalars)
  }
}
