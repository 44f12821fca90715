import FlowReport

extension TextLayout {
  /// Appends a paragraph, broken at spaces, with a label in front of its first line.
  func paragraph(
    label: String, _ text: String, indent: Int, to out: inout OutputBuffer
  ) {
    let labelWidth = max(label.unicodeScalars.count + 1, 11)
    let limit = max(20, min(width, 100) - indent - labelWidth)
    let gap = String(repeating: " ", count: labelWidth - label.unicodeScalars.count)
    out.write(spaces: indent)
    out.write(palette.faint(label + gap))
    var columns = 0
    for word in text.split(separator: " ") {
      let length = word.unicodeScalars.count
      if columns > 0, columns + 1 + length > limit {
        out.write("\n")
        out.write(spaces: indent + labelWidth)
        columns = 0
      } else if columns > 0 {
        out.write(" ")
        columns += 1
      }
      out.write(String(word))
      columns += length
    }
    out.write("\n")
  }
}
