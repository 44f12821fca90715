import PacketDecoding
import TCPModel

/// Many connections wait in TIME-WAIT at once.
public struct TimeWaitPileup: LedgerRule {
  public let id = "time-wait-pileup"
  public let title = "TIME-WAIT piles up at the side that closes first"
  public let group = RuleGroup.pressure
  public let severity = Severity.warning

  // Definition (RFC 9293 §3.6, §3.6.1):
  // 1. A host closes its connections first and so holds each in TIME-WAIT, 60 s in Linux.
  // 2. 1000 or more of them are held at once towards one service: a warning where the holder is
  //    the caller, whose ports are scarce; where it is the service, a note, and a warning from
  //    32768.

  /// Held at once from which the rule speaks.
  private static let least = 1000
  /// Held at once from which a server is warned.
  private static let leastOfServer = 32768
  /// Ports of the default range of Linux, 32768 to 60999.
  private static let defaultPorts = 28232

  public init() {}

  public func makeLedger(_ options: DiagnosisOptions) -> any Ledger {
    Notes(rule: self, timers: options.timers)
  }

  /// Who holds TIME-WAIT towards whom.
  private struct Key: Hashable, Comparable {
    var holder: IPAddress
    /// The service called; unspecified where the holder is the service itself.
    var peer: IPAddress
    var port: UInt16
    var isCaller: Bool

    static func < (left: Key, right: Key) -> Bool {
      (left.holder, left.peer, left.port) < (right.holder, right.peer, right.port)
    }

    var service: String {
      let address = isCaller ? peer : holder
      return address.isIPv4 ? "\(address):\(port)" : "[\(address)]:\(port)"
    }
  }

  /// What begins and ends within a second.
  private struct Second {
    var change = 0
    var starts = 0
    var lastFrame: UInt64 = 0
  }

  private struct Count {
    var total = 0
    var firstFrame = UInt64.max
    var sample = ConnectionSample()
    var seconds: [Int64: Second] = [:]

    mutating func add(_ id: UInt64, frame: UInt64, from start: CaptureTime, to end: CaptureTime) {
      let first = start.nanoseconds / Timers.second
      total += 1
      firstFrame = min(firstFrame, frame)
      sample.add(id)
      var second = seconds[first, default: Second()]
      second.change += 1
      second.starts += 1
      second.lastFrame = max(second.lastFrame, frame)
      seconds[first] = second
      seconds[max(first + 1, end.nanoseconds / Timers.second), default: Second()].change -= 1
    }

    /// The second with the most held, how many, and the frame of the last one that joined.
    func peak() -> (held: Int, second: Int64, frame: UInt64) {
      var held = 0
      var frame = firstFrame
      var best = (held: 0, second: Int64(0), frame: firstFrame)
      for second in seconds.keys.sorted() {
        guard let entry = seconds[second] else { continue }
        held += entry.change
        frame = max(frame, entry.lastFrame)
        if held > best.held { best = (held, second, frame) }
      }
      return best
    }

    /// The seconds from the first to the last one that began, at least 1.
    var span: Int64 {
      let starts = seconds.filter { $0.value.starts > 0 }.keys
      guard let first = starts.min(), let last = starts.max() else { return 1 }
      return last - first + 1
    }
  }

  private struct Notes: Ledger {
    let rule: TimeWaitPileup
    let timers: Timers
    var counts: [Key: Count] = [:]

    private static let limit = 1 << 14

    mutating func observe(_ tracked: TrackedConnection) {
      let connection = tracked.connection
      guard !connection.traits.contains(.isSelf) else { return }
      for side in Side.allCases where connection[side].timeWaitFrame != 0 {
        let end = connection[side]
        let (server, port) = connection.socket(.server)
        let key = Key(
          holder: connection.socket(side).address,
          peer: side == .client ? server : .unspecified, port: port, isCaller: side == .client)
        guard counts[key] != nil || counts.count < Notes.limit else { continue }
        counts[key, default: Count()].add(
          connection.id, frame: end.timeWaitFrame, from: end.timeWaitTime,
          to: end.state == .closed
            ? end.timerStart : end.timeWaitTime.advanced(byNanoseconds: timers.timeWait))
      }
    }

    func conclude(_ facts: CaptureFacts) -> [Finding] {
      counts.keys.sorted().compactMap { key in
        guard let count = counts[key], count.total >= TimeWaitPileup.least else { return nil }
        let peak = count.peak()
        return peak.held >= TimeWaitPileup.least ? finding(key, count, peak) : nil
      }
    }

