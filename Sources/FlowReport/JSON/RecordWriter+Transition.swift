import PacketDecoding
public import TCPModel

extension RecordWriter {
  /// Appends a `transition` record.
  public func write(
    _ transition: Transition, of connection: Connection, to out: inout OutputBuffer
  ) {
    let phrases = TransitionPhrases.shared
    let (address, port) = connection.socket(transition.endpoint)
    out.write(phrases.beginning)
    if !file.isEmpty { out.write(bytes: file) }
    out.write(phrases.connection)
    out.write(connection.id)
    out.write(phrases.endpoint)
    out.write(phrases.address[transition.endpoint])
    out.write(address)
    out.write(phrases.port)
    out.write(UInt64(port))
    out.write(phrases.from[transition.from])
    out.write(phrases.to[transition.to])
    out.write(phrases.time)
    out.write(transition.time)
    out.write(phrases.nanoseconds)
    out.write(transition.time.nanoseconds)
    out.write(phrases.frame)
    out.write(jsonFrame: transition.frame)
    out.write(phrases.evidence[transition.evidence])
    if transition.confirmedBy == 0, transition.revokedBy == 0 {
      for index in phrases.standing.indices { out.write(phrases.standing[index]) }
      return
    }
    out.write(phrases.confirmedBy)
    out.write(jsonFrame: transition.confirmedBy)
    out.write(phrases.revokedBy)
    out.write(jsonFrame: transition.revokedBy)
    out.write(phrases.ending)
  }
}
