import PacketDecoding
import TCPModel

/// Many connections wait in TIME-WAIT at once.
public struct TimeWaitPileup: LedgerRule {
  static let id = "time-wait-pileup"
  public var id: String { TimeWaitPileup.id }
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

  /// Who holds TIME-WAIT towards whom.
  private struct Key: Comparable {
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

  /// What begins within a second, and ends.
  private struct Second: BitwiseCopyable {
    /// Those that began.
    var starts = 0
    /// Of those, the ones that last as long as TIME-WAIT does.
    var regular = 0
    /// Other ones that end.
    var ends = 0
    var lastFrame: UInt64 = 0
  }

  private struct Moment: Numbered {
    /// Number of the holder.
    var holder: UInt32
    /// Seconds since the epoch.
    var second: Int64

    func hash(_ secret: Secret) -> UInt64 {
      secret.mix(UInt64(bitPattern: second), UInt64(holder))
    }
  }

  /// One holder.
  private struct Holder: BitwiseCopyable {
    /// Its account as a caller, or its number as a listener.
    var place: UInt32
    var isCaller: Bool
    var firstFrame = UInt64.max
    var sample = ConnectionSample()
  }

  /// How many one holder held, second by second.
  private struct Course {
    private(set) var changes: [(second: Int64, change: Int, starts: Int, lastFrame: UInt64)] = []

    mutating func add(_ second: Int64, _ entry: Second, length: Int64) {
      changes.append((second, entry.starts - entry.ends, entry.starts, entry.lastFrame))
      if entry.regular > 0 { changes.append((second &+ length, -entry.regular, 0, 0)) }
    }

    /// The second with the most held, how many, and the frame of the last one that joined.
    func peak(_ firstFrame: UInt64) -> (held: Int, second: Int64, frame: UInt64) {
      let sorted = changes.sorted { $0.second < $1.second }
      var held = 0
      var frame = firstFrame
      var best = (held: 0, second: Int64(0), frame: firstFrame)
      for (index, entry) in sorted.enumerated() {
        held += entry.change
        frame = max(frame, entry.lastFrame)
        let isWhole = index + 1 == sorted.count || sorted[index + 1].second != entry.second
        if isWhole, held > best.held { best = (held, entry.second, frame) }
      }
      return best
    }

    /// The seconds from the first to the last one that began, at least 1.
    var span: Int64 {
      let starts = changes.filter { $0.starts > 0 }.map(\.second)
      guard let first = starts.min(), let last = starts.max() else { return 1 }
      return last - first + 1
    }
  }

  struct Notes {
    let timers: Timers
    private var holders: [Holder] = []
    /// Places in `holders`, from 1: by account of a caller, by number of a listener.
    private var ofCaller: [UInt32] = []
    private var ofListener: [UInt32] = []
    private var moments: Numbering<Moment>
    /// By the numbers of the moments, less one.
    private var seconds: [Second] = []

    private static let holderLimit = 1 << 16
    /// Seconds of holders that are held at most, about 80 bytes each.
    private static let limit = 1 << 18

    init(_ timers: Timers, _ secret: Secret) {
      self.timers = timers
      moments = Numbering(secret)
    }

    mutating func observe(_ connection: Connection, at place: Directory.Place) {
      guard !connection.traits.contains(.isSelf) else { return }
      if connection.client.timeWaitFrame != 0, place.account != 0 {
        let holder = Notes.holder(at: place.account, isCaller: true, &ofCaller, &holders)
        add(connection.id, connection.client.timeWaitFrame, timeWait(connection.client), holder)
      }
      if connection.server.timeWaitFrame != 0, place.listener != 0 {
        let holder = Notes.holder(at: place.listener, isCaller: false, &ofListener, &holders)
        add(connection.id, connection.server.timeWaitFrame, timeWait(connection.server), holder)
      }
    }

    /// When an end entered TIME-WAIT and left it.
    private func timeWait(_ end: Endpoint) -> (start: CaptureTime, end: CaptureTime) {
      (
        end.timeWaitTime,
        end.state == .closed
          ? end.timerStart : end.timeWaitTime.advanced(byNanoseconds: timers.timeWait)
      )
    }

