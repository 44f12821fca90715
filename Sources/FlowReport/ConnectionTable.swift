import FlowDiagnosis
public import PacketDecoding
public import TCPModel

/// Connections as a table, one line each. Columns that do not fit the terminal are left out, the
/// least telling first.
public struct ConnectionTable: Sendable {
  private let layout: TextLayout
  private let timers: Timers
  /// When the capture ended.
  private let now: CaptureTime
  /// Whether Wireshark numbers the connections as we do, from 0.
  private let hasStreamNumbers: Bool
  private let phrases = TablePhrases()

  /// - Parameters:
  ///   - layout: The terminal.
  ///   - timers: What the states were rebuilt with.
  ///   - now: When the capture ended.
  ///   - hasStreamNumbers: Whether the connections are all of those of one file, so that Wireshark's
  ///     `tcp.stream` is the id less one.
  public init(
    _ layout: TextLayout, timers: Timers, now: CaptureTime, hasStreamNumbers: Bool
  ) {
    self.layout = layout
    self.timers = timers
    self.now = now
    self.hasStreamNumbers = hasStreamNumbers
  }

  /// The columns, and from 1 on in which order they give way to a narrow terminal; 0 stays.
  private enum Column: Int, CaseIterable {
    case id, sockets, course, clientState, serverState, packets, bytes, handshake, stream

    var title: String {
      switch self {
      case .id: "#"
      case .sockets: "client → server"
      case .course: "opened, end"
      case .clientState: "client"
      case .serverState: "server"
      case .packets: "packets"
      case .bytes: "bytes"
      case .handshake: "handshake"
      case .stream: "tcp.stream"
      }
    }

    var givesWay: Int {
      switch self {
      case .id, .sockets, .clientState, .serverState: 0
      case .stream: 1
      case .bytes: 2
      case .handshake: 3
      case .packets: 4
      case .course: 5
      }
    }

    var isRight: Bool {
      switch self {
      case .id, .packets, .bytes, .handshake, .stream: true
      case .sockets, .course, .clientState, .serverState: false
      }
    }
  }

  /// Appends the table.
  ///
  /// - Parameter afterLine: May take away what has come together.
  public func write(
    _ table: ConnectionRows, to out: inout OutputBuffer,
    afterLine: (inout OutputBuffer) -> Void = { _ in }
  ) {
    let pages = table.pages
    let count = pages.reduce(0) { $0 + $1.count }
    let palette = layout.palette
    out.write(palette.bold("Connections"))
    if table.total > count {
      out.write(palette.faint("  \(count) of \(table.total); --all shows every one"))
    }
    out.write("\n")
    guard let first = pages.first?.first else {
      out.write("  none\n\n")
      return
    }
    let widths = widths(pages)
    let shown = fitting(widths)
    writeTitles(shown, widths, to: &out)
    for row in pages.joined() {
      if let severity = row.severity, palette.isColored {
        let text = OutputBuffer.text { writeLine(row, shown, widths, to: &$0) }
        out.write(palette.severity(severity, text))
      } else {
        writeLine(row, shown, widths, to: &out)
      }
      out.write(byte: UInt8(ascii: "\n"))
      afterLine(&out)
    }
    writeTranslations(pages, to: &out)
    if hasStreamNumbers {
      let id = first.id
      out.write(
        palette.faint("  in Wireshark: tcp.stream eq \(id &- 1) for connection \(id)"))
      out.write("\n")
    }
    out.write("\n")
  }

  /// Says which lines are one connection on both sides of a NAT.
  private func writeTranslations(_ pages: [[ConnectionRows.Row]], to out: inout OutputBuffer) {
    let pairs = pages.joined().compactMap { row in
      row.translationOf.map { (min($0, row.id), max($0, row.id)) }
    }
    guard !pairs.isEmpty else { return }
    let named = pairs.prefix(ConnectionTable.pairsNamed).map { "\($0) = \($1)" }
    let more = pairs.count > named.count ? ", … (\(pairs.count) pairs)" : ""
    out.write(
      layout.palette.faint(
        "  one connection on both sides of a NAT: \(named.joined(separator: ", "))\(more)"))
    out.write("\n")
  }

  private static let pairsNamed = 5

