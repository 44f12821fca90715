import FlowDiagnosis
import PacketDecoding
import TCPModel

/// Which connections are drawn.
struct TimelineChoice {
  private let limit: Int
  private let connections: [UInt64]
  private let finding: String?
  private let address: IPAddress?
  private let port: UInt16?
  /// Whether connections without findings are drawn where there are no others.
  private let drawsUnremarkable: Bool
  /// Whether nothing but findings makes the choice.
  private let isFree: Bool
  /// Whether the finding asked for is one that only all connections together show.
  private let waitsForLedgers: Bool
  private var kept: Shortlist
  /// Those of which only the end of the input tells whether there is a finding on them.
  private var doubtful: Shortlist
  /// Findings that concern an older connection as well.
  private var shared: [Finding] = []
  /// Connections that would have been drawn as well.
  private(set) var overflow = 0

  private static let doubtfulLimit = 4096

  init(
    limit: Int, connections: [UInt64] = [], finding: String? = nil, address: IPAddress? = nil,
    port: UInt16? = nil, drawsUnremarkable: Bool = true
  ) {
    self.limit = limit
    self.connections = connections
    self.finding = finding
    self.address = address
    self.port = port
    self.drawsUnremarkable = drawsUnremarkable
    kept = Shortlist(limit: limit)
    doubtful = Shortlist(limit: TimelineChoice.doubtfulLimit, segments: 1 << 17, least: limit)
    isFree = connections.isEmpty && finding == nil && address == nil && port == nil
    waitsForLedgers = finding.flatMap { RuleCatalogue.rule($0) } is any LedgerRule
  }

  /// Keeps a connection if it is to be drawn, or may be.
  mutating func consider(
    _ tracked: TrackedConnection, _ findings: [Finding], pending: [Finding]
  ) {
    for finding in findings
    where finding.connections.count > 1 && shared.count < TimelineChoice.doubtfulLimit {
      shared.append(finding)
    }
    guard matches(tracked.connection) else { return }
    if isFree ? !findings.isEmpty : isWanted(findings) {
      kept.add(entry(tracked, findings, counting: findings))
    } else if isFree || waitsForLedgers || isWanted(pending) {
      doubtful.add(entry(tracked, findings, counting: pending))
    }
  }

  /// What is drawn, by number, with the findings that the end of the input brought.
  mutating func conclude(_ concluded: [Finding]) -> [(TrackedConnection, [Finding])] {
    var found: [UInt64: [Finding]] = [:]
    for finding in concluded {
      for id in Set(finding.connections) { found[id, default: []].append(finding) }
    }
    var chosen = kept
    var plain = Shortlist(limit: limit)
    for waiting in doubtful.entries {
      let findings = found[waiting.tracked.connection.id] ?? []
      if isFree ? !findings.isEmpty : isWanted(findings) {
        chosen.add(entry(waiting.tracked, waiting.findings, counting: findings))
      } else {
        plain.add(entry(waiting.tracked, waiting.findings, counting: []))
      }
    }
    overflow = chosen.overflow
    if chosen.entries.isEmpty, isFree, drawsUnremarkable {
      chosen = plain
      overflow = plain.overflow + doubtful.overflow
    }
    return chosen.entries.sorted { $0.tracked.connection.id < $1.tracked.connection.id }
      .map { entry in
        let id = entry.tracked.connection.id
        let others = shared.filter { finding in
          finding.connections.contains(id)
            && !entry.findings.contains {
              $0.id == finding.id && $0.connections == finding.connections
            }
        }
        return (entry.tracked, entry.findings + others + (found[id] ?? []))
      }
  }

  /// Where something was asked for, the numbers alone decide which are drawn.
  private func entry(
    _ tracked: TrackedConnection, _ findings: [Finding], counting: [Finding]
  ) -> Shortlist.Entry {
    Shortlist.Entry(
      tracked: tracked, findings: findings,
      severity: isFree ? counting.map(\.severity).max() : nil)
  }

  /// Whether these are findings on a connection to be drawn, where something was asked for.
  private func isWanted(_ findings: [Finding]) -> Bool {
    guard let finding else { return !isFree }
    return findings.contains { $0.id == finding }
  }

  private func matches(_ connection: Connection) -> Bool {
    if !connections.isEmpty, !connections.contains(connection.id) { return false }
    let (client, server) = (connection.socket(.client), connection.socket(.server))
    if let address, client.address != address, server.address != address { return false }
    if let port, client.port != port, server.port != port { return false }
    return true
  }
}
