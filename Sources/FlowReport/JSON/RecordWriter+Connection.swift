import FlowDiagnosis
import PacketDecoding
public import TCPModel

extension RecordWriter {
  /// Appends a `connection` record.
  ///
  /// - Parameters:
  ///   - connection: Passed by address, not changed.
  ///   - original: The connection that it is as well, on the other side of a NAT.
  public func write(
    _ connection: inout ConnectionLine, translationOf original: UInt64? = nil,
    to out: inout OutputBuffer
  ) {
    write(&connection, CommunityID.text(connection.key), translationOf: original, to: &out)
  }

  /// The same with the Community ID, which is known.
  func write(
    _ connection: inout ConnectionLine, _ communityID: Phrase, translationOf original: UInt64?,
    to out: inout OutputBuffer
  ) {
    let phrases = ConnectionPhrases.shared
    out.write(phrases.beginning)
    if !file.isEmpty { out.write(bytes: file) }
    out.write(phrases.id)
    out.write(connection.id)
    if connection.incarnation == 1, connection.previous == 0 {
      out.write(phrases.first)
    } else {
      out.write(phrases.incarnation)
      out.write(UInt64(connection.incarnation))
      out.write(phrases.previous)
      out.write(jsonFrame: connection.previous)
    }
    out.write(phrases.communityID)
    out.write(communityID)
    out.write(phrases.client)
    RecordWriter.write(connection.client, connection.socket(.client), phrases, to: &out)
    out.write(phrases.server)
    RecordWriter.write(connection.server, connection.socket(.server), phrases, to: &out)
    out.write(
      connection.traits.contains(.clientKnown) ? phrases.clientKnown : phrases.clientUnknown)
    out.write(phrases.vantage(connection.vantage))
    if let original {
      out.write(",\"translation_of\":")
      out.write(original)
    }
    out.write(phrases.firstFrame)
    out.write(connection.firstFrame)
    out.write(phrases.lastFrame)
    out.write(connection.lastFrame)
    out.write(phrases.firstTime)
    out.write(connection.firstTime)
    out.write(phrases.firstNanoseconds)
    out.write(connection.firstTime.nanoseconds)
    out.write(phrases.lastTime)
    out.write(connection.lastTime)
    out.write(phrases.lastNanoseconds)
    out.write(connection.lastTime.nanoseconds)
    out.write(phrases.opened[connection.opening])
    out.write(phrases.handshake)
    if let time = connection.handshakeTime {
      out.write(seconds: time)
    } else {
      out.write("null")
    }
    out.write(phrases.activeCloser[connection.activeCloser])
    out.write(phrases.end(connection.end))
  }

  private static func write(
    _ endpoint: EndpointLine, _ socket: (address: IPAddress, port: UInt16),
    _ phrases: ConnectionPhrases, to out: inout OutputBuffer
  ) {
    out.write(socket.address)
    out.write(phrases.port)
    out.write(UInt64(socket.port))
    out.write(phrases.state)
    out.write(phrases.packets[endpoint.state])
    out.write(endpoint.packets)
    out.write(phrases.bytes)
    out.write(endpoint.bytes)
    out.write(phrases.payloadBytes)
    out.write(endpoint.payloadBytes)
    if let flags = phrases.flags(endpoint) {
      out.write(flags)
    } else {
      out.write(phrases.syn)
      out.write(UInt64(endpoint.synCount))
      out.write(phrases.fin)
      out.write(UInt64(endpoint.finCount))
      out.write(phrases.rst)
      out.write(UInt64(endpoint.rstCount))
    }
    if endpoint.isFlawless {
      for index in phrases.flawless.indices { out.write(phrases.flawless[index]) }
    } else {
      writeFlaws(endpoint, phrases, to: &out)
    }
  }

  /// Writes how often something did not go as it should.
  private static func writeFlaws(
    _ endpoint: EndpointLine, _ phrases: ConnectionPhrases, to out: inout OutputBuffer
  ) {
    out.write(phrases.retransmissions)
    out.write(UInt64(endpoint.retransmissions))
    out.write(phrases.spuriousRetransmissions)
    out.write(UInt64(endpoint.spuriousRetransmissions))
    out.write(phrases.outOfOrder)
    out.write(UInt64(endpoint.outOfOrder))
    out.write(phrases.duplicateAcknowledgments)
    out.write(UInt64(endpoint.duplicateAcknowledgments))
    out.write(phrases.zeroWindows)
    out.write(UInt64(endpoint.zeroWindows))
    out.write(phrases.keepAlives)
    out.write(UInt64(endpoint.keepAlives))
    out.write(phrases.invalidChecksums)
    out.write(UInt64(endpoint.invalidChecksums))
    out.write(phrases.captureDuplicates)
    out.write(UInt64(endpoint.captureDuplicates))
    out.write(byte: UInt8(ascii: "}"))
  }
}

extension EndpointLine {
  /// Whether nothing was noticed about its segments.
  fileprivate var isFlawless: Bool {
    retransmissions | spuriousRetransmissions | outOfOrder | duplicateAcknowledgments | zeroWindows
      | keepAlives | invalidChecksums | captureDuplicates == 0
  }
}
