/// How text is laid out for the terminal it goes to.
public struct TextLayout: Sendable {
  /// Columns of the terminal.
  public var width: Int
  /// Colours, or none.
  public var palette: Palette
  /// How moments are shown.
  public var timeStyle: TimeStyle

  public init(
    width: Int = 100, palette: Palette = Palette(isColored: false), timeStyle: TimeStyle = .utc
  ) {
    self.width = min(max(width, 40), 500)
    self.palette = palette
    self.timeStyle = timeStyle
  }

  /// The width of running text: the terminal's, but no more than is easy to read.
  var textWidth: Int { min(width, 100) }

  /// Appends a paragraph with a label in front of its first line.
  func write(
    label: String, _ paragraph: String, indent: Int, to out: inout OutputBuffer,
    style: (String) -> String = { $0 }
  ) {
    let labelWidth = label.isEmpty ? 0 : max(label.columns + 1, 9)
    let lines = TextWrapping.lines(of: paragraph, width: textWidth - indent - labelWidth)
    for (index, line) in lines.enumerated() {
      out.write(spaces: indent)
      if labelWidth > 0 {
        out.write(
          index == 0
            ? palette.faint(label.padded(to: labelWidth)) : "".padded(to: labelWidth))
      }
      out.write(style(line))
      out.write("\n")
    }
  }
}
