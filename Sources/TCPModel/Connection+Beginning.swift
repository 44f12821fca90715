import PacketDecoding

extension Connection {
  /// A connection of which `segment` is the first one seen.
  init(
    beginningWith segment: Segment, _ key: FlowKey, _ tag: UInt32, sourceIsLow: Bool, id: UInt64
  ) {
    self.init(key: key)
    self.id = id
    self.tag = tag
    firstFrame = segment.frame
    firstTime = segment.time
    lastTime = segment.time
    if sourceIsLow == Connection.sourceIsClient(segment) { traits.insert(.clientIsLow) }
    if segment.flags.contains(.syn) { traits.insert(.clientKnown) }
    if key.isSelf { traits.insert(.isSelf) }
    if !segment.flags.contains(.syn), !segment.flags.contains(.rst) { opening = .midstream }
    // A SYN is sent to somebody who listens, as far as anyone knows.
    if segment.flags.contains(.syn), !key.isSelf { server.state = .listen }
  }

  /// Who is taken for the client by the first segment: the sender of a SYN, the receiver of a
  /// SYN,ACK, else the higher port.
  private static func sourceIsClient(_ segment: Segment) -> Bool {
    if segment.flags.contains(.syn) { return !segment.flags.contains(.ack) }
    if segment.sourcePort != segment.destinationPort {
      return segment.sourcePort > segment.destinationPort
    }
    return segment.source > segment.destination
  }
}
