import PacketDecoding
import TCPModel

/// A finding on one connection that the end of the input may yet explain better.
struct WaitingFinding {
  var rule: Int
  var connection: UInt64
  var finding: Finding
  var caller: Caller
  /// When its connection began.
  var start: CaptureTime
  /// Whether the review has changed it.
  var isRevised = false
}

/// What became of a finding on one connection at the end, if it does not stand as it was.
public struct Revision: Sendable {
  /// The id of the finding.
  public var finding: String
  /// The connection it was made on.
  public var connection: UInt64
  /// The id of the finding that stands in its place: the same where it only says more now, nil for
  /// none.
  public var replacement: String?
}

/// Looks once more at findings on single connections, in the light of all of them.
struct Review {
  /// Rules whose findings wait for it, besides those that a ledger's rule makes superfluous and
  /// findings that do not rest on their frames alone.
  static let rules = [
    AcceptQueueOverflow.id, SynUnanswered.id, SynLost.id, SynAckTsecrMismatch.id,
    HalfOpenConnection.id,
  ]

  /// Findings, or calls, that are compared with another one at most.
  private static let most = 64

  var waiting: [WaitingFinding]
  /// What the ledgers show.
  var findings: [Finding]
  /// What does not stand any more.
  private(set) var dropped: [Revision] = []

  /// - Parameters:
  ///   - waiting: Findings on one connection, in any order.
  ///   - findings: What the ledgers show.
  init(waiting: [WaitingFinding], findings: [Finding]) {
    // Not in the order in which connections were done, which depends on when somebody asked.
    self.waiting = waiting.sorted {
      ($0.start, $0.connection, $0.rule) < ($1.start, $1.connection, $1.rule)
    }
    self.findings = findings
  }

  /// What became of those that did not stay as they were.
  var revisions: [Revision] {
    dropped + waiting.filter(\.isRevised).map { $0.revised(to: $0.finding.id) }
  }

  /// Leaves out findings that wait.
  ///
  /// - Parameter replacement: The id of the finding in whose favour each is left out, nil for those
  ///   that stay.
  private mutating func drop(_ replacement: (WaitingFinding) -> String?) {
    waiting.removeAll { entry in
      guard let id = replacement(entry) else { return false }
      dropped.append(entry.revised(to: id))
      return true
    }
  }

  /// Leaves out findings of ledgers that another one about the same cause makes superfluous.
  mutating func dropSuperseded() {
    var superseded: Set<String> = []
    for finding in findings where !finding.causeKey.isEmpty {
      for id in RuleCatalogue.rule(finding.id)?.supersedes ?? [] {
        superseded.insert("\(id) \(finding.causeKey)")
      }
    }
    findings.removeAll { superseded.contains("\($0.id) \($0.causeKey)") }
  }

  /// Leaves out what a finding of a ledger covers.
  mutating func dropCovered(_ examiner: Examiner) {
    var covered: [String: Set<UInt64>] = [:]
    for finding in findings where !finding.covers.isEmpty {
      covered[finding.id, default: []].formUnion(finding.covers)
    }
    guard !covered.isEmpty else { return }
    // In the order of the ids, so that the same one is named each time.
    let sorted = covered.sorted { $0.key < $1.key }
    drop { entry in
      sorted.first { id, connections in
        examiner.ledgerRule(id, supersedes: entry.rule)
          && entry.finding.connections.allSatisfy(connections.contains)
      }?.key
    }
  }

  /// Counts what a flood did to single callers towards the flood.
  mutating func absorbIntoFloods(_ examiner: Examiner) {
    var floods: [Listener: Int] = [:]
    for (index, finding) in findings.enumerated() {
      if let calls = finding.coveredCalls { floods[calls.listener] = index }
    }
    guard !floods.isEmpty else { return }
    var absorbed: [Int: [WaitingFinding]] = [:]
    let findings = findings
    drop { entry in
      guard let index = floods[entry.caller.listener],
        examiner.ledgerRule(findings[index].id, supersedes: entry.rule),
        findings[index].coveredCalls?.contains(entry) == true
      else { return nil }
      absorbed[index, default: []].append(entry)
      return findings[index].id
    }
    for index in self.findings.indices {
      guard let covered = absorbed[index] else { continue }
      // Who sends nothing but one SYN may be forged; who repeats it wants to connect.
      let victims = covered.filter {
        $0.finding.id == SynUnanswered.id && $0.finding.severity == .error
      }
      .sorted { ($0.start, $0.connection) < ($1.start, $1.connection) }
      guard let first = victims.first else { continue }
      let frame = first.finding.frames[0].frame
      self.findings[index].severity = .error
      self.findings[index].summary +=
        " \(ProofText.count(victims.count, "caller")) that went on trying got no answer, the first "
        + "one \(first.caller.client) (frame \(frame))."
      self.findings[index].insert(FrameRole(frame, "SYN of a caller that goes on trying in vain"))
      self.findings[index].values.append(("callers_shut_out", .integer(Int64(victims.count))))
    }
  }

