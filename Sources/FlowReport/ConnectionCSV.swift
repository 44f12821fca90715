import FlowDiagnosis
import PacketDecoding
public import TCPModel

/// The connection table as comma-separated values (RFC 4180), a header first.
public enum ConnectionCSV {
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

  /// Appends one connection. No field can hold a comma or a quotation mark.
  public static func write(_ connection: Connection, to out: inout OutputBuffer) {
    field(connection.id, to: &out)
    field(UInt64(connection.incarnation), to: &out)
    if connection.previous != 0 { out.write(connection.previous) }
    out.write(",")
    CommunityID.write(connection.key, to: &out)
    out.write(",")
    write(connection, .client, to: &out)
    write(connection, .server, to: &out)
    out.write(connection.traits.contains(.clientKnown) ? "true," : "false,")
    out.write(connection.vantage.rawValue)
    out.write(",")
    field(connection.firstFrame, to: &out)
    field(connection.lastFrame, to: &out)
    out.write(connection.firstTime)
    out.write(",")
    out.write(connection.lastTime)
    out.write(",")
    out.write(connection.opening.description)
    out.write(",")
    if let time = connection.handshakeTime { out.write(seconds: time) }
    out.write(",")
    if connection.activeCloser != .none { out.write("\(connection.activeCloser)") }
    out.write(",")
    out.write(connection.end.rawValue)
    out.write("\n")
  }

  private static func write(_ connection: Connection, _ side: Side, to out: inout OutputBuffer) {
    let (address, port) = connection.socket(side)
    out.write(address)
    out.write(",")
    field(UInt64(port), to: &out)
    out.write(connection[side].state.description)
    out.write(",")
    field(connection[side].packets, to: &out)
    field(connection[side].bytes, to: &out)
    field(connection[side].payloadBytes, to: &out)
  }

  private static func field(_ number: UInt64, to out: inout OutputBuffer) {
    out.write(number)
    out.write(",")
  }
}
