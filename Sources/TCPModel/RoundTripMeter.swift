import PacketDecoding

/// The round trips of a connection in the ordinary course, as `Endpoint.measureRoundTrip` measures them.
struct RoundTripMeter: BitwiseCopyable {
  /// As in `Connection`.
  private(set) var clientRoundTrip: Int64 = 0
  private(set) var serverRoundTrip: Int64 = 0
  /// When a segment with the newest TSval of an end passed; the epoch where timestamps are not used.
  private var clientNewest = CaptureTime.epoch
  private var serverNewest = CaptureTime.epoch

  /// The SYN,ACK.
  @inline(__always)
  mutating func answer(at time: CaptureTime, since first: CaptureTime, hasTimestamps: Bool) {
    clientRoundTrip = 0
    serverRoundTrip = max(1, time.nanoseconds(since: first))
    clientNewest = hasTimestamps ? first : .epoch
    serverNewest = hasTimestamps ? time : .epoch
  }

  /// The ACK that completes the handshake.
  @inline(__always)
  mutating func complete(at time: CaptureTime, since answer: CaptureTime) {
    clientRoundTrip = max(1, time.nanoseconds(since: answer))
  }

  /// A segment after the SYN,ACK.
  @inline(__always)
  mutating func take(_ kept: QuietSegment, at time: CaptureTime) {
    if kept.isServer {
      if kept.ticks != 0, serverNewest != .epoch { serverNewest = time }
      if kept.echoLag == 0 { RoundTripMeter.shorten(&serverRoundTrip, clientNewest, time) }
    } else {
      if kept.ticks != 0, clientNewest != .epoch { clientNewest = time }
      if kept.echoLag == 0 { RoundTripMeter.shorten(&clientRoundTrip, serverNewest, time) }
    }
  }

  @inline(__always)
  private static func shorten(_ roundTrip: inout Int64, _ sent: CaptureTime, _ echoed: CaptureTime)
  {
    let sample = echoed.nanoseconds(since: sent)
    if sample < roundTrip, sample > 0, sent != .epoch { roundTrip = sample }
  }
}
