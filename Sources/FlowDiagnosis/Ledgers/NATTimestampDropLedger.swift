import PacketDecoding
import TCPModel

/// SYNs of one address to one listener, with their timestamps and whether they were answered.
struct NATTimestampDropLedger {
  func conclude(_ parties: borrowing Parties, _ calls: borrowing CallLog) -> [Finding] {
    parties.callers.numbers
      .filter { parties.callers[$0].calls.mixes }
      .map { (caller: parties.caller($0), list: parties.callers[$0].calls) }
      .sorted { $0.caller < $1.caller }
      .compactMap { drop($0.caller, calls.sorted($0.list) { $0.isTimestamped }) }
  }

  /// Linux remembered a host's newest timestamp for TCP_PAWS_MSL, and let it lie behind by
  /// TCP_PAWS_WINDOW.
  private static let memory = 60 * Timers.second
  private static let slack: Int32 = 1

  private func drop(_ pair: Caller, _ notes: [CallNote]) -> Finding? {
    guard notes.count >= 4 else { return nil }
    var behind: [(note: CallNote, ahead: CallNote, by: Int32)] = []
    var ahead: [CallNote] = []
    for (index, note) in notes.enumerated() {
      let newest = newest(before: note.start, notes[..<index])
      let lag = newest.map { note.firstTimestamp.distance(from: $0.value) }
      if note.isAnswered {
        // An answered SYN that lies behind: nobody compares.
        if let lag, lag < -Self.slack, note.synCount == 1 { return nil }
        ahead.append(note)
      } else {
        // An unanswered SYN that lies ahead: lost for another reason.
        guard let newest, let lag, lag < -Self.slack else { return nil }
        behind.append((note, newest.note, lag))
      }
    }
    guard behind.count >= 2, ahead.count >= 2,
      // Answered ones lie on both sides of unanswered ones: the service was up throughout.
      ahead.contains(where: { $0.start > behind[0].note.start })
    else { return nil }
    let lower = Self.line(behind.map(\.note))
    let upper = Self.line(ahead)
    guard lower != nil && upper != nil || (behind.count >= 4 && ahead.count >= 4) else {
      return nil
    }
    return finding(
      pair, behind: behind, ahead: ahead,
      rate: lower.flatMap { low in
        upper.flatMap { $0 == low ? low : nil }
      })
  }

  /// The newest TSval that answered calls had shown within the last minute before a moment.
  private func newest(
    before time: CaptureTime, _ notes: ArraySlice<CallNote>
  ) -> (value: TimestampValue, note: CallNote)? {
    var newest: (value: TimestampValue, note: CallNote)?
    for note in notes.reversed() where note.isAnswered {
      let isDone = note.callerEnd <= time
      let (seen, value) =
        isDone ? (note.callerEnd, note.newestTimestamp) : (note.start, note.firstTimestamp)
      guard time.nanoseconds(since: seen) < Self.memory else { continue }
      if newest.map({ $0.value.precedes(value) }) ?? true { newest = (value, note) }
    }
    return newest
  }

  /// The ticks per second of the one clock that all the notes' TSvals fit, if there is one.
  private static func line(_ notes: [CallNote]) -> Int64? {
    guard let first = notes.first, notes.count > 1 else { return nil }
    for rate: Int64 in [1000, 100, 250, 200, 500, 10] {
      let fits = notes.allSatisfy { note in
        let elapsed = note.start.nanoseconds(since: first.start) / 1_000_000
        let expected = elapsed * rate / 1000
        let ticks = Int64(note.firstTimestamp.distance(from: first.firstTimestamp))
        return (ticks - expected).magnitude <= UInt64(rate / 10 + expected.magnitude.signed / 100)
      }
      if fits { return rate }
    }
    return nil
  }

  private func finding(
    _ pair: Caller, behind: [(note: CallNote, ahead: CallNote, by: Int32)], ahead: [CallNote],
    rate: Int64?
  ) -> Finding {
    let worst = behind[0]
    let last = behind[behind.count - 1]
    let offset = Int64(worst.by).magnitude
    var frames: [FrameRole] = []
    for drop in behind.prefix(4) {
      if !frames.contains(where: { $0.frame == drop.ahead.frame }) {
        frames.append(
          FrameRole(drop.ahead.frame, "answered SYN, TSval \(drop.ahead.firstTimestamp.rawValue)"))
      }
      frames.append(
        FrameRole(
          drop.note.frame,
          "unanswered SYN, TSval \(drop.note.firstTimestamp.rawValue), \(-Int64(drop.by)) behind"))
    }
    frames.sort { $0.frame < $1.frame }
    let apart =
      rate.map {
        " Two clocks of \($0) ticks a second, \(offset) ticks (\(ProofText.duration(Int64(offset) * Timers.second / $0))) apart, are behind this address."
      } ?? ""
    var finding = Finding(
      id: NATTimestampDrop.id, severity: .error, confidence: .likely,
      connections: behind.prefix(10).map(\.note.id).sorted(), connectionCount: behind.count,
      frames: frames, time: last.note.callerEnd,
      summary:
        "\(pair.listener.name) drops calls of \(pair.client) by their timestamps: all "
        + "\(behind.count) whose TSval lies behind the newest seen of that address stay unanswered "
        + "(first frame \(worst.note.frame), \(offset) ticks behind frame \(worst.ahead.frame)), all "
        + "\(ahead.count) that lie ahead are answered.\(apart)",
      advice:
        "On \(pair.listener.address), or the balancer that answers for it, switch off the check: "
        + "net.ipv4.tcp_tw_recycle=0 on Linux before 4.12, or upgrade, for the setting is gone "
        + "since. Until then timestamps off at the callers (net.ipv4.tcp_timestamps=0) lets them in.",
      values: [
        ("unanswered", .integer(Int64(behind.count))), ("answered", .integer(Int64(ahead.count))),
        ("tsval_behind", .integer(Int64(worst.note.firstTimestamp.rawValue))),
        ("tsval_ahead", .integer(Int64(worst.ahead.firstTimestamp.rawValue))),
        ("ticks_behind", .integer(Int64(offset))),
        ("ticks_per_second", rate.map { .integer($0) } ?? .text("unknown")),
      ],
      causeKey: "\(pair.listener.name) \(pair.client)")
    finding.covers = Set(behind.map(\.note.id))
    return finding
  }
}

extension UInt64 {
  /// The same number, signed; the largest where it does not fit.
  fileprivate var signed: Int64 { Int64(clamping: self) }
}
