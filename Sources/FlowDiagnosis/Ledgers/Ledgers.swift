import BlockStorage
import PacketDecoding
import TCPModel

/// The ledgers of all rules that need many connections. Each keeps its notes by the small numbers of
/// one directory.
struct Ledgers: ~Copyable {
  private var parties: Parties
  private var expectations = Expectations()
  private var calls = CallLog()
  /// How many connections were noted.
  private var connections = 0
  /// The latest time any of them showed: when the capture ended.
  private var end = CaptureTime(nanoseconds: .min)

  /// Connections of which both directions were seen, and such of one direction that were answered.
  private var twoSided = 0
  private var halves = 0
  /// The longest silences after which connections went on, by caller.
  private var survived: [Caller: Int64] = [:]

  private static let callerLimit = 1 << 14

  private var synFlood: SynFloodLedger
  private let natTimestampDrop = NATTimestampDropLedger()
  private let optionsStripped = OptionsStrippedLedger()
  private var closeWaitLeak = CloseWaitLedger()
  private var timeWaitPileup: TimeWaitPileup.Notes
  private let portExhaustion = PortExhaustion.Notes()
  private var connectionRate: ConnectionRate.Notes?
  private let shortConnections = ShortConnections.Notes()
  private var duplicates = CaptureDuplicates.Notes()
  private var midstream = CaptureMidstream.Notes()
  private var oneSided = CaptureOneSided.Notes()
  private var gaps = CaptureGaps.Notes()
  private var timeDisorder = CaptureTimeDisorder.Notes()

  init(_ options: DiagnosisOptions) {
    let secret = Secret(options.hashSeed)
    parties = Parties(secret)
    synFlood = SynFloodLedger(secret)
    timeWaitPileup = TimeWaitPileup.Notes(options.timers, secret)
    connectionRate = ConnectionRate.Notes(options, secret)
  }

  /// Notes a connection that has been let go.
  mutating func note(_ connection: inout ConnectionBrief) {
    connections &+= 1
    if connection.client.marks.intersection(connection.server.marks).contains(.seen) {
      twoSided += 1
    } else if connection.showsHalf {
      halves += 1
    }
    if end < connection.lastTime { end = connection.lastTime }
    let isHeld =
      connection.client.timeWaitFrame != 0 || connection.server.timeWaitFrame != 0
    guard isHeld || connection.client.marks.contains(.synSent) else { return }
    let place = parties.place(
      of: &connection, expectations.find(connection.id),
      wantsAccount: isHeld || connection.opening != .none)
    synFlood.observe(connection, at: place, &parties)
    calls.observe(&connection, at: place, &parties)
    connectionRate?.observe(connection)
    if isHeld { timeWaitPileup.observe(&connection, at: place, &parties) }
    guard place.account != 0 else { return }
    parties.accounts[place.account &- 1].observe(&connection)
  }

  /// Brings into the cache what `note` will read of a connection that is noted later.
  mutating func expect(_ upcoming: UpcomingConnection?) {
    expectations.add(upcoming, &parties)
  }

  /// Notes what only connections show in which something happened; `note` comes besides.
  mutating func noteEvents(_ tracked: TrackedConnection) {
    closeWaitLeak.observe(tracked)
    duplicates.observe(tracked)
    midstream.observe(tracked)
    oneSided.observe(tracked)
    gaps.observe(tracked)
    timeDisorder.observe(tracked)
  }

  /// Whether all of the capture shows one direction only.
  var isOneSided: Bool { twoSided == 0 && halves > 0 }

  /// Notes how long a connection was silent and yet went on.
  mutating func noteSilence(_ connection: ConnectionBrief) {
    guard connection.survivedSilence > 0 else { return }
    let caller = Caller(connection)
    guard survived[caller] != nil || survived.count < Ledgers.callerLimit else { return }
    survived[caller] = max(survived[caller] ?? 0, connection.survivedSilence)
  }

  /// The longest silence after which a connection of a caller went on.
  func survivedSilence(of caller: Caller) -> Int64? { survived[caller] }

  /// Some of the calls that showed one of these timestamps, by timestamp.
  func calls(
    with timestamps: Set<UInt32>, most: Int
  ) -> [UInt32: [(call: CallNote, caller: Caller)]] {
    calls.calls(with: timestamps, most: most, parties)
  }

  /// What the notes show, once the input has ended, in the order of the catalogue.
  func conclude(_ facts: CaptureFacts) -> [Finding] {
    var findings = synFlood.conclude(parties, end: end)
    findings += natTimestampDrop.conclude(parties, calls)
    findings += optionsStripped.conclude(parties)
    findings += closeWaitLeak.conclude(
      end: end, hasGaps: gaps.sample.count > 0 || facts.droppedByKernel > 0)
    findings += timeWaitPileup.conclude(parties)
    findings += portExhaustion.conclude(parties, calls)
    findings += connectionRate?.conclude() ?? []
    findings += shortConnections.conclude(parties)
    findings += duplicates.conclude()
    findings += midstream.conclude(total: connections)
    findings += oneSided.conclude(total: connections)
    findings += gaps.conclude(facts)
    findings += timeDisorder.conclude()
    return findings
  }
}

extension ConnectionBrief {
  /// Whether one end alone was seen, and shows that the other one was heard.
  fileprivate var showsHalf: Bool {
    if traits.contains(.isSelf) { return false }
    let isClient = client.marks.contains(.seen)
    let seen = isClient ? client.marks : server.marks
    let unseen = isClient ? server.marks : client.marks
    return seen.contains(.acknowledgedSomething) || unseen.contains(.initialSequenceKnown)
  }
}
