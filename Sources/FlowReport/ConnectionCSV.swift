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
    field(connection.id, to: &out)
    field(UInt64(connection.incarnation), to: &out)
    if connection.previous != 0 { out.write(connection.previous) }
    separate(&out)
    out.write(communityID)
    separate(&out)
    write(connection.client, connection.socket(.client), phrases, to: &out)
    write(connection.server, connection.socket(.server), phrases, to: &out)
    out.write(connection.traits.contains(.clientKnown) ? phrases.yes : phrases.no)
    out.write(connection.vantage.rawValue)
    separate(&out)
    field(connection.firstFrame, to: &out)
    field(connection.lastFrame, to: &out)
    out.write(connection.firstTime)
    separate(&out)
    out.write(connection.lastTime)
    separate(&out)
    out.write(phrases.opening[connection.opening])
    if let time = connection.handshakeTime { out.write(seconds: time) }
    separate(&out)
    out.write(phrases.activeCloser[connection.activeCloser])
    out.write(connection.end.rawValue)
    out.write(byte: UInt8(ascii: "\n"))
  }

  private static func write(
    _ endpoint: EndpointLine, _ socket: (address: IPAddress, port: UInt16), _ phrases: CSVPhrases,
    to out: inout OutputBuffer
  ) {
    out.write(socket.address)
    separate(&out)
    field(UInt64(socket.port), to: &out)
    out.write(phrases.state[endpoint.state])
    field(endpoint.packets, to: &out)
    field(endpoint.bytes, to: &out)
    field(endpoint.payloadBytes, to: &out)
  }

  private static func field(_ number: UInt64, to out: inout OutputBuffer) {
    out.write(number)
    separate(&out)
  }

  @inline(__always)
  private static func separate(_ out: inout OutputBuffer) {
    out.write(byte: UInt8(ascii: ","))
  }
}

/// What the lines say beside numbers, each with the comma after it.
private final class CSVPhrases: Sendable {
  static let shared = CSVPhrases()

  let state = PhraseTable<TCPState> { "\($0)," }
  let opening = PhraseTable<Opening> { "\($0)," }
  let activeCloser = PhraseTable<Closer> { $0 == .none ? "," : "\($0)," }
  let yes: Phrase = "true,"
  let no: Phrase = "false,"
}
