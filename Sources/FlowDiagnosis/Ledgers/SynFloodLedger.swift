import PacketDecoding
import TCPModel

/// A listening socket.
struct Listener: Hashable, Comparable {
  var address: IPAddress
  var port: UInt16

  static func < (left: Listener, right: Listener) -> Bool {
    (left.address, left.port) < (right.address, right.port)
  }

  /// "10.0.0.9:443", "[2001:db8::9]:443".
  var name: String { address.isIPv4 ? "\(address):\(port)" : "[\(address)]:\(port)" }
}

/// Attempts per listener and second: how many SYNs, and what became of them.
struct SynFloodLedger: Ledger {
  /// What happened to the attempts that began in one second.
  private struct Second {
    var attempts = 0
    var completed = 0
    /// Answered by SYN,ACK, and neither acknowledged nor reset by the caller.
    var halfOpen = 0
    /// Answered by SYN,ACK, which the supposed caller reset.
    var reset = 0
    var unanswered = 0
    /// Half-open ones whose SYN,ACK the server repeated: it holds a request.
    var repeated = 0
    /// The first attempt that was not completed.
    var firstFrame = UInt64.max
    var firstID = UInt64.max
    var lastFrame: UInt64 = 0

    var failed: Int { halfOpen + reset + unanswered }

    static func += (left: inout Second, right: Second) {
      left.attempts += right.attempts
      left.completed += right.completed
      left.halfOpen += right.halfOpen
      left.reset += right.reset
      left.unanswered += right.unanswered
      left.repeated += right.repeated
      if right.firstFrame < left.firstFrame {
        left.firstFrame = right.firstFrame
        left.firstID = right.firstID
      }
      left.lastFrame = max(left.lastFrame, right.lastFrame)
    }
  }

  private struct Place: Hashable {
    var listener: Listener
    /// Seconds since the epoch.
    var second: Int64
  }

  private var seconds: [Place: Second] = [:]
  private var sources: [Listener: Set<IPAddress>] = [:]
  /// The time of the last frame of each second's attempts, to know whether repetitions were due.
  private var lastTime = CaptureTime(nanoseconds: .min)

  /// Listener-seconds held at most; about 100 bytes each.
  private static let limit = 1 << 17
  /// Listeners whose callers are told apart, and callers told apart of each.
  private static let sourceListeners = 256
  static let sourceLimit = 1000

  mutating func observe(_ tracked: TrackedConnection) {
    let connection = tracked.connection
    lastTime = max(lastTime, connection.lastTime)
    guard connection.client.marks.contains(.synSent), !connection.traits.contains(.isSelf),
      !connection.client.marks.contains(.refused),
      !connection.traits.contains(.hasICMPError)
    else { return }
    let (address, port) = connection.socket(.server)
    let listener = Listener(address: address, port: port)
    let place = Place(
      listener: listener, second: connection.firstTime.nanoseconds / Timers.second)
    guard seconds[place] != nil || seconds.count < Self.limit else { return }

    var note = Second()
    note.attempts = 1
    note.lastFrame = connection.firstFrame
    if connection.completionTime != .epoch {
      note.completed = 1
    } else {
      note.firstFrame = connection.firstFrame
      note.firstID = connection.id
      if !connection.server.marks.contains(.seen) {
        note.unanswered = 1
      } else if connection.client.rstCount > 0 {
        note.reset = 1
      } else {
        note.halfOpen = 1
        if connection.server.synCount > 1 { note.repeated = 1 }
      }
      remember(connection.socket(.client).address, of: listener)
    }
    seconds[place, default: Second()] += note
  }

  private mutating func remember(_ source: IPAddress, of listener: Listener) {
    guard sources[listener] != nil || sources.count < Self.sourceListeners else { return }
    var known = sources[listener] ?? []
    sources[listener] = nil
    if known.count < Self.sourceLimit { known.insert(source) }
    sources[listener] = known
  }

  func conclude(_ facts: CaptureFacts) -> [Finding] {
    var perListener: [Listener: [(second: Int64, note: Second)]] = [:]
    for (place, note) in seconds {
      perListener[place.listener, default: []].append((place.second, note))
    }
    return perListener.keys.sorted().compactMap { listener in
      let notes = (perListener[listener] ?? []).sorted { $0.second < $1.second }
      return flood(of: listener, notes)
    }
  }

  /// Seconds over which attempts are added up.
  private static let window: Int64 = 10

  /// Whether ten seconds show a flood: many attempts that nobody completes, some of them answered,
  /// few that are completed.
  private static func isFlood(_ sum: Second) -> Bool {
    sum.failed >= 50 && sum.halfOpen + sum.reset >= 5 && sum.failed > 4 * sum.completed
  }

