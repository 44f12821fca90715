import PacketDecoding
import TCPModel

/// A connection as the ledgers of group D remember it.
struct ConnectionNote: BitwiseCopyable {
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
    clientPort =
      connection.traits.contains(.clientIsLow)
      ? connection.key.lowPort : connection.key.highPort
  }
}

/// Connections by number, a bounded number in all.
struct ConnectionNotes {
  private(set) var lists = NoteLists<ConnectionNote>()

  /// Notes held at most, 48 bytes each.
  private static let limit = 1 << 18

  mutating func add(_ connection: Connection, of number: UInt32) {
    guard number != 0, lists.count < ConnectionNotes.limit,
      let note = ConnectionNote(connection)
    else { return }
    lists.append(note, to: number)
  }

  /// The connections of a number by time.
  func sorted(_ number: UInt32) -> [ConnectionNote] {
    lists[number].sorted { ($0.start, $0.id) < ($1.start, $1.id) }
  }
}
