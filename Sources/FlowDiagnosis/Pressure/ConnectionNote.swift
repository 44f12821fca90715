import PacketDecoding
import TCPModel

/// A connection as `connection-rate` remembers it.
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
  init?(_ connection: ConnectionBrief) {
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
