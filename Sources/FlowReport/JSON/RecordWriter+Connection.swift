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
    // Every number at its longest, and two addresses of IPv6, are 1,600 bytes.
    out.compose(room: 2048) { block, place in
      block.put(phrases.id, at: &place)
      block.put(connection.id, at: &place)
      if connection.incarnation == 1, connection.previous == 0 {
        block.put(phrases.first, at: &place)
      } else {
        block.put(phrases.incarnation, at: &place)
        block.put(UInt64(connection.incarnation), at: &place)
        block.put(phrases.previous, at: &place)
        if connection.previous == 0 {
          block.put(phrases.null, at: &place)
        } else {
          block.put(connection.previous, at: &place)
        }
      }
      block.put(phrases.communityID, at: &place)
      block.put(communityID, at: &place)
      block.put(phrases.client, at: &place)
      RecordWriter.put(connection.client, connection.socket(.client), phrases, &block, &place)
      block.put(phrases.server, at: &place)
      RecordWriter.put(connection.server, connection.socket(.server), phrases, &block, &place)
      block.put(
        connection.traits.contains(.clientKnown) ? phrases.clientKnown : phrases.clientUnknown,
        at: &place)
      block.put(phrases.vantage(.of(&connection)), at: &place)
      if let original {
        block.put(phrases.translationOf, at: &place)
        block.put(original, at: &place)
      }
      block.put(phrases.firstFrame, at: &place)
      block.put(connection.firstFrame, at: &place)
      block.put(phrases.lastFrame, at: &place)
      block.put(connection.lastFrame, at: &place)
      let (first, last) = (Moment(connection.firstTime), Moment(connection.lastTime))
      block.put(phrases.firstTime, at: &place)
      block.put(first, at: &place)
      block.put(phrases.firstNanoseconds, at: &place)
      block.put(nanoseconds: first, at: &place)
      block.put(phrases.lastTime, at: &place)
      block.put(last, at: &place)
      block.put(phrases.lastNanoseconds, at: &place)
      block.put(nanoseconds: last, at: &place)
      block.put(phrases.opened[connection.opening], at: &place)
      block.put(phrases.handshake, at: &place)
      if let time = connection.handshakeTime {
        block.put(seconds: time, at: &place)
      } else {
        block.put(phrases.null, at: &place)
      }
      block.put(phrases.activeCloser[connection.activeCloser], at: &place)
      block.put(phrases.ends[connection.end.index], at: &place)
    }
  }

  @inline(__always)
  private static func put(
    _ endpoint: EndpointLine, _ socket: (address: IPAddress, port: UInt16),
    _ phrases: ConnectionPhrases, _ block: inout TextBlock, _ place: inout Int
  ) {
    block.put(socket.address, at: &place)
    block.put(phrases.port, at: &place)
    block.put(UInt64(socket.port), at: &place)
    block.put(phrases.state, at: &place)
    block.put(phrases.packets[endpoint.state], at: &place)
    block.put(endpoint.packets, at: &place)
    block.put(phrases.bytes, at: &place)
    block.put(endpoint.bytes, at: &place)
    block.put(phrases.payloadBytes, at: &place)
    block.put(endpoint.payloadBytes, at: &place)
    if !phrases.putOrdinary(endpoint, &block, at: &place) {
      putCounts(endpoint, phrases, &block, &place)
    }
  }

  /// Puts how many SYNs, FINs and RSTs there were, and how often something did not go as it should.
  @inline(never)
  private static func putCounts(
    _ endpoint: EndpointLine, _ phrases: ConnectionPhrases, _ block: inout TextBlock,
    _ place: inout Int
  ) {
    func put(
      _ phrase: borrowing Phrase, _ count: UInt16, _ block: inout TextBlock, _ place: inout Int
    ) {
      block.put(phrase, at: &place)
      block.put(UInt64(count), at: &place)
    }
    put(phrases.syn, endpoint.synCount, &block, &place)
    put(phrases.fin, endpoint.finCount, &block, &place)
    put(phrases.rst, endpoint.rstCount, &block, &place)
    put(phrases.retransmissions, endpoint.retransmissions, &block, &place)
    put(phrases.spuriousRetransmissions, endpoint.spuriousRetransmissions, &block, &place)
    put(phrases.outOfOrder, endpoint.outOfOrder, &block, &place)
    put(phrases.duplicateAcknowledgments, endpoint.duplicateAcknowledgments, &block, &place)
    put(phrases.zeroWindows, endpoint.zeroWindows, &block, &place)
    put(phrases.keepAlives, endpoint.keepAlives, &block, &place)
    put(phrases.invalidChecksums, endpoint.invalidChecksums, &block, &place)
    put(phrases.captureDuplicates, endpoint.captureDuplicates, &block, &place)
    block.put(byte: UInt8(ascii: "}"), at: &place)
  }
}
