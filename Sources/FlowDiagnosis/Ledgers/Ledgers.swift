import PacketDecoding
import TCPModel

/// The ledgers of all rules that need many connections. Each keeps its notes by the small numbers of
/// one directory.
struct Ledgers: ~Copyable {
  private var parties: Parties
  private var calls = CallLog()
  /// How many connections were noted.
  private var connections = 0
  /// The latest time any of them showed: when the capture ended.
  private var end = CaptureTime(nanoseconds: .min)

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
  mutating func note(_ connection: Connection) {
    connections += 1
    if end < connection.lastTime { end = connection.lastTime }
    let isHeld =
      connection.client.timeWaitFrame != 0 || connection.server.timeWaitFrame != 0
    guard isHeld || connection.client.marks.contains(.synSent) else { return }
    let place = parties.place(of: connection, wantsAccount: isHeld || connection.opening != .none)
    synFlood.observe(connection, at: place, &parties)
    calls.observe(connection, at: place, &parties)
    connectionRate?.observe(connection)
    if isHeld { timeWaitPileup.observe(connection, at: place, &parties) }
    guard place.account != 0 else { return }
    parties.accounts[place.account - 1].observe(connection)
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

  /// What the notes show, once the input has ended, in the order of the catalogue.
  func conclude(_ facts: CaptureFacts) -> [Finding] {
    var findings = synFlood.conclude(parties, end: end)
    findings += natTimestampDrop.conclude(parties, calls)
    findings += optionsStripped.conclude(parties)
    findings += closeWaitLeak.conclude(end: end)
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
