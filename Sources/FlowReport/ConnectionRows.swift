public import FlowDiagnosis
import PacketDecoding
public import TCPModel

/// The connections a table shows: the first ones with findings, then the first ones without, no more
/// than asked for.
public struct ConnectionRows: Sendable {
  /// One line of the table: what it shows of a connection.
  struct Row: Sendable {
    var id: UInt64
    /// What both sides sent.
    var packets: UInt64
    var bytes: UInt64
    /// When the timers of the ends' states were last started.
    var clientTimerStart: CaptureTime
    var serverTimerStart: CaptureTime
    /// The connection that it is as well, on the other side of a NAT; 0 for none.
    fileprivate var original: UInt64
    fileprivate var key: FlowKey
    fileprivate var traits: ConnectionTraits
    /// The states of the ends.
    var client: TCPState
    var server: TCPState
    var opening: Opening
    var end: ConnectionEnd
    /// As `Connection.handshakeTime`.
    var handshakeTime: Int64?
    /// The worst finding on it that stands, and that waits; nil for none.
    fileprivate var standing: Severity?
    fileprivate var waiting: Severity?
    /// Whether anything was found on it at first.
    fileprivate var isMarked: Bool

    /// The worst finding on it, nil for none.
    var severity: Severity? {
      guard let standing, let waiting else { return standing ?? waiting }
      return max(standing, waiting)
    }

    /// Whether a SYN told which side is the client.
    var isClientKnown: Bool { traits.contains(.clientKnown) }
    /// Whether both ends are one socket.
    var isSelf: Bool { traits.contains(.isSelf) }
    /// The connection that it is as well, on the other side of a NAT.
    var translationOf: UInt64? { original == 0 ? nil : original }

    /// Address and port of a side.
    @inline(__always)
    func socket(_ side: Side) -> (address: IPAddress, port: UInt16) {
      key.socket(isLow: (side == .client) == traits.contains(.clientIsLow))
    }
  }

  /// Lines to show.
  private let limit: Int
  /// All of which it may yet turn out that they are shown, in no order: pages that are full, for growing
  /// would copy them, and the one that is not.
  private var full: [[Row]] = []
  private var page: [Row] = []
  private static let pageSize = 1024
  /// Rows kept.
  private var count = 0
  /// Whether they are in the order of their ids after all.
  private var isOrdered = true
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
    if let last = page.last ?? full.last?.last, row.id < last.id { isOrdered = false }
    page.append(row)
    count += 1
    if count / 2 >= limit {
      page = ConnectionRows.first(limit, of: full.joined() + page)
      full = []
      count = limit
      isOrdered = false
    } else if page.count >= ConnectionRows.pageSize {
      full.append(page)
      page = []
      page.reserveCapacity(ConnectionRows.pageSize)
    }
  }

  /// Takes back what was pending, where nothing else explains it.
  public mutating func withdraw(_ revisions: [Revision]) {
    let gone = Set(revisions.filter { $0.replacement == nil }.map(\.connection))
    guard !gone.isEmpty else { return }
    for index in page.indices where gone.contains(page[index].id) { page[index].waiting = nil }
    for number in full.indices {
      for index in full[number].indices where gone.contains(full[number][index].id) {
        full[number][index].waiting = nil
      }
    }
  }

  /// Those with findings go before those without, and of either kind the lower ids.
  private static func first(_ count: Int, of rows: [Row]) -> [Row] {
    Array(
      rows.sorted { $0.isMarked == $1.isMarked ? $0.id < $1.id : $0.isMarked }.prefix(count))
  }

  /// The lines to show, by id.
  var pages: [[Row]] {
    if isOrdered, count <= limit { return full + [page] }
    let rows = full.joined() + page
    let shown = count <= limit ? rows : ConnectionRows.first(limit, of: rows)
    return [shown.sorted { $0.id < $1.id }]
  }
}

extension ConnectionRows.Row {
  fileprivate init(
    _ connection: inout ConnectionLine, standing: Severity?, waiting: Severity?,
    translationOf: UInt64?
  ) {
    id = connection.id
    packets = connection.client.packets &+ connection.server.packets
    bytes = connection.client.bytes &+ connection.server.bytes
    clientTimerStart = connection.client.timerStart
    serverTimerStart = connection.server.timerStart
    original = translationOf ?? 0
    key = connection.key
    traits = connection.traits
    client = connection.client.state
    server = connection.server.state
    opening = connection.opening
    end = connection.end
    handshakeTime = connection.handshakeTime
    self.standing = standing
    self.waiting = waiting
    isMarked = standing != nil || waiting != nil
  }
}
