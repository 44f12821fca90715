/// Breaks paragraphs into lines.
enum TextWrapping {
  /// The lines of a paragraph: broken at spaces, none longer than `width` columns unless a single
  /// word is.
  static func lines(of paragraph: String, width: Int) -> [String] {
    var lines: [String] = []
    var line = ""
    var columns = 0
    for bytes in paragraph.utf8.split(separator: UInt8(ascii: " ")) {
      let word = Substring(bytes)
      let length = word.unicodeScalars.count
      if columns > 0, columns + 1 + length > width {
        lines.append(line)
        line = ""
        columns = 0
      }
      if columns > 0 {
        line += " "
        columns += 1
      }
      line += word
      columns += length
    }
    if columns > 0 || lines.isEmpty { lines.append(line) }
    return lines
  }
}
