public import FlowDiagnosis
import PacketDecoding
public import TCPModel

/// The connections a table shows: the first ones with findings, then the first ones without, no more
/// than asked for.
public struct ConnectionRows: Sendable {
  /// One line of the table: what it shows of a connection, a tenth of which that is.
  struct Row: Sendable {
    var id: UInt64
    var client: End
    var server: End
    var opening: Opening
    var end: ConnectionEnd
    /// Whether a SYN told which side is the client.
    var isClientKnown: Bool
    /// Whether both ends are one socket.
    var isSelf: Bool
    /// What both sides sent.
    var packets: UInt64
    var bytes: UInt64
    /// As `Connection.handshakeTime`.
    var handshakeTime: Int64?
    /// The worst finding on it, nil for none.
    var severity: Severity? {
      guard let standing, let waiting else { return standing ?? waiting }
      return max(standing, waiting)
    }
    fileprivate var standing: Severity?
    fileprivate var waiting: Severity?
    /// The connection that it is as well, on the other side of a NAT.
    var translationOf: UInt64?

    /// One end of it.
    struct End: Sendable {
      var socket: (address: IPAddress, port: UInt16)
      var state: TCPState
      var timerStart: CaptureTime
    }
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
  /// - Parameters:
  ///   - connection: Passed by address, not changed.
  ///   - pending: What may be withdrawn at the end.
  public mutating func add(
    _ connection: inout ConnectionLine, _ findings: [Finding], pending: [Finding] = []
  ) {
    total += 1
    let row = Row(
      &connection, standing: findings.map(\.severity).max(),
      waiting: pending.map(\.severity).max(), translationOf: translated.other(of: &connection))
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
    for index in withFindings.indices where gone.contains(withFindings[index].id) {
      withFindings[index].waiting = nil
    }
  }

  /// Keeps the rows with the lowest ids, in no order.
  private static func insert(_ row: Row, _ rows: inout [Row], _ limit: Int) {
    rows.append(row)
    guard rows.count / 2 >= limit else { return }
    rows.sort { $0.id < $1.id }
    rows.removeLast(rows.count - limit)
  }

  /// The lines to show, by id.
  var rows: [Row] {
    func ordered(_ rows: [Row]) -> [Row] {
      rows.sorted { $0.id < $1.id }
    }
    let first = ordered(withFindings).prefix(limit)
    let rest = ordered(others).prefix(limit - first.count)
    return ordered(Array(first) + rest)
  }
}

extension ConnectionRows.Row {
  fileprivate init(
    _ connection: inout ConnectionLine, standing: Severity?, waiting: Severity?,
    translationOf: UInt64?
  ) {
    id = connection.id
    client = End(
      socket: connection.socket(.client), state: connection.client.state,
      timerStart: connection.client.timerStart)
    server = End(
      socket: connection.socket(.server), state: connection.server.state,
      timerStart: connection.server.timerStart)
    opening = connection.opening
    end = connection.end
    isClientKnown = connection.traits.contains(.clientKnown)
    isSelf = connection.traits.contains(.isSelf)
    packets = connection.client.packets &+ connection.server.packets
    bytes = connection.client.bytes &+ connection.server.bytes
    handshakeTime = connection.handshakeTime
    self.standing = standing
    self.waiting = waiting
    self.translationOf = translationOf
  }
}
