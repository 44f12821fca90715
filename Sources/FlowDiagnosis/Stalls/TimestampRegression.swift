import PacketDecoding
public import TCPModel

/// The timestamps of one endpoint go backwards within a connection.
public struct TimestampRegression: ConnectionRule {
  public let id = "timestamp-regression"
  public let title = "timestamps of one endpoint go backwards within a connection"
  public let group = RuleGroup.stalls
  public let severity = Severity.warning

  // Definition (RFC 7323 §5.2, §5.4):
  // 1. A segment carries a TSval that lies behind an earlier one of the same endpoint by more than
  //    1000 ticks, and by a second or more at the rate of that endpoint's clock.
  // 2. The segment lies in the receiver's window.
  // What disproves it: it belongs to the previous incarnation of the 4-tuple (stale-segment), or it
  // was merely overtaken by others: then it lies behind by milliseconds.

  private static let least = 1.0

  public init() {}

  public var gate: ConnectionGate { ConnectionGate(all: [.timestampRegression]) }

  public func mayApply(to connection: Connection) -> Bool {
    connection.noticed.contains(.timestampRegression)
  }

  public func examine(_ tracked: TrackedConnection, _ facts: CaptureFacts) -> [Finding] {
    Side.allCases.compactMap { examine(tracked, $0) }
  }

  private func examine(_ tracked: TrackedConnection, _ side: Side) -> Finding? {
    let connection = tracked.connection
    let clock = TimestampClock(tracked, side)
    let odd = tracked.sent(by: side) {
      $0.annotations.contains(.timestampRegression)
        && $0.annotations.isDisjoint(with: [.unacceptable, .keepAlive, .invalidChecksum])
        && clock.secondsBehind($0) >= TimestampRegression.least
        && !isOfPrevious($0, tracked)
    }
    guard let first = odd.first, let last = odd.last else { return nil }
    let name = connection.name(side)
    let peer = connection.name(side.peer)
    let behind = clock.secondsBehind(first)
    let ticks = clock.ticksBehind(first)
    let repeats = tracked.sent(by: side) {
      $0.annotations.contains(.retransmission) && $0.frame > first.frame
    }
    let hasData = odd.contains { $0.length > 0 || $0.flags.contains(.fin) }

    var frames = odd.prefix(4).map {
      FrameRole($0.frame, "TSval \($0.timestampValue), behind the ones before")
    }
    if hasData, let again = repeats.first {
      frames.append(FrameRole(again.frame, "sent again with TSval \(again.timestampValue)"))
      frames.sort { $0.frame < $1.frame }
    }
    let effect =
      hasData
      ? "\(peer) has to drop such segments (PAWS)"
        + (repeats.isEmpty ? "" : ", and \(name) sent data again in frame \(repeats[0].frame)")
      : "\(peer) has to drop such segments (PAWS), though these carried no data"
    return Finding(
      id: id, severity: .warning, confidence: tracked.confidence(.likely),
      connections: [connection.id], frames: frames, time: last.time,
      summary:
        "\(ProofText.count(odd.count, "segment")) of \(name) (\(ProofText.frames(odd.map(\.frame)))"
        + ") went out with a clock about \(ProofText.duration(seconds: behind)) behind the "
        + "one its other segments bear; \(effect). Something on the path rewrites or injects "
        + "segments, or two hosts share this 4-tuple.",
      advice:
        "Compare captures before and after each NAT, load balancer or proxy on the way of "
        + "\(connection.host(side)); where TTLs differ between the two kinds of segments, they "
        + "come from different hosts.",
      values: [
        ("segments", .integer(Int64(odd.count))),
        ("tsval", .integer(Int64(first.timestampValue))),
        ("ticks_behind", .integer(Int64(ticks))), ("behind_seconds", .seconds(behind)),
        ("usual_hop_limit", .integer(Int64(connection[side].hopLimit))),
        ("hop_limit", .integer(Int64(first.hopLimit))),
      ],
      causeKey: "\(connection.host(side))")
  }

