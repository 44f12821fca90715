import PacketDecoding
import TCPModel

/// Attempts per listener and second: how many SYNs, and what became of them.
struct SynFloodLedger: ~Copyable {
  /// What happened to attempts, mostly to those that began in one second.
  struct Second: BitwiseCopyable {
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

    @inline(__always)
    mutating func add(_ connection: ConnectionBrief, isCompleted: Bool) {
      attempts += 1
      lastFrame = max(lastFrame, connection.firstFrame)
      if isCompleted {
        completed += 1
        return
      }
      if connection.firstFrame < firstFrame {
        firstFrame = connection.firstFrame
        firstID = connection.id
      }
      if !connection.server.marks.contains(.seen) {
        unanswered += 1
      } else if connection.client.rstCount > 0 {
        reset += 1
      } else {
        halfOpen += 1
        if connection.server.synCount > 1 { repeated += 1 }
      }
    }

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

  struct Moment: DirectoryKey {
    var listener: UInt32
    /// Seconds since the epoch.
    var second: Int64

    func hash(_ secret: Secret) -> UInt64 {
      secret.mix(UInt64(bitPattern: second), UInt64(listener))
    }
  }

  /// The attempts at one listener.
  struct Attempts: BitwiseCopyable {
    /// Those that were not completed, and the addresses that made them.
    fileprivate var failed = 0
    fileprivate var sources = 0
    /// The second in which the last one began, and those that began in it as far as they have not
    /// been put down.
    fileprivate var second: Int64 = 0
    fileprivate var open = Second()
  }

  private var seconds: Directory<Moment, Second>

  /// Listener-seconds held at most; about 110 bytes each.
  private static let limit = 1 << 17
  /// Callers told apart of each listener.
  static let sourceLimit = 1000

  init(_ secret: Secret) {
    seconds = Directory(secret)
  }

  @inline(__always)
  mutating func observe(
    _ connection: ConnectionBrief, at place: Parties.Place, _ parties: inout Parties
  ) {
    guard place.listener != 0, connection.client.marks.contains(.synSent),
      !connection.client.marks.contains(.refused),
      connection.traits.isDisjoint(with: [.isSelf, .hasICMPError])
    else { return }
    let isCompleted = connection.completionTime != .epoch
    add(
      connection, isCompleted: isCompleted, place.listener, &parties.listeners[place.listener].flood
    )
    guard !isCompleted, place.caller != 0, !parties.callers[place.caller].isUncompleted else {
      return
    }
    parties.callers[place.caller].isUncompleted = true
    parties.listeners[place.listener].flood.sources += 1
  }

  @inline(__always)
  private mutating func add(
    _ connection: ConnectionBrief, isCompleted: Bool, _ listener: Int, _ attempts: inout Attempts
  ) {
    let second = connection.firstTime.nanoseconds / 1_000_000_000
    if attempts.second != second {
      put(
        attempts.open,
        Moment(listener: UInt32(truncatingIfNeeded: listener), second: attempts.second))
      attempts.second = second
      attempts.open = Second()
    }
    attempts.open.add(connection, isCompleted: isCompleted)
    if !isCompleted { attempts.failed += 1 }
  }

  @inline(never)
  private mutating func put(_ second: Second, _ moment: Moment) {
    guard second.attempts > 0 else { return }
    let number = seconds.number(of: moment, limit: Self.limit, Second())
    if number != 0 { seconds[number] += second }
  }

  /// Attempts that come to nothing within ten seconds from which the rule may speak.
  private static let least = 50

  /// - Parameter end: When the capture ended, to know whether repetitions were due.
  func conclude(_ parties: borrowing Parties, end: CaptureTime) -> [Finding] {
    var suspects: [(listener: Listener, sources: Int, notes: [Int64: Second])] = []
    /// Places of the suspects, by number.
    var places: [UInt32: Int] = [:]
    for number in parties.listeners.numbers
    where parties.listeners[number].flood.failed >= Self.least {
      let attempts = parties.listeners[number].flood
      places[UInt32(number)] = suspects.count
      suspects.append(
        (parties.listeners.key(number), attempts.sources, [attempts.second: attempts.open]))
    }
    guard !suspects.isEmpty else { return [] }
    for number in seconds.numbers {
      let moment = seconds.key(number)
      guard let place = places[moment.listener] else { continue }
      suspects[place].notes[moment.second, default: Second()] += seconds[number]
    }
    suspects.sort { $0.listener < $1.listener }
    return suspects.compactMap { suspect in
      flood(
        of: suspect.listener, sources: suspect.sources,
        suspect.notes.map { (second: $0.key, note: $0.value) }.sorted { $0.second < $1.second },
        end: end)
    }
  }

  /// Seconds over which attempts are added up.
  private static let window: Int64 = 10

  /// Whether ten seconds show a flood: many attempts that nobody completes, some of them answered,
  /// few that are completed.
  private static func isFlood(_ sum: Second) -> Bool {
    sum.failed >= least && sum.halfOpen + sum.reset >= 5 && sum.failed > 4 * sum.completed
  }

  private func flood(
    of listener: Listener, sources: Int, _ notes: [(second: Int64, note: Second)],
    end: CaptureTime
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
      listener, sources: sources, sum, rate: rate, lasted: lasted, peak: peakHalfOpen(span),
      examples: flooded.prefix(5).map { notes[$0].note },
      endSecond: notes[last].second, end: end)
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
    _ listener: Listener, sources: Int, _ sum: Second, rate: Int, lasted: Int64, peak: Int,
    examples: [Second], endSecond: Int64, end: CaptureTime
  ) -> Finding {
    let callers = sources >= Self.sourceLimit ? "\(Self.sourceLimit) or more" : "\(sources)"
    // A request that is held is repeated after a second; a cookie is not.
    let wasDue =
      end.nanoseconds / Timers.second - endSecond >= 2 && sum.halfOpen > 0
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
    var finding = Finding(
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
    finding.coveredCalls = CoveredCalls(
      listener: listener, seconds: endSecond - lasted + 1...endSecond)
    return finding
  }
}