    private static func holder(
      at place: UInt32, isCaller: Bool, _ places: inout [UInt32], _ holders: inout [Holder]
    ) -> UInt32 {
      while places.count <= Int(place) { places.append(0) }
      if places[Int(place)] == 0, holders.count < holderLimit {
        holders.append(Holder(place: place, isCaller: isCaller))
        places[Int(place)] = UInt32(holders.count)
      }
      return places[Int(place)]
    }

    private mutating func add(
      _ id: UInt64, _ frame: UInt64, _ time: (start: CaptureTime, end: CaptureTime),
      _ holder: UInt32
    ) {
      guard holder != 0 else { return }
      let first = time.start.nanoseconds / Timers.second
      let end = max(first + 1, time.end.nanoseconds / Timers.second)
      let isRegular = end - first == length
      guard let place = place(of: Moment(holder: holder, second: first)) else { return }
      let other = isRegular ? nil : self.place(of: Moment(holder: holder, second: end))
      seconds[place].starts += 1
      seconds[place].lastFrame = max(seconds[place].lastFrame, frame)
      if isRegular { seconds[place].regular += 1 }
      if let other { seconds[other].ends += 1 }
      holders[Int(holder) - 1].firstFrame = min(holders[Int(holder) - 1].firstFrame, frame)
      holders[Int(holder) - 1].sample.add(id)
    }

    /// How long TIME-WAIT lasts, in seconds.
    private var length: Int64 { timers.timeWait / Timers.second }

    private mutating func place(of moment: Moment) -> Int? {
      let number = moments.number(of: moment, limit: Notes.limit)
      guard number != 0 else { return nil }
      if moments.count > seconds.count { seconds.append(Second()) }
      return Int(number) - 1
    }

    func conclude(_ directory: Directory) -> [Finding] {
      // The place of each holder of many, from 1.
      var places: [Int] = Array(repeating: 0, count: holders.count + 1)
      var suspects: [(key: Key, holder: Holder, course: Course)] = []
      for (index, holder) in holders.enumerated()
      where holder.sample.count >= TimeWaitPileup.least {
        suspects.append((key(of: holder, directory), holder, Course()))
        places[index + 1] = suspects.count
      }
      guard !suspects.isEmpty else { return [] }
      for index in seconds.indices {
        let moment = moments[UInt32(index + 1)]
        guard places[Int(moment.holder)] != 0 else { continue }
        suspects[places[Int(moment.holder)] - 1].course
          .add(moment.second, seconds[index], length: length)
      }
      suspects.sort { $0.key < $1.key }
      return suspects.compactMap { suspect in
        let peak = suspect.course.peak(suspect.holder.firstFrame)
        return peak.held >= TimeWaitPileup.least
          ? finding(suspect.key, suspect.holder, span: suspect.course.span, peak) : nil
      }
    }

    private func key(of holder: Holder, _ directory: Directory) -> Key {
      if holder.isCaller {
        let caller = directory.caller(directory.caller(ofAccount: holder.place))
        return Key(
          holder: caller.client, peer: caller.listener.address, port: caller.listener.port,
          isCaller: true)
      }
      let listener = directory.listener(holder.place)
      return Key(
        holder: listener.address, peer: .unspecified, port: listener.port, isCaller: false)
    }

    private func finding(
      _ key: Key, _ holder: Holder, span: Int64, _ peak: (held: Int, second: Int64, frame: UInt64)
    ) -> Finding {
      let total = holder.sample.count
      let rate = Double(total) / Double(span)
      let closes =
        "\(total) closes within \(ProofText.duration(span &* Timers.second))"
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
        id: TimeWaitPileup.id, severity: isWarning ? .warning : .note, confidence: .likely,
        connections: holder.sample.first, connectionCount: total,
        frames: [
          FrameRole(holder.firstFrame, "the first connection enters TIME-WAIT"),
          FrameRole(peak.frame, "\(peak.held) are held at once"),
        ],
        time: CaptureTime(nanoseconds: peak.second &* Timers.second), summary: summary,
        advice: advice,
        values: [
          ("held_at_once", .integer(Int64(peak.held))), ("entered", .integer(Int64(total))),
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
