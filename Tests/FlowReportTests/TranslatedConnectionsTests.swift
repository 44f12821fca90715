import FlowReport
import PacketDecoding
import TCPModel
import Testing

@Suite("Both sides of a NAT seen at once")
struct TranslatedConnectionsTests {
  static let inside = IPAddress(ipv4: 0x0a00_0005)
  static let outside = IPAddress(ipv4: 0xc633_6401)
  static let server = IPAddress(ipv4: 0xc000_0209)

  /// A segment of a connection, before the NAT or behind it.
  static func segment(
    fromClient: Bool, _ flags: TCPFlags, _ sequence: UInt32, ack: UInt32 = 0,
    milliseconds: Int64, isTranslated: Bool, serverISS: UInt32 = 0
  ) -> Segment {
    var segment = Segment()
    segment.time = CaptureTime(nanoseconds: 1_795_226_400_000_000_000 + milliseconds * 1_000_000)
    let client = (isTranslated ? outside : inside, UInt16(isTranslated ? 61_000 : 40_000))
    let (from, to) = fromClient ? (client, (server, 443)) : ((server, 443), client)
    (segment.source, segment.sourcePort) = from
    (segment.destination, segment.destinationPort) = to
    segment.flags = flags
    segment.sequence = sequence
    segment.acknowledgment = ack
    segment.hopLimit = isTranslated ? 63 : 64
    return segment
  }

  /// A handshake on both sides of a NAT that takes some time; the server's answer may differ.
  static func connections(delay: Int64 = 0, secondISS: UInt32 = 5000) -> [Connection] {
    var tracker = ConnectionTracker()
    var frame: UInt64 = 0
    for isTranslated in [false, true] {
      let (later, answer) = isTranslated ? (delay, secondISS) : (0, 5000)
      for var segment in [
        segment(
          fromClient: true, .syn, 1000, milliseconds: later, isTranslated: isTranslated),
        segment(
          fromClient: false, [.syn, .ack], answer, ack: 1001, milliseconds: later + 10,
          isTranslated: isTranslated),
        segment(
          fromClient: true, .ack, 1001, ack: answer + 1, milliseconds: later + 11,
          isTranslated: isTranslated),
      ] {
        frame += 1
        segment.frame = frame
        tracker.process(segment)
      }
    }
    tracker.finish()
    var connections: [Connection] = []
    while let done = tracker.nextSettled() { connections.append(done.connection) }
    return connections.sorted { $0.id < $1.id }
  }

  static func pair(_ connections: [Connection]) -> [UInt64?] {
    var translated = TranslatedConnections()
    return connections.map {
      var line = ConnectionLine($0)
      return translated.other(of: &line)
    }
  }

  @Test("The same numbers under other addresses are the same connection")
  func pairs() {
    #expect(TranslatedConnectionsTests.pair(TranslatedConnectionsTests.connections()) == [nil, 1])
  }

  @Test("Another server's number, or much later, is another connection")
  func strangers() {
    typealias Tests = TranslatedConnectionsTests
    #expect(Tests.pair(Tests.connections(secondISS: 6000)) == [nil, nil])
    #expect(Tests.pair(Tests.connections(delay: 500)) == [nil, nil])
  }

  @Test("A connection is not its own translation, nor is its repeated SYN")
  func itself() throws {
    let connection = try #require(TranslatedConnectionsTests.connections().first)
    #expect(TranslatedConnectionsTests.pair([connection, connection]) == [nil, nil])
  }
}
