import PacketDecoding
import TCPModel

/// A program does not close sockets whose other end has closed.
public struct CloseWaitLeak: LedgerRule {
  static let id = "close-wait-leak"
  public var id: String { CloseWaitLeak.id }
  public let title = "a program leaves sockets in CLOSE-WAIT: the other end closed, it never does"
  public let group = RuleGroup.teardown
  public let severity = Severity.warning

  // Definition (RFC 9293 §3.6, case 2):
  // 1. A FIN was acknowledged; the end that acknowledged it is in CLOSE-WAIT.
  // 2. It sends neither FIN nor RST, and no data, for 20 s or more, to the end of what was captured;
  //    or it wakes up after 5 s or more only to be answered by RST.
  // Counted per end that leaks: the listener, or the calling host.
  // What disproves it: it goes on sending (half-close), or the FIN was never acknowledged; the other
  // end acknowledges more of it than was captured, its FIN perhaps (capture-gaps). Any gap, or frames
  // that the kernel dropped, may hide both its FIN and the ACK of that: then merely likely.

  public init() {}

  /// Silence to the end of the capture from which on it counts, nanoseconds.
  static let openTime: Int64 = 20_000_000_000
  /// The same when a RST ended it.
  static let resetTime: Int64 = 5_000_000_000

  public var page: ExplanationPage {
    ExplanationPage(
      mechanism: [
        "The kernel acknowledges a FIN by itself and gives the program an end of file. From then on the socket is in CLOSE-WAIT until the program calls close(). No timer ends it: a program that misses the end of file, or that has lost track of the socket, keeps it for ever.",
        "Each such socket costs a file descriptor, memory and a place in the connection pool; at the limit (EMFILE) nothing can be accepted any more. On the other side an orphan waits in FIN-WAIT-2 for tcp_fin_timeout, 60 s, and is then forgotten, so that late data meets a RST.",
      ],
      ladder: [
        "  client                                        server",
        "  FIN-WAIT-1      ---- FIN,ACK ------------>    CLOSE-WAIT",
        "  FIN-WAIT-2      <--- ACK -----------------    (program does nothing)",
        "  CLOSED          60 s later, no packet         CLOSE-WAIT, for ever",
      ],
      proof: [
        "A FIN, its ACK, and then neither data nor FIN nor RST of the end that acknowledged it."
      ],
      lookAlikes: [
        "half-close: the end in CLOSE-WAIT goes on sending and closes in order.",
        "fin-wait-2-orphan: it does wake up, too late.",
        "A long computation after the request: silence, and then an answer.",
        "A capture that ends soon after the FIN says nothing.",
        "capture-gaps: its FIN went out and was not captured; the other end acknowledges more than is there.",
      ],
      confirmation: [
        .init("ss -tanp state close-wait", "the sockets, and the process that holds them"),
        .init("ls /proc/PID/fd | wc -l", "a number that only grows"),
        .init(
          "strace -f -e trace=read,recvfrom,close -p PID", "end of file (0) not followed by close()"
        ),
      ],
      remedies: [
        "Close the socket on every path after read() returns 0 or an error; look at error and time-out paths first.",
        "Connection pools: check idle connections for end of file before use, and limit their age.",
        "Restarting the process frees them for now.",
      ],
      myths: [
        "No sysctl shortens CLOSE-WAIT: tcp_fin_timeout is FIN-WAIT-2, and keepalive ends it only when the other host no longer answers."
      ],
      references: ["RFC 9293 §3.6", "RFC 9293 §3.3.2"])
  }
}

/// Notes on ends that stayed in CLOSE-WAIT, per leaking end, in bounded space.
struct CloseWaitLedger {
  var leaks: [String: Leak] = [:]

  /// Leaking ends that are noted; those that began last are dropped.
  static let maximumEnds = 4096
  /// Sockets noted of one end.
  static let maximumSockets = 64

  struct Leak {
    var sockets: [Socket] = []
    var count = 0

    mutating func add(_ socket: Socket) {
      count += 1
      let place = sockets.firstIndex { socket.fin < $0.fin } ?? sockets.endIndex
      sockets.insert(socket, at: place)
      if sockets.count > CloseWaitLedger.maximumSockets { sockets.removeLast() }
    }
  }

  /// One socket in CLOSE-WAIT.
  struct Socket {
    let connection: UInt64
    let name: String
    let peer: String
    let fin: UInt64
    let acknowledgment: UInt64
    let since: CaptureTime
    /// The frame with which it woke up, and the RST that answered; 0 if it never did.
    let wakeUp: UInt64
    let reset: UInt64
    let until: CaptureTime?
  }

  mutating func observe(_ tracked: TrackedConnection) {
    for side in Side.allCases {
      if let socket = socket(tracked, side) { note(socket, tracked, side) }
    }
  }

