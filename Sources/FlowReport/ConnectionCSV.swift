import FlowDiagnosis
import PacketDecoding
public import TCPModel

/// The connection table as comma-separated values (RFC 4180), a header first. Lines are written some at a
/// time: what is handed over may wait for the next ones.
public struct ConnectionCSV: Sendable {
  private var waiting = WaitingLines()

  /// No line yet.
  public init() {}

  /// Appends the header.
  public static func writeHeader(to out: inout OutputBuffer) {
    out.write(
      """
      id,incarnation,previous,community_id,client_address,client_port,client_state,client_packets,\
      client_bytes,client_payload_bytes,server_address,server_port,server_state,server_packets,\
      server_bytes,server_payload_bytes,client_known,vantage,first_frame,last_frame,first_time,\
      last_time,opened,handshake_seconds,active_closer,end

      """)
  }

  /// Appends one connection, which is passed by address, not changed, or lets it wait.
  public mutating func write(_ connection: inout ConnectionLine, to out: inout OutputBuffer) {
    if waiting.add(&connection, translationOf: nil) { finish(to: &out) }
  }

  /// Appends what waits. To be called at the end.
  public mutating func finish(to out: inout OutputBuffer) {
    waiting.takeAll { ConnectionCSV.write(&$0, $2, to: &out) }
  }

  /// Appends a line. No field can hold a comma or a quotation mark.
  private static func write(
    _ connection: inout ConnectionLine, _ communityID: Phrase, to out: inout OutputBuffer
  ) {
    let phrases = CSVPhrases.shared
    // Every number at its longest, and two addresses of IPv6, are 500 bytes.
    out.compose(room: 1024) { block, place in
      put(connection.id, &block, &place)
      put(UInt64(connection.incarnation), &block, &place)
      if connection.previous != 0 { block.put(connection.previous, at: &place) }
      separate(&block, &place)
      block.put(communityID, at: &place)
      separate(&block, &place)
      put(connection.client, connection.socket(.client), phrases, &block, &place)
      put(connection.server, connection.socket(.server), phrases, &block, &place)
      block.put(
        connection.traits.contains(.clientKnown) ? phrases.yes : phrases.no, at: &place)
      block.put(phrases.vantage(.of(&connection)), at: &place)
      put(connection.firstFrame, &block, &place)
      put(connection.lastFrame, &block, &place)
      block.put(Moment(connection.firstTime), at: &place)
      separate(&block, &place)
      block.put(Moment(connection.lastTime), at: &place)
      separate(&block, &place)
      block.put(phrases.opening[connection.opening], at: &place)
      if let time = connection.handshakeTime { block.put(seconds: time, at: &place) }
      separate(&block, &place)
      block.put(phrases.activeCloser[connection.activeCloser], at: &place)
      block.put(phrases.ends[connection.end.index], at: &place)
    }
  }

  @inline(__always)
  private static func put(
    _ endpoint: EndpointLine, _ socket: (address: IPAddress, port: UInt16), _ phrases: CSVPhrases,
    _ block: inout TextBlock, _ place: inout Int
  ) {
    block.put(socket.address, at: &place)
    separate(&block, &place)
    put(UInt64(socket.port), &block, &place)
    block.put(phrases.state[endpoint.state], at: &place)
    put(endpoint.packets, &block, &place)
    put(endpoint.bytes, &block, &place)
    put(endpoint.payloadBytes, &block, &place)
  }

  @inline(__always)
  private static func put(_ number: UInt64, _ block: inout TextBlock, _ place: inout Int) {
    block.put(number, at: &place)
    separate(&block, &place)
  }

  @inline(__always)
  private static func separate(_ block: inout TextBlock, _ place: inout Int) {
    block.put(byte: UInt8(ascii: ","), at: &place)
  }
}

/// What the lines say beside numbers, each with the comma after it.
private final class CSVPhrases: Sendable {
  static let shared = CSVPhrases()

  let state = PhraseTable<TCPState> { "\($0)," }
  let opening = PhraseTable<Opening> { "\($0)," }
  let activeCloser = PhraseTable<Closer> { $0 == .none ? "," : "\($0)," }
  /// By `ConnectionEnd.index`, with the end of the line.
  let ends = ConnectionEnd.allCases.map { Phrase("\($0.rawValue)\n") }
  private let vantages = ConnectionVantage.allCases.map { Phrase("\($0.rawValue),") }
  let yes: Phrase = "true,"
  let no: Phrase = "false,"

  func vantage(_ vantage: ConnectionVantage) -> Phrase { vantages[vantage.index] }
}