    private func finding(
      _ key: Key, _ count: Count, _ peak: (held: Int, second: Int64, frame: UInt64)
    ) -> Finding {
      let span = count.span
      let rate = Double(count.total) / Double(span)
      let closes =
        "\(count.total) closes within \(ProofText.duration(span &* Timers.second))"
      let limit = TimeWaitPileup.defaultPorts
      let wait = timers.timeWait / Timers.second
      let share = Int((100 * Double(peak.held) / Double(limit)).rounded())
      let summary: String
      let advice: String
      if key.isCaller {
        summary =
          "\(key.holder) closes its connections to \(key.service) first and held \(peak.held) of "
          + "its ports towards it in TIME-WAIT at once (frame \(peak.frame)), after \(closes); "
          + "each stays taken for \(wait) s, and the default range of Linux has \(limit) "
          + "(\(share) % of it)."
        advice =
          "Keep connections open and use them again (pool, keep-alive), or let "
          + "\(key.service) close first. At \(limit / Int(max(1, wait))) new connections a second "
          + "the default range is used up; net.ipv4.tcp_tw_reuse=1 at \(key.holder) then lets "
          + "connect() take ports out of TIME-WAIT after a second."
      } else {
        summary =
          "\(key.holder) closes the connections of its service \(key.service) first and held "
          + "\(peak.held) of them in TIME-WAIT at once (frame \(peak.frame)), after \(closes), "
          + "\(wait) s each."
        advice =
          "A server can hold many of them, for they cost memory only, up to "
          + "net.ipv4.tcp_max_tw_buckets; beyond that Linux ends them early, which brings resets "
          + "upon reuse. Let the clients close first, or keep connections open."
      }
      let isWarning = key.isCaller || peak.held >= TimeWaitPileup.leastOfServer
      return Finding(
        id: rule.id, severity: isWarning ? .warning : .note, confidence: .likely,
        connections: count.sample.first, connectionCount: count.total,
        frames: [
          FrameRole(count.firstFrame, "the first connection enters TIME-WAIT"),
          FrameRole(peak.frame, "\(peak.held) are held at once"),
        ],
        time: CaptureTime(nanoseconds: peak.second &* Timers.second), summary: summary,
        advice: advice,
        values: [
          ("held_at_once", .integer(Int64(peak.held))), ("entered", .integer(Int64(count.total))),
          ("per_second", .integer(Int64(rate.rounded()))),
          ("default_range", .integer(Int64(limit))), ("holder", .text("\(key.holder)")),
          ("service", .text(key.service)),
        ],
        causeKey: "\(key.holder)>\(key.service)")
    }
  }

  public var page: ExplanationPage {
    ExplanationPage(
      mechanism: [
        "Whoever sends the first FIN waits in TIME-WAIT after the close, so that a lost final ACK can be sent again and late segments cannot enter a new connection. In Linux that lasts 60 s from the last FIN it had to acknowledge. All the while the 4-tuple is taken: not a file descriptor, not a process, only some hundred bytes and, at a caller, its local port towards this one destination.",
        "A caller that opens and closes some hundred connections a second to one address and port runs through its ephemeral ports within a minute. A server that closes first only collects entries, up to net.ipv4.tcp_max_tw_buckets; beyond that new ones are dropped at once, and ports come back before it is safe.",
      ],
      ladder: [
        "  client (closes first)                    server",
        "    --- FIN,ACK ------------------------->   CLOSE-WAIT",
        "    <-- FIN,ACK --------------------------   LAST-ACK",
        "    --- ACK ----------------------------->   CLOSED",
        "  TIME-WAIT, 60 s: this port is taken towards this server",
      ],
      proof: [
        "The first FIN of each connection comes from the same host, and the close completes.",
        "The number held at once is counted with 60 s each (or until a segment ends one earlier).",
      ],
      lookAlikes: [
        "port-exhaustion: the ports have in fact run out and are taken again the moment they are free.",
        "Many TIME-WAIT entries spread over many destinations: each destination has its own set of ports, nothing runs out.",
        "close-wait-leak: entries that do not go away by themselves, for a program forgot to close.",
      ],
      confirmation: [
        .init(
          "ss -tan state time-wait | wc -l",
          "how many the host holds; ss -tan state time-wait dst ADDRESS counts one destination"),
        .init("cat /proc/net/sockstat", "tw: entries in TIME-WAIT"),
        .init(
          "nstat -az TcpExtTW TcpExtTCPTimeWaitOverflow",
          "TIME-WAITs that ended, and those dropped for want of buckets"),
        .init(
          "sysctl net.ipv4.ip_local_port_range net.ipv4.tcp_max_tw_buckets net.ipv4.tcp_tw_reuse",
          "the limits that hold"),
      ],
      remedies: [
        "Reuse connections: a pool, HTTP keep-alive, fewer and longer connections.",
        "Let the other side close first, so that TIME-WAIT sits where ports are not scarce.",
        "At the caller: net.ipv4.tcp_tw_reuse=1 (needs timestamps at both ends; takes a port back after a second), a wider ip_local_port_range, or more source or destination addresses.",
      ],
      myths: [
        "tcp_fin_timeout does not shorten TIME-WAIT: it is the time of orphans in FIN-WAIT-2. TIME-WAIT is 60 s in Linux, fixed when the kernel is built.",
        "tcp_tw_recycle is gone since Linux 4.12; before, it broke clients behind NAT.",
        "tcp_tw_reuse does nothing for the side that accepts connections. Its default since Linux 4.19 is 2: loopback only.",
        "Lowering tcp_max_tw_buckets makes the number look better and causes resets when ports are reused.",
        "TIME-WAIT uses no file descriptors: ulimit -n has nothing to do with it.",
      ],
      references: ["RFC 9293 §3.6", "RFC 9293 §3.6.1", "RFC 6191", "RFC 1337", "tcp(7)"])
  }
}