  private func flood(
    of listener: Listener, _ notes: [(second: Int64, note: Second)]
  ) -> Finding? {
    var hot: [Bool] = Array(repeating: false, count: notes.count)
    var start = 0
    var sums = Second()
    for end in notes.indices {
      sums = Second()
      while notes[end].second - notes[start].second >= Self.window { start += 1 }
      for index in start...end { sums += notes[index].note }
      if Self.isFlood(sums) { for index in start...end { hot[index] = true } }
    }
    let flooded = notes.indices.filter { hot[$0] && notes[$0].note.failed > 0 }
    guard let first = flooded.first, let last = flooded.last else { return nil }
    let span = notes[first...last]
    var sum = Second()
    for (_, note) in span { sum += note }
    let rate = span.map(\.note.attempts).max() ?? 0
    let lasted = notes[last].second - notes[first].second + 1
    return finding(
      listener, sum, rate: rate, lasted: lasted, peak: peakHalfOpen(span),
      examples: flooded.prefix(5).map { notes[$0].note },
      endSecond: notes[last].second)
  }

  /// The most half-open requests at once: each is held for the minute in which Linux repeats its
  /// SYN,ACK.
  private func peakHalfOpen(_ span: ArraySlice<(second: Int64, note: Second)>) -> Int {
    var peak = 0
    var start = span.startIndex
    var held = 0
    for end in span.indices {
      held += span[end].note.halfOpen
      while span[end].second - span[start].second > 63 {
        held -= span[start].note.halfOpen
        start += 1
      }
      peak = max(peak, held)
    }
    return peak
  }

  private func finding(
    _ listener: Listener, _ sum: Second, rate: Int, lasted: Int64, peak: Int,
    examples: [Second], endSecond: Int64
  ) -> Finding {
    let known = sources[listener]?.count ?? 0
    let callers = known >= Self.sourceLimit ? "\(Self.sourceLimit) or more" : "\(known)"
    // A request that is held is repeated after a second; a cookie is not.
    let wasDue =
      lastTime.nanoseconds / Timers.second - endSecond >= 2 && sum.halfOpen > 0
    let usesCookies = wasDue && sum.repeated * 2 < sum.halfOpen
    let share = sum.attempts == 0 ? 0 : sum.completed * 100 / sum.attempts
    var summary =
      "\(listener.name) got \(sum.attempts) new SYNs within "
      + "\(ProofText.count(Int(lasted), "second")) (frames \(sum.firstFrame) to \(sum.lastFrame), "
      + "up to \(rate) in one), from \(callers) addresses that never completed one, and only "
      + "\(ProofText.count(sum.completed, "handshake")) (\(share) %) completed: "
    summary +=
      usesCookies
      ? "\(sum.halfOpen) SYN,ACKs were never acknowledged and most never repeated, so SYN cookies "
        + "kept it answering"
      : "up to \(peak) half-open at once"
    if sum.unanswered > 0 { summary += ", \(ProofText.count(sum.unanswered, "SYN")) unanswered" }
    if sum.reset > 0 { summary += ", \(sum.reset) reset by the addresses they came from" }
    var frames = examples.map { FrameRole($0.firstFrame, "a SYN that was never completed") }
    if frames.last?.frame != sum.lastFrame {
      frames.append(FrameRole(sum.lastFrame, "the last SYN counted"))
    }
    return Finding(
      id: SynFlood.id, severity: .warning, confidence: .likely,
      connections: examples.map(\.firstID).sorted(), connectionCount: sum.failed, frames: frames,
      time: CaptureTime(nanoseconds: endSecond * Timers.second)
        .advanced(byNanoseconds: Timers.second),
      summary: summary + ".",
      advice: usesCookies
        ? "It holds. See that net.ipv4.tcp_syncookies stays on at \(listener.address), and filter "
          + "the sources upstream if bandwidth or CPU suffers."
        : "On \(listener.address) set net.ipv4.tcp_syncookies=1 (the default) and see nstat -az "
          + "TcpExtTCPReqQFullDrop TcpExtTCPReqQFullDoCookies; raise the listen() backlog, "
          + "net.core.somaxconn and net.ipv4.tcp_max_syn_backlog together, and filter upstream.",
      values: [
        ("syns", .integer(Int64(sum.attempts))), ("syns_per_second", .integer(Int64(rate))),
        ("completed", .integer(Int64(sum.completed))),
        ("completed_percent", .integer(Int64(share))),
        ("sources", .text(callers)), ("half_open_peak", .integer(Int64(peak))),
        ("unanswered", .integer(Int64(sum.unanswered))),
        ("reset", .integer(Int64(sum.reset))),
        ("syn_cookies", .text(usesCookies ? "yes" : wasDue ? "no" : "unknown")),
        ("seconds", .integer(lasted)),
      ],
      causeKey: listener.name)
  }
}
