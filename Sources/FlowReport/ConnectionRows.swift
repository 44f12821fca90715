public import FlowDiagnosis
public import TCPModel

/// The connections a table shows: the first ones with findings, then the first ones without, no more
/// than asked for.
public struct ConnectionRows: Sendable {
  /// One line of the table.
  public struct Row: Sendable {
    public var connection: Connection
    /// The worst finding on it, nil for none.
    public var severity: Severity? { [standing, waiting].compactMap { $0 }.max() }
    fileprivate var standing: Severity?
    fileprivate var waiting: Severity?
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
  ///
  /// - Parameter pending: What may be withdrawn at the end.
  public mutating func add(
    _ connection: Connection, _ findings: [Finding], pending: [Finding] = []
  ) {
    total += 1
    let row = Row(
      connection: connection, standing: findings.map(\.severity).max(),
      waiting: pending.map(\.severity).max(), translationOf: translated.other(of: connection))
    if row.severity == nil {
      ConnectionRows.insert(row, &others, limit)
    } else {
      ConnectionRows.insert(row, &withFindings, limit)
    }
  }

  /// Takes back what was pending, where nothing else explains it.
  public mutating func withdraw(_ revisions: [Revision]) {
    let gone = Set(revisions.filter { $0.replacement == nil }.map(\.connection))
    guard !gone.isEmpty else { return }
    for index in withFindings.indices where gone.contains(withFindings[index].connection.id) {
      withFindings[index].waiting = nil
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