  /// While a listener's accept queue is full, it drops SYNs as well (Linux tcp_conn_request).
  mutating func absorbIntoOverflows() {
    var overflows: [Listener: [Int]] = [:]
    for (index, entry) in waiting.enumerated()
    where entry.finding.id == AcceptQueueOverflow.id
      && overflows[entry.caller.listener]?.count ?? 0 < Review.most
    {
      overflows[entry.caller.listener, default: []].append(index)
    }
    guard !overflows.isEmpty else { return }
    var lost: [Int: [WaitingFinding]] = [:]
    for entry in waiting where [SynUnanswered.id, SynLost.id].contains(entry.finding.id) {
      let cause = overflows[entry.caller.listener]?.first {
        waiting[$0].start <= entry.start && entry.start <= waiting[$0].finding.time
      }
      if let cause { lost[cause, default: []].append(entry) }
    }
    for (cause, entries) in lost { waiting[cause] = waiting[cause].adding(entries) }
    let gone = Set(lost.values.joined().map { [UInt64($0.rule), $0.connection] })
    drop { gone.contains([UInt64($0.rule), $0.connection]) ? AcceptQueueOverflow.id : nil }
  }

  /// Says of each path how long a silence has to be to be fatal.
  ///
  /// - Parameter survived: The longest silence after which a caller's connections went on.
  mutating func tellFatalSilences(_ survived: (Caller) -> Int64?) {
    var shortest: [Caller: (idle: Double, count: Int)] = [:]
    for entry in waiting where entry.finding.id == HalfOpenConnection.id {
      guard let idle = entry.finding.seconds("idle_seconds") else { continue }
      let known = shortest[entry.caller] ?? (idle, 0)
      shortest[entry.caller] = (min(known.idle, idle), known.count + 1)
    }
    for index in waiting.indices where waiting[index].finding.id == HalfOpenConnection.id {
      let caller = waiting[index].caller
      guard let fatal = shortest[caller] else { continue }
      let survived = survived(caller).map { Double($0) / 1e9 }
      guard fatal.count > 1 || survived != nil else { continue }
      waiting[index].finding.tellFatalSilence(fatal, survived: survived)
      waiting[index].isRevised = true
    }
  }

  /// Names the caller whose timestamp a SYN,ACK echoed to another one.
  ///
  /// - Parameter search: Some of the calls that showed one of these timestamps, by timestamp.
  mutating func nameEchoed(
    _ search: (Set<UInt32>, Int) -> [UInt32: [(call: CallNote, caller: Caller)]]
  ) {
    let places = waiting.indices.filter { waiting[$0].finding.id == SynAckTsecrMismatch.id }
    guard !places.isEmpty else { return }
    let calls = search(Set(places.compactMap { waiting[$0].echo }), Review.most)
    for index in places {
      guard let echo = waiting[index].echo, let found = calls[echo],
        let (call, caller) = waiting[index].nearest(of: found)
      else { continue }
      let address = caller.client.isIPv4 ? "\(caller.client)" : "[\(caller.client)]"
      let name = "\(address):\(call.callerPort)"
      waiting[index].finding.summary +=
        " That is the TSval of \(name), which called the same listener (frame \(call.frame)): its "
        + "answer went to the wrong caller."
      waiting[index].finding.insert(
        FrameRole(call.frame, "SYN of \(name), whose TSval is echoed"))
      waiting[index].finding.values.append(("echo_of", .text(name)))
      waiting[index].finding.values.append(("echo_of_connection", .integer(Int64(call.id))))
      waiting[index].isRevised = true
    }
  }