  /// Whether the segment's clock reading fits the incarnation before: a late duplicate of it.
  private func isOfPrevious(_ record: SegmentRecord, _ tracked: TrackedConnection) -> Bool {
    guard let previous = tracked.previous?.connection else { return false }
    let value = TimestampValue(record.timestampValue)
    return Side.allCases.contains {
      previous[$0].marks.contains(.timestamps)
        && value.isWithin(previous[$0].firstTimestamp, previous[$0].newestTimestamp)
    }
  }

  public var page: ExplanationPage {
    ExplanationPage(
      mechanism: [
        "Each segment carries a reading of its sender's timestamp clock (TSval), which must never go back within a connection. The receiver uses it to recognise late duplicates: a segment whose TSval is older than the newest one accepted is dropped and answered by an ACK (PAWS).",
        "When a device on the path writes its own clock into some segments, or answers in a host's name, or when two hosts behind one address come to use the same 4-tuple, the clocks disagree. The side with the older clock is then ignored: the connection hangs and data is sent again.",
      ],
      ladder: [
        "  client                                   server",
        "    --- seq 1    TSval 900500 ----------->   accepted",
        "    --- seq 501  TSval 400501 ----------->   PAWS: dropped",
        "    <-- ACK 501  TSecr 900500 ------------",
        "    --- seq 501  TSval 900740 ----------->   again, accepted",
      ],
      proof: [
        "A TSval more than a second behind an earlier one of the same endpoint and connection, in a segment that is in the window.",
        "The receiver's ACK goes on echoing the newer TSval.",
      ],
      lookAlikes: [
        "Segments out of order: behind by the milliseconds of the detour.",
        "stale-segment: a late duplicate of an earlier connection on the same ports.",
        "TSvals of different connections of one host: current Linux adds a random offset for each, so they cannot be compared.",
        "A RST without timestamps, or with TSval 0: not judged here.",
      ],
      confirmation: [
        .init("nstat -az TcpExtPAWSEstab", "grows at the receiver with each segment dropped"),
        .init(
          "nstat -az TcpExtTCPACKSkippedPAWS", "ACKs to such segments left out by the rate limit"),
        .init(
          "tshark -r FILE -T fields -e frame.number -e ip.ttl -e ip.id -e tcp.options.timestamp.tsval",
          "whether TTL and identification change with the clock"),
      ],
      remedies: [
        "Find the device that rewrites timestamps or answers for the host, and switch that off or bring it up to date.",
        "Give each host behind a NAT its own ports: no two translations of one 4-tuple at a time.",
      ],
      myths: [
        "tcp_tw_recycle has nothing to do with it (and is gone since Linux 4.12).",
        "Switching tcp_timestamps off on the hosts hides the fault and takes PAWS and exact round-trip times away.",
      ],
      references: ["RFC 7323 §5.2, §5.3, §5.4"])
  }
}

/// The timestamp clock of an endpoint, as far as its connection shows its rate.
private struct TimestampClock {
  private let first: TimestampValue
  private let start: CaptureTime
  private let ticksPerSecond: Double

  init(_ tracked: TrackedConnection, _ side: Side) {
    let endpoint = tracked.connection[side]
    first = endpoint.firstTimestamp
    start = tracked.sent(by: side).first?.time ?? tracked.connection.firstTime
    let seconds = endpoint.lastTime.nanoseconds(since: start).seconds
    let ticks = Double(endpoint.newestTimestamp.distance(from: endpoint.firstTimestamp))
    // Too short a time shows no rate; 1 ms a tick is the usual one.
    let rate = seconds >= 0.1 && ticks > 0 ? ticks / seconds : 1000
    ticksPerSecond = min(max(rate, 1), 1_000_000)
  }

  func ticksBehind(_ record: SegmentRecord) -> Int32 {
    let elapsed = record.time.nanoseconds(since: start).seconds * ticksPerSecond
    let expected = UInt32(truncatingIfNeeded: Int64(min(max(elapsed, 0), 1e15)))
    return TimestampValue(first.rawValue &+ expected)
      .distance(from: TimestampValue(record.timestampValue))
  }

  func secondsBehind(_ record: SegmentRecord) -> Double {
    Double(ticksBehind(record)) / ticksPerSecond
  }
}
