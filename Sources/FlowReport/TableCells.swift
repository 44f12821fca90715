/// The texts of a table, line by line, with the columns that each takes on a terminal.
struct TableCells {
  private let columns: Int
  /// All texts, one after the other.
  private var text: [UInt8] = []
  /// The line that is added.
  private var line = OutputBuffer()
  /// By cell: where its text ends.
  private var ends: [Int] = []
  /// By cell: the columns it takes, if it holds no wide and no combining characters.
  private var lengths: [Int] = []
  /// By column of the table: the columns its widest text takes.
  private(set) var widths: [Int]

  /// - Parameter titles: What stands above the columns.
  init(titles: [String]) {
    columns = titles.count
    widths = titles.map(\.columns)
  }

  /// Adds a line.
  ///
  /// - Parameter write: Writes the text of a column.
  mutating func appendLine(_ write: (Int, inout OutputBuffer) -> Void) {
    let start = text.count
    for column in 0..<columns {
      write(column, &line)
      ends.append(start + line.count)
    }
    line.move(to: &text)
    var first = start
    for column in 0..<columns {
      let end = ends[ends.count - columns + column]
      let length = TableCells.columns(text.span.extracting(first..<end))
      lengths.append(length)
      widths[column] = max(widths[column], length)
      first = end
    }
  }

  /// Characters: bytes after the first of a character begin with the bits 10.
  private static func columns(_ text: Span<UInt8>) -> Int {
    var columns = 0
    for index in text.indices { columns += text[index] & 0xc0 == 0x80 ? 0 : 1 }
    return columns
  }

  /// Appends a cell's text.
  ///
  /// - Parameters:
  ///   - isRight: Whether the spaces that fill the column come first.
  ///   - isPadded: Whether there are any.
  func write(
    line: Int, column: Int, isRight: Bool, isPadded: Bool, to out: inout OutputBuffer
  ) {
    let place = line * columns + column
    let spaces = isPadded ? widths[column] - lengths[place] : 0
    if isRight { out.write(spaces: spaces) }
    out.write(text.span.extracting((place == 0 ? 0 : ends[place - 1])..<ends[place]))
    if !isRight { out.write(spaces: spaces) }
  }
}
