import PacketDecoding
public import TCPModel

/// Recognises connections that were seen on both sides of a NAT: the same segments, the same numbers,
/// other addresses. Remembers a few thousand connections, of which a newer one may take an older
/// one's place.
public struct TranslatedConnections: Sendable {
  /// In pages, of which only those in use are there.
  private var recent: [[Leg?]] = []

  /// What both sides of a NAT have in common, and whose it is.
  private struct Leg: Sendable {
    var clientSequence: SequenceNumber
    var serverSequence: SequenceNumber
    var timestamp: TimestampValue
    var time: CaptureTime
    var key: FlowKey
    var id: UInt64
  }

  public init() {}

  /// The number of a connection handed over before that is this one on the other side of a NAT. It is
  /// passed by address, not changed.
  public mutating func other(of connection: inout ConnectionLine) -> UInt64? {
    // Two initial sequence numbers are proof; one is not.
    guard connection.client.marks.contains(.synSent),
      connection.server.marks.contains(.synAckSent),
      !connection.traits.contains(.isSelf)
    else { return nil }
    if recent.isEmpty { recent = Array(repeating: [], count: TranslatedConnections.pages) }
    let leg = Leg(
      clientSequence: connection.client.initialSendSequence,
      serverSequence: connection.server.initialSendSequence,
      timestamp: connection.client.firstTimestamp, time: connection.firstTime,
      key: connection.key, id: connection.id)
    let hash = Int(leg.clientSequence.rawValue ^ leg.serverSequence.rawValue &* 0x9E37_79B1)
    let page = hash % TranslatedConnections.pages
    let place = hash / TranslatedConnections.pages % TranslatedConnections.places
    if recent[page].isEmpty {
      recent[page] = Array(repeating: nil, count: TranslatedConnections.places)
    }
    let other = recent[page][place]
    recent[page][place] = leg
    guard let other, other.clientSequence == leg.clientSequence,
      other.serverSequence == leg.serverSequence, other.timestamp == leg.timestamp,
      other.key != leg.key,
      abs(other.time.nanoseconds(since: leg.time)) < TranslatedConnections.passage
    else { return nil }
    return other.id
  }

  private static let pages = 256
  /// Places of a page.
  private static let places = 16
  /// Within this time a SYN passes from one side to the other, nanoseconds.
  private static let passage: Int64 = 100_000_000
}