  private func writeTitles(_ columns: [Column], _ widths: [Int], to out: inout OutputBuffer) {
    var text = ""
    for column in columns {
      let (title, width) = (column.title, widths[column.rawValue])
      text += "  "
      text +=
        column.isRight
        ? title.paddedLeft(to: width)
        : column == columns.last ? title : title.padded(to: width)
    }
    out.write(layout.palette.faint(text))
    out.write("\n")
  }

  /// By column: the columns of the terminal that its title or its widest text takes.
  private func widths(_ pages: [[ConnectionRows.Row]]) -> [Int] {
    var widths = Column.allCases.map(\.title.columns)
    for row in pages.joined() {
      for column in Column.allCases {
        let width = TextWidth.of { write(column, row, to: &$0) }
        if width > widths[column.rawValue] { widths[column.rawValue] = width }
      }
    }
    return widths
  }

  /// A line; its first column says how bad the worst finding is: E, W or n.
  private func writeLine(
    _ row: ConnectionRows.Row, _ columns: [Column], _ widths: [Int], to out: inout OutputBuffer
  ) {
    // Those before the next text. Behind the last one are none.
    var spaces = 1
    for column in columns {
      if column == .id {
        out.write(byte: ConnectionTable.mark(row.severity))
      } else {
        spaces += 2
      }
      let free = widths[column.rawValue] - TextWidth.of { write(column, row, to: &$0) }
      out.write(spaces: column.isRight ? spaces + free : spaces)
      write(column, row, to: &out)
      spaces = column.isRight ? 0 : free
    }
  }

  private static func mark(_ severity: Severity?) -> UInt8 {
    switch severity {
    case .error: UInt8(ascii: "E")
    case .warning: UInt8(ascii: "W")
    case .note: UInt8(ascii: "n")
    case nil: UInt8(ascii: " ")
    }
  }

  /// The columns for which there is room.
  private func fitting(_ widths: [Int]) -> [Column] {
    var columns = Column.allCases
    if !hasStreamNumbers { columns.removeAll { $0 == .stream } }
    for turn in 1...5
    where columns.reduce(0, { $0 + 2 + widths[$1.rawValue] }) > layout.width {
      columns.removeAll { $0.givesWay == turn }
    }
    return columns
  }

  /// Writes the text of a column.
  @inline(__always)
  private func write(
    _ column: Column, _ row: borrowing ConnectionRows.Row, to cell: inout some TextSink
  ) {
    switch column {
    case .id: cell.write(row.id)
    case .sockets:
      cell.write(socket: row.socket(.client))
      cell.write(phrases.arrow)
      cell.write(socket: row.socket(.server))
      if !row.isClientKnown { cell.write(phrases.doubt) }
    case .course:
      cell.write(phrases.openings[row.opening])
      cell.write(phrases.ends[row.end.index])
    case .clientState: write(row.client, since: row.clientTimerStart, to: &cell)
    case .serverState:
      if row.isSelf {
        cell.write(phrases.same)
      } else {
        write(row.server, since: row.serverTimerStart, to: &cell)
      }
    case .packets: cell.write(row.packets)
    case .bytes: QuantityText.write(byteCount: row.bytes, to: &cell)
    case .handshake:
      if let time = row.handshakeTime {
        QuantityText.write(duration: time, to: &cell)
      } else {
        cell.write(byte: UInt8(ascii: "-"))
      }
    case .stream: cell.write(row.id &- 1)
    }
  }

  @inline(__always)
  private func write(
    _ state: TCPState, since start: CaptureTime, to cell: inout some TextSink
  ) {
    cell.write(phrases.states[state])
    guard let left = TimerLeft.nanoseconds(of: state, since: start, at: now, timers) else { return }
    cell.write(byte: UInt8(ascii: " "))
    QuantityText.write(duration: left, to: &cell)
  }
}

/// What the lines say beside numbers.
private final class TablePhrases: Sendable {
  let arrow: Phrase = " → "
  let doubt: Phrase = " ?"
  let same: Phrase = "the same"
  let states = PhraseTable<TCPState> { "\($0)" }
  let openings = PhraseTable<Opening> { "\($0), " }
  let ends = ConnectionEnd.allCases.map { Phrase($0.rawValue) }
}
