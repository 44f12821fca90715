import PacketDecoding
public import TCPModel

/// Small segments wait, by Nagle's algorithm, for an acknowledgment that the other side delays.
public struct DelayedAckStall: ConnectionRule {
  public let id = "delayed-ack-stall"
  public let title = "small writes wait for a delayed ACK (Nagle's algorithm)"
  public let group = RuleGroup.stalls
  public let severity = Severity.warning

  // Definition (RFC 9293 §3.7.4, §3.8.6.3):
  // 1. An endpoint has sent data and nothing since; the window has room for more.
  // 2. The acknowledgment of all of it is a pure ACK that comes 20 to 700 ms later than a round
  //    trip would take.
  // 3. Within a round trip and 5 ms after that ACK, the endpoint sends a segment smaller than full.
  // 4. This happens at least twice, and the other end answers with data at all.
  // What disproves it: the ACK comes at once and the answer late (the program thinks); the next
  // segment comes on its own time: then more small segments run behind unacknowledged ones, as
  // they do with Nagle's algorithm off, than wait.

  private static let leastExcess: Int64 = 15_000_000

  public init() {}

  public var gate: ConnectionGate { ConnectionGate(all: [.measured]) }

  public func mayApply(to connection: Connection) -> Bool {
    connection.traits.contains(.measured)
  }

  public func examine(_ tracked: TrackedConnection, _ facts: CaptureFacts) -> [Finding] {
    guard tracked.isTwoSided else { return [] }
    return Side.allCases.compactMap { examine(tracked, $0) }
  }

  private func examine(_ tracked: TrackedConnection, _ side: Side) -> Finding? {
    let connection = tracked.connection
    guard let meter = tracked.stalls?[side], meter.heldSends > 1,
      meter.unheldSends <= 2 &* meter.heldSends, connection[side.peer].payloadBytes > 0
    else { return nil }
    let shortest = Int64(meter.shortestHold) * 1000
    let longest = Int64(meter.longestHold) * 1000
    // What an ACK takes on this path when nobody delays it.
    let quickest =
      meter.quickestAcknowledgment < meter.shortestHold
      ? Int64(meter.quickestAcknowledgment) * 1000
      : (side == .client ? connection.serverRoundTrip : connection.clientRoundTrip)
    guard quickest > 0, shortest - quickest >= DelayedAckStall.leastExcess else { return nil }
    let count = Int(meter.heldSends)
    let lost = max(0, meter.heldTime &- quickest &* Int64(count))
    let sender = connection.name(side)
    let receiver = connection.name(side.peer)
    let held = connection.frame(low: meter.firstHeldFrames.data)
    let ack = connection.frame(low: meter.firstHeldFrames.ack)
    let release = connection.frame(low: meter.firstHeldFrames.release)
    var frames = [
      FrameRole(held, "small segment of \(sender)"),
      FrameRole(ack, "its ACK, delayed by \(receiver)"),
      FrameRole(release, "the next small segment, sent at once after it"),
    ]
    let last = connection.frame(low: meter.lastReleaseFrame)
    if last > release { frames.append(FrameRole(last, "the last segment that waited so")) }
    let range =
      longest - shortest < 1_000_000
      ? ProofText.duration(longest)
      : "\(ProofText.duration(shortest)) to \(ProofText.duration(longest))"
    return Finding(
      id: id, severity: .warning,
      confidence: tracked.confidence(
        count >= 4 && meter.unheldSends == 0 ? .certain : .likely),
      connections: [connection.id], frames: frames, time: connection.lastTime,
      summary:
        "\(sender) held back a small segment \(ProofText.times(count)) until \(receiver) sent its delayed ACK "
        + "(\(range) each, first frames \(held), \(ack) and \(release)): Nagle's algorithm waits "
        + "for the ACK, the ACK waits for more data, \(ProofText.duration(lost)) lost in all.",
      advice:
        "In the program at \(connection.host(side)) write the whole message in one call (writev, "
        + "or a buffer flushed once), or set TCP_NODELAY on its socket; nothing is wrong with the "
        + "network.",
      values: [
        ("stalls", .integer(Int64(count))), ("lost_seconds", .seconds(lost.seconds)),
        ("shortest_wait_seconds", .seconds(shortest.seconds)),
        ("longest_wait_seconds", .seconds(longest.seconds)),
        ("usual_ack_seconds", .seconds(quickest.seconds)),
      ],
      costSeconds: lost.seconds,
      causeKey: "\(connection.host(side))>\(connection.host(side.peer)):"
        + "\(connection.socket(.server).port)")
  }

  public var page: ExplanationPage {
    ExplanationPage(
      mechanism: [
        "Nagle's algorithm holds a segment that is smaller than full while an earlier one is unacknowledged. Delayed acknowledgment holds an ACK for a while in the hope of data to carry it. Each is sound by itself. A program that writes a message in two small pieces and then waits for the answer brings them against each other: the second piece waits for the ACK, and the ACK waits because the answer needs the second piece.",
        "The wait ends with the delayed-ACK timer: 40 ms or more in Linux (it adapts up to 200 ms), 200 ms in older Windows, at most 500 ms by the standard. Linux acknowledges the first segments of a connection at once (quick ACK), so the stall shows only after some exchanges.",
      ],
      ladder: [
        "  client (write, write, read)              server",
        "    --- PSH,ACK len 20 (header) --------->   incomplete, no answer",
        "    (len 9 is ready, Nagle holds it)         ACK delayed",
        "    <-- ACK ------------------------------   40 ms later",
        "    --- PSH,ACK len 9 (body) ------------>   at once",
        "    <-- PSH,ACK (answer) -----------------",
      ],
      proof: [
        "A pure ACK comes much later than a round trip, and a small segment follows it at once, again and again.",
        "The receiver's window had room: only Nagle's rule kept the segment back.",
      ],
      lookAlikes: [
        "A slow program: the ACK comes at once and the answer late. Nothing waits for the ACK.",
        "A long path: every ACK takes as long, also those that carry data.",
        "Data sent at regular times with TCP_NODELAY: small segments then overlap unacknowledged ones.",
      ],
      confirmation: [
        .init("nstat -az TcpExtDelayedACKs", "grows at the receiver with every stall"),
        .init("ss -tnio", "ato:40 is the present delay of ACKs; TCP_NODELAY itself is not shown"),
        .init(
          "strace -f -e trace=sendto,write,writev,setsockopt -p PID",
          "two small writes before a read, and no TCP_NODELAY"),
      ],
      remedies: [
        "Write header and body together: one buffer, writev(), or MSG_MORE / TCP_CORK on Linux.",
        "TCP_NODELAY at the sender, where messages are buffered by the program already.",
        "At the receiver TCP_QUICKACK helps for the moment only: it is not permanent and must be set again after each read (tcp(7)).",
      ],
      myths: [
        "tcp_low_latency does nothing since Linux 4.14.",
        "Turning delayed ACKs off on the whole receiver costs an ACK a segment for everybody and leaves the cause, two writes for one message, in place.",
        "TCP_NODELAY together with many tiny writes trades the wait for a flood of tiny packets.",
      ],
      references: [
        "RFC 9293 §3.7.4", "RFC 9293 §3.8.6.3", "RFC 896", "RFC 1122 §4.2.3.2", "RFC 1122 §4.2.3.4",
        "tcp(7)",
      ])
  }
}
