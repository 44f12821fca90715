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
  public func write(_ shown: ConnectionRows, to out: inout OutputBuffer) {
    let rows = shown.rows
    let palette = layout.palette
    out.write(palette.bold("Connections"))
    if shown.total > rows.count {
      out.write(palette.faint("  \(rows.count) of \(shown.total); --all shows every one"))
    }
    out.write("\n")
    guard !rows.isEmpty else {
      out.write("  none\n\n")
      return
    }
    let cells = rows.map { row in Column.allCases.map { cell($0, row.connection) } }
    let columns = fittingColumns(cells)
    let widths = Column.allCases.map { column in
      cells.reduce(column.title.columns) { max($0, $1[column.rawValue].columns) }
    }
    out.write(palette.faint(line(columns, widths) { $0.title }))
    out.write("\n")
    for (row, cells) in zip(rows, cells) {
      var text = line(columns, widths, row.severity) { cells[$0.rawValue] }
      if let severity = row.severity { text = palette.severity(severity, text) }
      out.write(text)
      out.write("\n")
    }
    writeTranslations(rows, to: &out)
    if hasStreamNumbers {
      let id = rows[0].connection.id
      out.write(
        palette.faint("  in Wireshark: tcp.stream eq \(id &- 1) for connection \(id)"))
      out.write("\n")
    }
    out.write("\n")
  }

  /// Says which lines are one connection on both sides of a NAT.
  private func writeTranslations(_ rows: [ConnectionRows.Row], to out: inout OutputBuffer) {
    let pairs = rows.compactMap { row in
      row.translationOf.map { (min($0, row.connection.id), max($0, row.connection.id)) }
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

  /// A line; its first column says how bad the worst finding is: E, W or n.
  private func line(
    _ columns: [Column], _ widths: [Int], _ severity: Severity? = nil,
    _ cell: (Column) -> String
  ) -> String {
    var text = ""
    for column in columns {
      let width = widths[column.rawValue]
      text += column == .id ? ConnectionTable.mark(severity) : "  "
      text +=
        column.isRight
        ? cell(column).paddedLeft(to: width)
        : column == columns.last ? cell(column) : cell(column).padded(to: width)
    }
    return text
  }

  private static func mark(_ severity: Severity?) -> String {
    switch severity {
    case .error: "E "
    case .warning: "W "
    case .note: "n "
    case nil: "  "
    }
  }

  private func fittingColumns(_ cells: [[String]]) -> [Column] {
    var columns = Column.allCases
    if !hasStreamNumbers { columns.removeAll { $0 == .stream } }
    func width() -> Int {
      columns.reduce(0) { sum, column in
        sum + 2
          + cells.reduce(column.title.columns) { max($0, $1[column.rawValue].columns) }
      }
    }
    for turn in 1...5 where width() > layout.width {
      columns.removeAll { $0.givesWay == turn }
    }
    return columns
  }

  private func cell(_ column: Column, _ connection: Connection) -> String {
    switch column {
    case .id: return "\(connection.id)"
    case .sockets:
      return "\(connection.name(.client)) → \(connection.name(.server))"
        + (connection.traits.contains(.clientKnown) ? "" : " ?")
    case .course: return "\(connection.opening), \(connection.end.rawValue)"
    case .clientState: return state(connection.client)
    case .serverState:
      return connection.traits.contains(.isSelf) ? "the same" : state(connection.server)
    case .packets: return "\(connection.client.packets &+ connection.server.packets)"
    case .bytes:
      return OutputBuffer.text {
        $0.write(byteCount: connection.client.bytes &+ connection.server.bytes)
      }
    case .handshake:
      guard let time = connection.handshakeTime else { return "-" }
      return OutputBuffer.text { $0.write(duration: time) }
    case .stream: return "\(connection.id &- 1)"
    }
  }

  private func state(_ endpoint: Endpoint) -> String {
    guard let left = endpoint.timerLeft(at: now, timers) else { return "\(endpoint.state)" }
    return "\(endpoint.state) \(OutputBuffer.text { $0.write(duration: left) })"
  }
}
