import Testing

@testable import FlowReport

@Suite("Cells of a table")
struct TableCellsTests {
  @Test("Columns are as wide as their widest text, by characters")
  func widths() {
    let texts = [["1", "a → b", ""], ["12345", "µ", String(repeating: "→", count: 700)]]
    var cells = TableCells(titles: ["#", "title", "end"])
    for texts in texts { cells.appendLine { $1.write(texts[$0]) } }
    #expect(cells.widths == [5, 5, 700])
    for (line, texts) in texts.enumerated() {
      for (column, text) in texts.enumerated() {
        for (isRight, isPadded) in [(true, true), (false, true), (false, false)] {
          let written = OutputBuffer.text {
            cells.write(line: line, column: column, isRight: isRight, isPadded: isPadded, to: &$0)
          }
          let spaces = String(repeating: " ", count: cells.widths[column] - text.columns)
          #expect(written == (isPadded ? isRight ? spaces + text : text + spaces : text))
        }
      }
    }
  }
}
