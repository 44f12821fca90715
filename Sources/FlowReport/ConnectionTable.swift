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
  public func write(_ table: ConnectionRows, to out: inout OutputBuffer) {
    let rows = table.rows
    let palette = layout.palette
    out.write(palette.bold("Connections"))
    if table.total > rows.count {
      out.write(palette.faint("  \(rows.count) of \(table.total); --all shows every one"))
    }
    out.write("\n")
    guard !rows.isEmpty else {
      out.write("  none\n\n")
      return
    }
    let columns = Column.allCases
    var cells = TableCells(titles: columns.map(\.title))
    for row in rows {
      cells.appendLine { write(columns[$0], row, to: &$1) }
    }
    let shown = fitting(columns, cells.widths)
    writeTitles(shown, cells.widths, to: &out)
    for (line, row) in rows.enumerated() {
      if let severity = row.severity, palette.isColored {
        let text = OutputBuffer.text { writeLine(line, row, shown, cells, to: &$0) }
        out.write(palette.severity(severity, text))
      } else {
        writeLine(line, row, shown, cells, to: &out)
      }
      out.write(byte: UInt8(ascii: "\n"))
    }
    writeTranslations(rows, to: &out)
    if hasStreamNumbers {
      let id = rows[0].id
      out.write(
        palette.faint("  in Wireshark: tcp.stream eq \(id &- 1) for connection \(id)"))
      out.write("\n")
    }
    out.write("\n")
  }

  /// Says which lines are one connection on both sides of a NAT.
  private func writeTranslations(_ rows: [ConnectionRows.Row], to out: inout OutputBuffer) {
    let pairs = rows.compactMap { row in
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

  /// A line; its first column says how bad the worst finding is: E, W or n.
  private func writeLine(
    _ line: Int, _ row: ConnectionRows.Row, _ columns: [Column], _ cells: TableCells,
    to out: inout OutputBuffer
  ) {
    for column in columns {
      out.write(byte: column == .id ? ConnectionTable.mark(row.severity) : UInt8(ascii: " "))
      out.write(byte: UInt8(ascii: " "))
      cells.write(
        line: line, column: column.rawValue, isRight: column.isRight,
        isPadded: column.isRight || column != columns.last, to: &out)
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
  private func fitting(_ columns: [Column], _ widths: [Int]) -> [Column] {
    var columns = columns
    if !hasStreamNumbers { columns.removeAll { $0 == .stream } }
    for turn in 1...5
    where columns.reduce(0, { $0 + 2 + widths[$1.rawValue] }) > layout.width {
      columns.removeAll { $0.givesWay == turn }
    }
    return columns
  }

  private func write(
    _ column: Column, _ row: ConnectionRows.Row, to cell: inout OutputBuffer
  ) {
    switch column {
    case .id: cell.write(row.id)
    case .sockets:
      cell.write(socket: row.client.socket)
      cell.write(ConnectionTable.arrow)
      cell.write(socket: row.server.socket)
      if !row.isClientKnown { cell.write(" ?") }
    case .course:
      cell.write(ConnectionTable.openings[row.opening])
      cell.write(row.end.rawValue)
    case .clientState: write(row.client, to: &cell)
    case .serverState:
      if row.isSelf {
        cell.write("the same")
      } else {
        write(row.server, to: &cell)
      }
    case .packets: cell.write(row.packets)
    case .bytes: cell.write(byteCount: row.bytes)
    case .handshake:
      if let time = row.handshakeTime {
        cell.write(duration: time)
      } else {
        cell.write("-")
      }
    case .stream: cell.write(row.id &- 1)
    }
  }

  private func write(_ end: ConnectionRows.Row.End, to cell: inout OutputBuffer) {
    cell.write(ConnectionTable.states[end.state])
    guard
      let left = TimerLeft.nanoseconds(of: end.state, since: end.timerStart, at: now, timers)
    else { return }
    cell.write(byte: UInt8(ascii: " "))
    cell.write(duration: left)
  }

  private static let arrow: Phrase = " → "
  private static let states = PhraseTable<TCPState> { "\($0)" }
  private static let openings = PhraseTable<Opening> { "\($0), " }
}
