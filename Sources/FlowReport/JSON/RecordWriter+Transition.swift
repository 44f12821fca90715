import PacketDecoding
public import TCPModel

extension RecordWriter {
  /// Appends a `transition` record.
  public func write(
    _ transition: Transition, of connection: Connection, to out: inout OutputBuffer
  ) {
    let (address, port) = connection.socket(transition.endpoint)
    begin("transition", to: &out)
    out.write(",\"connection\":")
    out.write(connection.id)
    out.write(",\"endpoint\":\"")
    out.write(transition.endpoint.description)
    out.write("\",\"address\":")
    out.write(json: address)
    out.write(",\"port\":")
    out.write(UInt64(port))
    out.write(",\"from\":\"")
    out.write(transition.from.description)
    out.write("\",\"to\":\"")
    out.write(transition.to.description)
    out.write("\",\"time\":\"")
    out.write(transition.time)
    out.write("\",\"time_ns\":")
    out.write(transition.time.nanoseconds)
    out.write(",\"frame\":")
    out.write(jsonFrame: transition.frame)
    out.write(",\"evidence\":\"")
    out.write(transition.evidence.description)
    out.write("\",\"confirmed_by\":")
    out.write(jsonFrame: transition.confirmedBy)
    out.write(",\"revoked_by\":")
    out.write(jsonFrame: transition.revokedBy)
    end(&out)
  }
}
