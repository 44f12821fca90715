import PacketDecoding
import TCPModel

/// One caller of one service: what the ledgers of group D count by.
struct ServiceKey: Hashable, Comparable {
  var client: IPAddress
  var server: IPAddress
  /// Port of the service.
  var port: UInt16

  init(_ connection: Connection) {
    client = connection.socket(.client).address
    (server, port) = connection.socket(.server)
  }

  static func < (left: ServiceKey, right: ServiceKey) -> Bool {
    (left.client, left.server, left.port) < (right.client, right.server, right.port)
  }

  /// "10.0.0.9:443", "[2001:db8::9]:443".
  var service: String { server.isIPv4 ? "\(server):\(port)" : "[\(server)]:\(port)" }
}

/// A connection as the ledgers of group D remember it.
struct ConnectionNote {
  var id: UInt64
  /// Frame of its SYN.
  var frame: UInt64
  var start: CaptureTime
  /// When its last segment passed.
  var end: CaptureTime
  /// Whether it was open when the capture ended.
  var isOpen: Bool
  var clientPort: UInt16

  /// Nil for connections whose beginning was not seen.
  init?(_ connection: Connection) {
    guard connection.client.marks.contains(.synSent), !connection.traits.contains(.isSelf) else {
      return nil
    }
    id = connection.id
    frame = connection.firstFrame
    start = connection.firstTime
    end = connection.lastTime
    isOpen =
      connection.traits.contains(.openAtEnd) && connection.client.state != .timeWait
      && connection.server.state != .timeWait
    clientPort = connection.socket(.client).port
  }
}

/// Connections by key, a bounded number in all.
struct ConnectionNotes<Key: Hashable & Comparable> {
  private(set) var byKey: [Key: [ConnectionNote]] = [:]
  private(set) var count = 0

  /// Notes held at most, 48 bytes each.
  private static var limit: Int { 1 << 18 }

  mutating func add(_ note: ConnectionNote, of key: Key) {
    guard count < ConnectionNotes.limit else { return }
    byKey[key, default: []].append(note)
    count += 1
  }

  /// All keys in their order, with their connections by time.
  var sorted: [(key: Key, notes: [ConnectionNote])] {
    byKey.keys.sorted().map { key in
      (key, (byKey[key] ?? []).sorted { ($0.start, $0.id) < ($1.start, $1.id) })
    }
  }
}
