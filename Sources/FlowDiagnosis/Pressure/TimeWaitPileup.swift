import BlockStorage
import PacketDecoding
import TCPModel

/// Many connections wait in TIME-WAIT at once.
public struct TimeWaitPileup: LedgerRule {
  static let id = "time-wait-pileup"
  public var id: String { TimeWaitPileup.id }
  public let title = "TIME-WAIT piles up at the side that closes first"
  public let group = RuleGroup.pressure
  public let severity = Severity.warning
  public let supersedes = ["short-connections"]

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
  struct Second: BitwiseCopyable {
    /// Those that began.
    var starts = 0
    /// Of those, the ones that last as long as TIME-WAIT does.
    var regular = 0
    /// Other ones that end.
    var ends = 0
    var lastFrame: UInt64 = 0
  }

  struct Moment: DirectoryKey {
    /// Number of the holder.
    var holder: UInt32
    /// Seconds since the epoch.
    var second: Int64

    func hash(_ secret: Secret) -> UInt64 {
      secret.mix(UInt64(bitPattern: second), UInt64(holder))
    }
  }

  /// What one holder held.
  struct Holder: BitwiseCopyable {
    fileprivate var firstFrame = UInt64.max
    fileprivate var sample = ConnectionSample()
    /// The second in which the last one began, and what began and ended in it as far as it has not
    /// been put down.
    fileprivate var second: Int64 = 0
    fileprivate var open = Second()
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

  struct Notes: ~Copyable {
    let timers: Timers
    /// Listeners that hold TIME-WAIT, with their numbers.
    private var listeners = BlockArray<(number: UInt32, holder: Holder)>()
    private var seconds: Directory<Moment, Second>

    private static let listenerLimit = 1 << 14
    /// Seconds of holders that are held at most, about 80 bytes each.
    private static let limit = 1 << 18

    init(_ timers: Timers, _ secret: Secret) {
      self.timers = timers
      seconds = Directory(secret)
    }

    @inline(__always)
    mutating func observe(
      _ connection: inout ConnectionBrief, at place: Parties.Place, _ parties: inout Parties
    ) {
      guard !connection.traits.contains(.isSelf) else { return }
      if connection.client.timeWaitFrame != 0, place.account != 0 {
        add(
          connection.id, connection.client, &parties.accounts[place.account - 1].timeWait,
          UInt32(truncatingIfNeeded: place.account) << 1 | 1)
      }
      if connection.server.timeWaitFrame != 0, place.listener != 0 {
        var holder = Int(parties.listeners[place.listener].holder)
        if holder == 0 {
          guard listeners.count < Notes.listenerLimit else { return }
          listeners.append((UInt32(truncatingIfNeeded: place.listener), Holder()))
          holder = listeners.count
          parties.listeners[place.listener].holder = UInt32(truncatingIfNeeded: holder)
        }
        var notes = listeners[holder - 1].holder
        add(
          connection.id, connection.server, &notes, UInt32(truncatingIfNeeded: holder) << 1)
        listeners[holder - 1].holder = notes
      }
    }

    @inline(__always)
    private mutating func add(
      _ id: UInt64, _ end: EndpointBrief, _ holder: inout Holder, _ number: UInt32
    ) {
      let first = end.timeWaitTime.nanoseconds / 1_000_000_000
      if holder.second != first {
        put(holder.open, Moment(holder: number, second: holder.second))
        holder.second = first
        holder.open = Second()
      }
      holder.open.starts += 1
      holder.open.lastFrame = max(holder.open.lastFrame, end.timeWaitFrame)
      holder.firstFrame = min(holder.firstFrame, end.timeWaitFrame)
      holder.sample.add(id)
      let over =
        end.state == .closed
        ? end.timerStart : end.timeWaitTime.advanced(byNanoseconds: timers.timeWait)
      let last = max(first + 1, over.nanoseconds / 1_000_000_000)
      if last - first == length {
        holder.open.regular += 1
      } else {
        var ending = Second()
        ending.ends = 1
        put(ending, Moment(holder: number, second: last))
      }
    }

    /// How long TIME-WAIT lasts, in seconds.
    private var length: Int64 { timers.timeWait / 1_000_000_000 }

    @inline(never)
    private mutating func put(_ second: Second, _ moment: Moment) {
      guard second.starts > 0 || second.ends > 0 else { return }
      let number = seconds.number(of: moment, limit: Notes.limit, Second())
      guard number != 0 else { return }
      seconds[number].starts += second.starts
      seconds[number].regular += second.regular
      seconds[number].ends += second.ends
      seconds[number].lastFrame = max(seconds[number].lastFrame, second.lastFrame)
    }

    func conclude(_ parties: borrowing Parties) -> [Finding] {
      var suspects: [(key: Key, holder: Holder, course: Course)] = []
      /// Places of the suspects, by number.
      var places: [UInt32: Int] = [:]
      func suspect(_ holder: Holder, _ number: UInt32, _ key: Key) {
        var course = Course()
        course.add(holder.second, holder.open, length: length)
        places[number] = suspects.count
        suspects.append((key, holder, course))
      }
      for index in parties.accounts.indices
      where parties.accounts[index].timeWait.sample.count >= TimeWaitPileup.least {
        let caller = parties.caller(Int(parties.accounts[index].caller))
        suspect(
          parties.accounts[index].timeWait, UInt32(index + 1) << 1 | 1,
          Key(
            holder: caller.client, peer: caller.listener.address, port: caller.listener.port,
            isCaller: true))
      }
      for index in listeners.indices
      where listeners[index].holder.sample.count >= TimeWaitPileup.least {
        let listener = parties.listeners.key(Int(listeners[index].number))
        suspect(
          listeners[index].holder, UInt32(index + 1) << 1,
          Key(
            holder: listener.address, peer: .unspecified, port: listener.port, isCaller: false))
      }
      guard !suspects.isEmpty else { return [] }
      for number in seconds.numbers {
        let moment = seconds.key(number)
        guard let place = places[moment.holder] else { continue }
        suspects[place].course.add(moment.second, seconds[number], length: length)
      }
      suspects.sort { $0.key < $1.key }
      return suspects.compactMap { suspect in
        let peak = suspect.course.peak(suspect.holder.firstFrame)
        return peak.held >= TimeWaitPileup.least
          ? finding(suspect.key, suspect.holder, span: suspect.course.span, peak) : nil
      }
    }

    private func finding(
      _ key: Key, _ holder: Holder, span: Int64, _ peak: (held: Int, second: Int64, frame: UInt64)
    ) -> Finding {
      let total = holder.sample.count
      let rate = Double(total) / Double(span)
      let closes =
        "\(total) closes within \(ProofText.duration(seconds: Double(span)))"
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
      references: ["RFC 9293 §3.6", "RFC 9293 §3.6.1", "RFC 6191 §2", "RFC 1337", "tcp(7)"])
  }
}
