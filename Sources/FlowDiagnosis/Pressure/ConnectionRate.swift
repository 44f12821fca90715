import PacketDecoding
import TCPModel

/// A source makes more connections than a limit that the user names.
public struct ConnectionRate: LedgerRule {
  static let id = "connection-rate"
  public var id: String { ConnectionRate.id }
  public let title = "a source connects more often than the limit given"
  public let group = RuleGroup.pressure
  public let severity = Severity.warning

  // Definition: only with a limit from the user.
  // 1. Rate: more SYNs of new connections of one source address within any window of that length
  //    than the limit. A repeated SYN counts once.
  // 2. Concurrency: more connections of one source address open at once than the limit. A
  //    connection counts from its SYN to its last segment; TIME-WAIT does not count.

  public init() {}

  struct Notes: ~Copyable {
    let rate: (count: Int, seconds: Double)?
    let concurrency: Int?
    private var sources: Directory<IPAddress, Int32>
    /// By number of the source.
    private var notes: [[ConnectionNote]] = [[]]
    private var count = 0

    /// Notes held at most, 48 bytes each.
    private static let limit = 1 << 18

    /// Nil where no limit is given.
    init?(_ options: DiagnosisOptions, _ secret: Secret) {
      guard options.rateLimit != nil || options.concurrencyLimit != nil else { return nil }
      rate = options.rateLimit
      concurrency = options.concurrencyLimit
      sources = Directory(secret)
    }

    mutating func observe(_ connection: ConnectionBrief) {
      guard count < Notes.limit, let note = ConnectionNote(connection) else { return }
      let source = sources.number(
        of: connection.socket(.client).address, limit: Notes.limit, 0)
      if source == notes.count { notes.append([]) }
      notes[source].append(note)
      count += 1
    }

    func conclude() -> [Finding] {
      let least = max(0, min(rate?.count ?? .max, concurrency ?? .max))
      return sources.numbers.filter { notes[$0].count > least }
        .map { (source: sources.key($0), number: $0) }.sorted { $0.source < $1.source }
        .compactMap { source, number in
          finding(source, notes[number].sorted { ($0.start, $0.id) < ($1.start, $1.id) })
        }
    }

    private func finding(_ source: IPAddress, _ notes: [ConnectionNote]) -> Finding? {
      var parts: [String] = []
      var frames: [FrameRole] = []
      var values: [(name: String, value: FindingValue)] = []
      if let rate, let excess = ConnectionRate.fastest(notes, rate.count, rate.seconds) {
        let window = ProofText.duration(Int64(min(max(rate.seconds, 0), 1e9) * 1e9))
        parts.append(
          "\(excess.most) new connections within \(window) (limit \(rate.count)), over it first "
            + "with frame \(excess.first.frame), \(ProofText.count(excess.over, "SYN")) too many")
        frames.append(
          FrameRole(excess.first.frame, "the first SYN above \(rate.count) in \(window)"))
        values.append(("most_in_window", .integer(Int64(excess.most))))
        values.append(("syns_over_rate", .integer(Int64(excess.over))))
      }
      if let concurrency, let excess = ConnectionRate.mostAtOnce(notes, concurrency) {
        parts.append(
          "\(excess.most) connections open at once (limit \(concurrency)), over it first with "
            + "frame \(excess.first.frame)")
        frames.append(FrameRole(excess.first.frame, "the first SYN above \(concurrency) at once"))
        values.append(("most_at_once", .integer(Int64(excess.most))))
      }
      guard !parts.isEmpty else { return nil }
      frames.sort { $0.frame < $1.frame }
      return Finding(
        id: ConnectionRate.id, severity: .warning, confidence: .certain,
        connections: Array(notes.map(\.id).sorted().prefix(10)), connectionCount: notes.count,
        frames: frames, time: notes[notes.count - 1].start,
        summary: "\(source) exceeds the limit given: \(parts.joined(separator: "; and ")).",
        advice:
          "A firewall with this limit would cut this source there (iptables -m hashlimit or "
          + "connlimit, nft limit or ct count); raise the limit, exempt \(source), or let it keep "
          + "its connections open.",
        values: values, causeKey: "\(source)")
    }
  }

  /// The most starts within any window, the first start above the limit and how many were above.
  private static func fastest(
    _ notes: [ConnectionNote], _ limit: Int, _ seconds: Double
  ) -> (most: Int, first: ConnectionNote, over: Int)? {
    let window = Int64(min(max(seconds, 0), 1e9) * 1e9)
    var oldest = 0
    var most = 0
    var over = 0
    var first: ConnectionNote?
    for (index, note) in notes.enumerated() {
      while note.start.nanoseconds(since: notes[oldest].start) >= window, oldest < index {
        oldest += 1
      }
      let count = index - oldest + 1
      most = max(most, count)
      guard count > limit else { continue }
      over += 1
      if first == nil { first = note }
    }
    return first.map { (most, $0, over) }
  }

  /// The most connections open at once, and the first that was one too many.
  private static func mostAtOnce(
    _ notes: [ConnectionNote], _ limit: Int
  ) -> (most: Int, first: ConnectionNote)? {
    let ends = notes.filter { !$0.isOpen }.map(\.end).sorted()
    var ended = 0
    var most = 0
    var first: ConnectionNote?
    for (index, note) in notes.enumerated() {
      while ended < ends.count, ends[ended] < note.start { ended += 1 }
      let open = index + 1 - ended
      most = max(most, open)
      if open > limit, first == nil { first = note }
    }
    return first.map { (most, $0) }
  }

  public var page: ExplanationPage {
    ExplanationPage(
      mechanism: [
        "Firewalls and load balancers often limit how many connections one source may open in a time, or hold at once. Legal clients behind one NAT address, monitoring and crawlers run into such limits, and what they then see are unanswered or reset SYNs.",
        "This rule applies a limit to a capture beforehand: who would be cut, when, and how often. It is off unless a limit is given: --limit-rate 20/60s, --limit-concurrent 20.",
      ],
      ladder: [
        "  --limit-rate 3/10s",
        "    0.0 s   SYN   1",
        "    2.1 s   SYN   2",
        "    4.0 s   SYN   3",
        "    5.2 s   SYN   4   above the limit: would be cut",
        "   10.5 s   SYN   4   (the first has left the window)",
      ],
      proof: [
        "The SYNs of new connections of one address in a sliding window, or those open at once, exceed the number given."
      ],
      lookAlikes: [
        "Repetitions of one SYN are one attempt here; a packet filter in front of connection tracking counts each.",
        "syn-flood: the same rate, but handshakes are not completed.",
      ],
      confirmation: [
        .init("conntrack -C", "connections the firewall tracks"),
        .init("nft list ruleset", "limit rate and ct count statements in force"),
        .init("ss -tan dst ADDRESS | wc -l", "connections with one address now"),
      ],
      remedies: [
        "Exempt known sources, or limit per /64 or per user rather than per NAT address.",
        "Let clients reuse connections (see short-connections).",
      ],
      references: ["iptables-extensions(8)", "nft(8)"])
  }
}
