import FlowDiagnosis
import PacketDecoding
public import TCPModel

extension RecordWriter {
  /// Appends a `connection` record.
  ///
  /// - Parameter original: The connection that it is as well, on the other side of a NAT.
  public func write(
    _ connection: Connection, translationOf original: UInt64? = nil, to out: inout OutputBuffer
  ) {
    begin("connection", to: &out)
    out.write(",\"id\":")
    out.write(connection.id)
    out.write(",\"incarnation\":")
    out.write(UInt64(connection.incarnation))
    out.write(",\"previous\":")
    out.write(jsonFrame: connection.previous)
    out.write(",\"community_id\":\"")
    CommunityID.write(connection.key, to: &out)
    out.write("\",\"client\":")
    write(connection, .client, to: &out)
    out.write(",\"server\":")
    write(connection, .server, to: &out)
    out.write(
      connection.traits.contains(.clientKnown)
        ? ",\"client_known\":true,\"vantage\":\"" : ",\"client_known\":false,\"vantage\":\"")
    out.write(connection.vantage.rawValue)
    out.write(byte: UInt8(ascii: "\""))
    if let original {
      out.write(",\"translation_of\":")
      out.write(original)
    }
    out.write(",\"first_frame\":")
    out.write(connection.firstFrame)
    out.write(",\"last_frame\":")
    out.write(connection.lastFrame)
    out.write(",\"first_time\":\"")
    out.write(connection.firstTime)
    out.write("\",\"first_time_ns\":")
    out.write(connection.firstTime.nanoseconds)
    out.write(",\"last_time\":\"")
    out.write(connection.lastTime)
    out.write("\",\"last_time_ns\":")
    out.write(connection.lastTime.nanoseconds)
    out.write(",\"opened\":\"")
    out.write(connection.opening.description)
    out.write("\",\"handshake_seconds\":")
    if let time = connection.handshakeTime {
      out.write(seconds: time)
    } else {
      out.write("null")
    }
    out.write(",\"active_closer\":")
    out.write(RecordWriter.name(connection.activeCloser))
    out.write(",\"end\":\"")
    out.write(connection.end.rawValue)
    out.write(byte: UInt8(ascii: "\""))
    end(&out)
  }

  private func write(_ connection: Connection, _ side: Side, to out: inout OutputBuffer) {
    let endpoint = connection[side]
    let (address, port) = connection.socket(side)
    out.write("{\"address\":")
    out.write(json: address)
    out.write(",\"port\":")
    out.write(UInt64(port))
    out.write(",\"state\":\"")
    out.write(endpoint.state.description)
    out.write("\",\"packets\":")
    out.write(endpoint.packets)
    out.write(",\"bytes\":")
    out.write(endpoint.bytes)
    out.write(",\"payload_bytes\":")
    out.write(endpoint.payloadBytes)
    out.write(",\"syn\":")
    out.write(UInt64(endpoint.synCount))
    out.write(",\"fin\":")
    out.write(UInt64(endpoint.finCount))
    out.write(",\"rst\":")
    out.write(UInt64(endpoint.rstCount))
    out.write(",\"retransmissions\":")
    out.write(UInt64(endpoint.retransmissions))
    out.write(",\"spurious_retransmissions\":")
    out.write(UInt64(endpoint.spuriousRetransmissions))
    out.write(",\"out_of_order\":")
    out.write(UInt64(endpoint.outOfOrder))
    out.write(",\"duplicate_acks\":")
    out.write(UInt64(endpoint.duplicateAcknowledgments))
    out.write(",\"zero_windows\":")
    out.write(UInt64(endpoint.zeroWindows))
    out.write(",\"keepalives\":")
    out.write(UInt64(endpoint.keepAlives))
    out.write(",\"bad_checksums\":")
    out.write(UInt64(endpoint.invalidChecksums))
    out.write(",\"capture_duplicates\":")
    out.write(UInt64(endpoint.captureDuplicates))
    out.write(byte: UInt8(ascii: "}"))
  }

  private static func name(_ closer: Closer) -> String {
    switch closer {
    case .none: "null"
    case .client: "\"client\""
    case .server: "\"server\""
    case .both: "\"both\""
    }
  }
}