  /// Takes back what cannot be said of a capture that lacks frames.
  mutating func weigh(_ facts: CaptureFacts) {
    waiting = waiting.compactMap { entry in
      guard let weighed = facts.weigh(entry.finding) else {
        dropped.append(entry.revised(to: nil))
        return nil
      }
      var result = entry
      result.isRevised = entry.isRevised || weighed.confidence != entry.finding.confidence
      result.finding = weighed
      return result
    }
  }
}

/// The attempts at one listener that began within some seconds.
struct CoveredCalls {
  var listener: Listener
  var seconds: ClosedRange<Int64>

  func contains(_ entry: WaitingFinding) -> Bool {
    entry.caller.listener == listener
      && seconds.contains(entry.start.nanoseconds / Timers.second)
  }
}

extension WaitingFinding {
  fileprivate func revised(to replacement: String?) -> Revision {
    Revision(finding: finding.id, connection: connection, replacement: replacement)
  }

  /// The foreign timestamp that a SYN,ACK echoed.
  fileprivate var echo: UInt32? {
    finding.integer("tsecr").map { UInt32(truncatingIfNeeded: $0) }
  }

  /// Of other calls of the same listener the nearest before or after, within a minute.
  fileprivate func nearest(
    of calls: [(call: CallNote, caller: Caller)]
  ) -> (call: CallNote, caller: Caller)? {
    func distance(_ call: CallNote) -> UInt64 { call.start.nanoseconds(since: start).magnitude }
    return calls.filter {
      $0.caller.listener == caller.listener && $0.call.id != connection
        && distance($0.call) < UInt64(60 * Timers.second)
    }
    .min { (distance($0.call), $0.call.id) < (distance($1.call), $1.call.id) }
  }

  /// The same, with SYNs that were dropped meanwhile.
  fileprivate func adding(_ dropped: [WaitingFinding]) -> WaitingFinding {
    var result = self
    result.isRevised = true
    // Its own first SYNs may have been dropped as well.
    let sorted = dropped.filter { $0.connection != connection }
      .sorted { ($0.start, $0.connection) < ($1.start, $1.connection) }
    guard !sorted.isEmpty else { return result }
    let frame = sorted[0].finding.frames[0].frame
    let shutOut = sorted.count { $0.finding.severity == .error }
    result.finding.summary +=
      " Meanwhile it dropped the SYNs of "
      + "\(ProofText.count(sorted.count, "other attempt")), first frame \(frame)"
      + (shutOut == 0 ? "." : "; \(shutOut) of them never got an answer.")
    if shutOut > 0 { result.finding.severity = .error }
    result.finding.insert(FrameRole(frame, "SYN of another attempt, dropped meanwhile"))
    let others = sorted.flatMap(\.finding.connections)
    result.finding.connectionCount += others.count
    result.finding.connections = (result.finding.connections + others.prefix(10)).sorted()
    result.finding.values.append(("syns_dropped_meanwhile", .integer(Int64(others.count))))
    return result
  }
}

extension Finding {
  /// Adds a frame to the proof, unless it is there.
  fileprivate mutating func insert(_ role: FrameRole) {
    guard !frames.contains(where: { $0.frame == role.frame }) else { return }
    frames.insert(role, at: frames.firstIndex { $0.frame > role.frame } ?? frames.endIndex)
  }

  fileprivate func integer(_ name: String) -> Int64? {
    for entry in values where entry.name == name {
      if case .integer(let value) = entry.value { return value }
    }
    return nil
  }

  fileprivate func seconds(_ name: String) -> Double? {
    for entry in values where entry.name == name {
      if case .seconds(let value) = entry.value { return value }
    }
    return nil
  }

  fileprivate mutating func tellFatalSilence(
    _ fatal: (idle: Double, count: Int), survived: Double?
  ) {
    let shortest = ProofText.duration(seconds: fatal.idle)
    var text = " On this path the shortest silence that was fatal lasted \(shortest)"
    if fatal.count > 1 { text += " (\(fatal.count) connections)" }
    values.append(("shortest_fatal_idle_seconds", .seconds(fatal.idle)))
    if let survived, survived < fatal.idle {
      let longest = ProofText.duration(seconds: survived)
      text +=
        ", the longest that was survived \(longest): an idle limit between the two explains it."
      values.append(("longest_survived_idle_seconds", .seconds(survived)))
    } else if survived != nil {
      text += ", though longer ones were survived: no idle limit alone explains it."
    } else {
      text += ": look for an idle limit of no more than that."
    }
    summary += text
  }
}
