public import FlowDiagnosis
public import TCPModel

/// The connections a table shows: the first ones with findings, then the first ones without, no more
/// than asked for.
public struct ConnectionRows: Sendable {
  /// One line of the table.
  public struct Row: Sendable {
    public var connection: Connection
    /// The worst finding on it, nil for none.
    public var severity: Severity?
    /// The connection that it is as well, on the other side of a NAT.
    public var translationOf: UInt64?
  }

  /// Lines kept of either kind.
  private let limit: Int
  private var withFindings: [Row] = []
  private var others: [Row] = []
  private var translated = TranslatedConnections()
  /// Connections added.
  public private(set) var total = 0

  /// - Parameter limit: Lines to show.
  public init(limit: Int) {
    self.limit = max(limit, 1)
  }

  /// Adds a connection with what was found on it.
  public mutating func add(_ connection: Connection, _ findings: [Finding]) {
    total += 1
    let row = Row(
      connection: connection, severity: findings.map(\.severity).max(),
      translationOf: translated.other(of: connection))
    if row.severity == nil {
      ConnectionRows.insert(row, &others, limit)
    } else {
      ConnectionRows.insert(row, &withFindings, limit)
    }
  }

  /// Keeps the rows with the lowest ids, in no order.
  private static func insert(_ row: Row, _ rows: inout [Row], _ limit: Int) {
    rows.append(row)
    guard rows.count / 2 >= limit else { return }
    rows.sort { $0.connection.id < $1.connection.id }
    rows.removeLast(rows.count - limit)
  }

  /// The lines to show, by id.
  public var rows: [Row] {
    func ordered(_ rows: [Row]) -> [Row] {
      rows.sorted { $0.connection.id < $1.connection.id }
    }
    let first = ordered(withFindings).prefix(limit)
    let rest = ordered(others).prefix(limit - first.count)
    return ordered(Array(first) + rest)
  }
}
