import PacketDecoding
public import TCPModel

/// A receiver closed its window and the sender had to wait with data in hand.
public struct ZeroWindowStall: ConnectionRule {
  public let id = "zero-window-stall"
  public let title = "the receiver's window is closed and the sender waits"
  public let group = RuleGroup.stalls
  public let severity = Severity.warning

  // Definition (RFC 9293 §3.8.6, §3.8.6.1):
  // 1. An endpoint offers a window of 0 for 100 ms or longer.
  // 2. Meanwhile the other end probes the window at least once: it has data to send.
  // What disproves it: no probe: then there was nothing to send; or the window opens again sooner
  // than the first probe is due, which is flow control as it should be.

  private static let threshold: Int64 = 100_000_000

  public init() {}

  public var gate: ConnectionGate { ConnectionGate(all: [.measured, .zeroWindow]) }

  public func mayApply(to connection: Connection) -> Bool {
    connection.noticed.contains(.zeroWindow)
      && connection.traits.contains(.measured)
  }

  public func examine(_ tracked: TrackedConnection, _ facts: CaptureFacts) -> [Finding] {
    guard tracked.isTwoSided else { return [] }
    return Side.allCases.compactMap { examine(tracked, $0) }
  }

  private func examine(_ tracked: TrackedConnection, _ side: Side) -> Finding? {
    let connection = tracked.connection
    guard let meter = tracked.stalls?[side], meter.probes > 0 else { return nil }
    let isClosed = meter.closedSince != .epoch
    let current = isClosed ? connection.lastTime.nanoseconds(since: meter.closedSince) : 0
    let ended = meter.longestClosureProbes > 0 ? meter.longestClosure : 0
    let lasts = meter.openProbes > 0 && current > ended
    let longest = lasts ? current : ended
    guard longest >= ZeroWindowStall.threshold else { return nil }

    let closing = connection.frame(low: lasts ? meter.closingFrame : meter.longestClosingFrame)
    let reopening = lasts ? nil : connection.frame(low: meter.reopeningFrame)
    let probes = tracked.sent(by: side.peer) {
      $0.annotations.contains(.windowProbe) && $0.frame > closing
        && $0.frame < reopening ?? .max
    }
    let probeCount = Int(lasts ? meter.openProbes : meter.longestClosureProbes)
    let receiver = connection.name(side)
    let sender = connection.name(side.peer)
    let total = max(longest, meter.closedTime &+ current)

    var frames = [FrameRole(closing, "\(receiver) closes its window")]
    if let probe = probes.first { frames.append(FrameRole(probe.frame, "probe of \(sender)")) }
    if let probe = probes.last, probes.count > 1 {
      frames.append(FrameRole(probe.frame, "last of \(probeCount) probes"))
    }
    if let reopening { frames.append(FrameRole(reopening, "the window opens again")) }
    let span =
      reopening.map { "from frame \(closing) to frame \($0)" }
      ?? "from frame \(closing) to the end of what was captured"
    let others =
      meter.closures > 1
      ? " In all it closed the window \(ProofText.times(meter.closures)), for \(ProofText.duration(total))."
      : ""
    return Finding(
      id: id, severity: .warning, confidence: tracked.confidence(.certain),
      connections: [connection.id], frames: frames, time: connection.lastTime,
      summary:
        "\(receiver) kept its receive window closed for \(ProofText.duration(longest)) (\(span)): "
        + "its program did not read what had arrived, while \(sender) had more to send and sent "
        + "\(ProofText.count(probeCount, "probe")).\(others)",
      advice:
        "Look at the program behind \(receiver), not at the network: it was busy, blocked or "
        + "slower than its peer during that time. A larger receive buffer only delays the same "
        + "wait unless the pauses are short.",
      values: [
        ("stall_seconds", .seconds(longest.seconds)),
        ("closed_seconds", .seconds(total.seconds)),
        ("closures", .integer(Int64(meter.closures))), ("probes", .integer(Int64(meter.probes))),
        ("reopened", .text(isClosed ? "no" : "yes")),
      ],
      costSeconds: total.seconds, causeKey: "\(connection.host(side))")
  }

  public var page: ExplanationPage {
    ExplanationPage(
      mechanism: [
        "Each segment says how much more its sender is ready to take: the window. It shrinks as data waits in the receive buffer, and reaches 0 when the program does not read. The other side must then stop, however fast the network is.",
        "Because the ACK that opens the window again might be lost, the waiting side probes: a segment of 0 or 1 bytes at growing intervals, first after a retransmission time-out (Linux: at least 200 ms, doubling up to 120 s). Each probe is answered with the present window. The connection may stay so for as long as the receiver answers.",
      ],
      ladder: [
        "  sender                                   receiver",
        "    --- data ---------------------------->   buffer full",
        "    <-- ACK, win 0 -----------------------",
        "    --- seq = SND.UNA-1, len 0 ---------->   probe, 200 ms later",
        "    <-- ACK, win 0 -----------------------",
        "    --- probe --------------------------->   400 ms later, …",
        "    <-- ACK, win 65536 -------------------   the program reads",
        "    --- data ---------------------------->",
      ],
      proof: [
        "A segment with window 0, and probes of the other end while it stays so.",
        "The time from the closing segment to the one that opens the window.",
      ],
      lookAlikes: [
        "Window 0 without probes: the other side had nothing to send.",
        "A RST carries window 0 and closes no window.",
        "Keep-alives have the same form as Linux window probes, but come after the keep-alive time and against an open window.",
        "A window that is small but not 0 slows the transfer too (silly window, RFC 9293 §3.8.6.2).",
      ],
      confirmation: [
        .init(
          "ss -tnmi", "at the receiver: Recv-Q full and rcv_space; at the sender: timer:(persist,…)"
        ),
        .init(
          "nstat -az TcpExtTCPToZeroWindowAdv TcpExtTCPFromZeroWindowAdv TcpExtTCPWantZeroWindowAdv",
          "how often this host closed and opened a window"),
        .init(
          "nstat -az TcpExtTCPWinProbe", "window probes sent by this host"),
      ],
      remedies: [
        "Find what the receiving program waits for: disk, lock, garbage collection, a full downstream queue.",
        "Where pauses are short and the rate high, a larger buffer bridges them: net.ipv4.tcp_rmem, or no SO_RCVBUF at all, which switches automatic tuning off.",
        "At the sender set TCP_USER_TIMEOUT so that a receiver which never reads again does not hold it for ever.",
      ],
      myths: [
        "More bandwidth or another congestion control changes nothing: the sender is allowed 0 bytes.",
        "Raising tcp_wmem at the sender only queues more in front of the same closed window.",
      ],
      references: ["RFC 9293 §3.8.6", "RFC 9293 §3.8.6.1", "RFC 5482"])
  }
}
