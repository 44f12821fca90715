import PacketDecoding
import TCPModel

/// The ledgers of all rules that need many connections. Each keeps its notes by the small numbers of
/// one directory.
struct Ledgers {
  private var directory: Directory
  /// How many connections were noted.
  private var connections = 0
  /// The latest time any of them showed: when the capture ended.
  private var end = CaptureTime(nanoseconds: .min)

  private var synFlood: SynFloodLedger
  private var natTimestampDrop = NATTimestampDropLedger()
  private var optionsStripped = OptionsStrippedLedger()
  private var closeWaitLeak = CloseWaitLedger()
  private var timeWaitPileup: TimeWaitPileup.Notes
  private var portExhaustion = PortExhaustion.Notes()
  private var connectionRate: ConnectionRate.Notes?
  private var shortConnections = ShortConnections.Notes()
  private var duplicates = CaptureDuplicates.Notes()
  private var midstream = CaptureMidstream.Notes()
  private var oneSided = CaptureOneSided.Notes()
  private var gaps = CaptureGaps.Notes()
  private var timeDisorder = CaptureTimeDisorder.Notes()

  init(_ options: DiagnosisOptions) {
    let secret = Secret(options.hashSeed)
    directory = Directory(secret)
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
    let place = directory.place(of: connection, wantsAccount: isHeld || connection.opening != .none)
    synFlood.observe(connection, at: place)
    natTimestampDrop.observe(connection, at: place)
    connectionRate?.observe(connection)
    guard place.account != 0 || isHeld else { return }
    optionsStripped.observe(connection, at: place)
    timeWaitPileup.observe(connection, at: place)
    portExhaustion.observe(connection, at: place)
    shortConnections.observe(connection, at: place)
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
    var findings = synFlood.conclude(directory, end: end)
    findings += natTimestampDrop.conclude(directory)
    findings += optionsStripped.conclude(directory)
    findings += closeWaitLeak.conclude(end: end)
    findings += timeWaitPileup.conclude(directory)
    findings += portExhaustion.conclude(directory)
    findings += connectionRate?.conclude() ?? []
    findings += shortConnections.conclude(directory)
    findings += duplicates.conclude()
    findings += midstream.conclude(total: connections)
    findings += oneSided.conclude(total: connections)
    findings += gaps.conclude(facts)
    findings += timeDisorder.conclude()
    return findings
  }
}