  /// `side` stayed in CLOSE-WAIT.
  private func socket(_ tracked: TrackedConnection, _ side: Side) -> Socket? {
    let connection = tracked.connection
    let marks = connection[side].marks
    guard marks.contains(.finArrivalConfirmed), marks.isDisjoint(with: [.finSent, .reset]),
      !connection.traits.contains(.replaced), !tracked.mayLackFIN(of: side),
      let fin = tracked.fins(of: side.peer).first,
      let answer = tracked.firstAcknowledgment(by: side, of: fin.end, after: fin.frame)
    else { return nil }
    let later = tracked.sent(by: side) { $0.frame > answer.frame && $0.length > 0 }
    let reset = tracked.resets(of: side.peer).first { $0.frame > fin.frame }
    let name = connection.name(side)
    let peer = connection.name(side.peer)
    if let reset {
      guard let first = later.first, first.frame < reset.frame,
        first.time.nanoseconds(since: answer.time) >= CloseWaitLeak.resetTime
      else { return nil }
      return Socket(
        connection: connection.id, name: name, peer: peer, fin: fin.frame,
        acknowledgment: answer.frame, since: answer.time, wakeUp: first.frame, reset: reset.frame,
        until: first.time)
    }
    let since = later.last?.time ?? answer.time
    return Socket(
      connection: connection.id, name: name, peer: peer, fin: fin.frame,
      acknowledgment: answer.frame, since: since, wakeUp: 0, reset: 0, until: nil)
  }

  private mutating func note(_ socket: Socket, _ tracked: TrackedConnection, _ side: Side) {
    // The listener leaks as one; a caller's ports differ, so there it is the host and its server.
    let key =
      side == .server
      ? tracked.server : "\(tracked.connection.host(.client)) towards \(tracked.server)"
    leaks[key, default: Leak()].add(socket)
    guard leaks.count > CloseWaitLedger.maximumEnds else { return }
    if let newest = leaks.max(by: { ($0.value.firstFIN, $0.key) < ($1.value.firstFIN, $1.key) }) {
      leaks[newest.key] = nil
    }
  }

  /// - Parameters:
  ///   - end: The latest time any connection showed: when the capture ended.
  ///   - hasGaps: Whether the capture lacks frames.
  func conclude(end: CaptureTime, hasGaps: Bool) -> [Finding] {
    leaks.compactMap { finding($0.key, $0.value, end, hasGaps: hasGaps) }
      .sorted { ($0.frames[0].frame, $0.causeKey) < ($1.frames[0].frame, $1.causeKey) }
  }

  private func finding(
    _ key: String, _ leak: Leak, _ end: CaptureTime, hasGaps: Bool
  ) -> Finding? {
    let held = leak.sockets.filter {
      $0.until != nil || end.nanoseconds(since: $0.since) >= CloseWaitLeak.openTime
    }
    guard let first = held.first else { return nil }
    let longest =
      held.map { ($0.until ?? end).nanoseconds(since: $0.since) }.max() ?? 0
    // Of the sockets beyond those noted in detail nothing is known but that they did not close.
    let count = held.count == leak.sockets.count ? leak.count : held.count
    let confidence = longest > 60_000_000_000 ? Confidence.certain : .likely
    let duration = ProofText.duration(longest)
    let who =
      count == 1
      ? "\(first.name) never closed its connection with \(first.peer)"
      : "\(key) left \(count) connections open"
    let proof =
      count == 1
      ? "it acknowledged the FIN (frames \(first.fin) and \(first.acknowledgment)) and stayed in "
        + "CLOSE-WAIT for \(duration)"
      : "it acknowledged each FIN (the first in frames \(first.fin) and \(first.acknowledgment)) and "
        + "stayed in CLOSE-WAIT, for up to \(duration)"
    let outcome =
      first.reset != 0 && count == 1
      ? ", until it sent again (frame \(first.wakeUp)) and was reset (frame \(first.reset))"
      : ", with neither data nor FIN until the capture ended"
    var frames: [FrameRole] = []
    for socket in held.prefix(4) {
      frames.append(FrameRole(socket.fin, "FIN of \(socket.peer)"))
      frames.append(FrameRole(socket.acknowledgment, "its ACK: CLOSE-WAIT begins"))
      if socket.wakeUp != 0 { frames.append(FrameRole(socket.wakeUp, "it sends again, too late")) }
      if socket.reset != 0 { frames.append(FrameRole(socket.reset, "RST of the other end")) }
    }
    return Finding(
      id: CloseWaitLeak.id, severity: .warning,
      confidence: hasGaps ? confidence.lowered : confidence,
      connections: held.prefix(16).map(\.connection).sorted(), connectionCount: count,
      frames: frames.sorted { $0.frame < $1.frame }, time: first.until ?? end,
      summary: "\(who): \(proof)\(outcome).",
      advice:
        "The program does not call close() after end of file: ss -tanp state close-wait on that host "
        + "names it. No sysctl shortens CLOSE-WAIT; restarting the process frees the sockets for now.",
      values: [
        ("old_state", .text("CLOSE-WAIT")), ("sockets", .integer(Int64(count))),
        ("longest_seconds", .seconds(longest.seconds)),
      ],
      causeKey: key)
  }
}

extension CloseWaitLedger.Leak {
  fileprivate var firstFIN: UInt64 { sockets.first?.fin ?? .max }
}
