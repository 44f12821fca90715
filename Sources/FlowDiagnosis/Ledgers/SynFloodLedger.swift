import PacketDecoding
import TCPModel

/// Attempts per listener and second: how many SYNs, and what became of them.
struct SynFloodLedger {
  /// What happened to the attempts that began in one second.
  private struct Second: BitwiseCopyable {
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

    mutating func add(_ connection: Connection, isCompleted: Bool) {
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

  private struct Moment: Numbered {
    var listener: UInt32
    /// Seconds since the epoch.
    var second: Int64

    func hash(_ secret: Secret) -> UInt64 {
      secret.mix(UInt64(bitPattern: second), UInt64(listener))
    }
  }

  private var moments: Numbering<Moment>
  /// By the numbers of the moments, less one.
  private var seconds: [Second] = []
  /// By listener: attempts that came to nothing, and addresses that made them.
  private var failed: [(count: Int, sources: Int)] = []
  /// By caller: whether it is among them.
  private var isSource: [Bool] = []

  /// Listener-seconds held at most; about 130 bytes each.
  private static let limit = 1 << 17
  /// Callers told apart of each listener.
  static let sourceLimit = 1000

  init(_ secret: Secret) {
    moments = Numbering(secret)
  }

  mutating func observe(_ connection: Connection, at place: Directory.Place) {
    guard place.listener != 0, connection.client.marks.contains(.synSent),
      !connection.client.marks.contains(.refused),
      connection.traits.isDisjoint(with: [.isSelf, .hasICMPError])
    else { return }
    let moment = moments.number(
      of: Moment(
        listener: place.listener, second: connection.firstTime.nanoseconds / 1_000_000_000),
      limit: Self.limit)
    guard moment != 0 else { return }
    if moments.count > seconds.count { seconds.append(Second()) }
    let isCompleted = connection.completionTime != .epoch
    seconds[Int(moment) - 1].add(connection, isCompleted: isCompleted)
    if !isCompleted { noteFailure(at: place) }
  }

  private mutating func noteFailure(at place: Directory.Place) {
    let listener = Int(place.listener)
    while failed.count <= listener { failed.append((0, 0)) }
    failed[listener].count += 1
    guard place.caller != 0 else { return }
    let caller = Int(place.caller)
    while isSource.count <= caller { isSource.append(false) }
    guard !isSource[caller] else { return }
    isSource[caller] = true
    failed[listener].sources += 1
  }

  /// Attempts that come to nothing within ten seconds from which the rule may speak.
  private static let least = 50

  /// - Parameter end: When the capture ended, to know whether repetitions were due.
  func conclude(_ directory: Directory, end: CaptureTime) -> [Finding] {
    // The place of each listener that may have been flooded, from 1.
    var places: [Int] = Array(repeating: 0, count: failed.count)
    var suspects: [(listener: Listener, sources: Int, notes: [(second: Int64, note: Second)])] = []
    for (number, listener) in failed.enumerated() where listener.count >= Self.least {
      suspects.append((directory.listener(UInt32(number)), listener.sources, []))
      places[number] = suspects.count
    }
    guard !suspects.isEmpty else { return [] }
    for index in seconds.indices {
      let moment = moments[UInt32(index + 1)]
      guard Int(moment.listener) < places.count, places[Int(moment.listener)] != 0 else { continue }
      suspects[places[Int(moment.listener)] - 1].notes.append((moment.second, seconds[index]))
    }
    suspects.sort { $0.listener < $1.listener }
    return suspects.compactMap { suspect in
      flood(
        of: suspect.listener, sources: suspect.sources,
        suspect.notes.sorted { $0.second < $1.second }, end: end)
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
