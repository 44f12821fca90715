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
  private var kept: [(TrackedConnection, [Finding])] = []
  /// Those of which only the end of the input tells whether there is a finding on them.
  private var doubtful: [(TrackedConnection, [Finding])] = []
  private var plain: [(TrackedConnection, [Finding])] = []
  /// Findings that concern an older connection as well.
  private var shared: [Finding] = []
  /// Connections that would have been drawn as well.
  private(set) var overflow = 0
  private var unremarkable = 0

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
      overflow += TimelineChoice.keep(tracked, findings, in: &kept, limit)
    } else if waitsForLedgers || isFree && !pending.isEmpty || isWanted(pending) {
      _ = TimelineChoice.keep(tracked, findings, in: &doubtful, TimelineChoice.doubtfulLimit)
    } else if isFree, drawsUnremarkable {
      unremarkable += TimelineChoice.keep(tracked, findings, in: &plain, limit)
    }
  }

  /// What is drawn, by number, with the findings that the end of the input brought.
  mutating func conclude(_ concluded: [Finding]) -> [(TrackedConnection, [Finding])] {
    var found: [UInt64: [Finding]] = [:]
    for finding in concluded {
      for id in Set(finding.connections) { found[id, default: []].append(finding) }
    }
    var chosen = kept
    for entry in doubtful {
      let findings = found[entry.0.connection.id] ?? []
      if isFree ? !findings.isEmpty : isWanted(findings) {
        chosen.append(entry)
      } else if isFree, drawsUnremarkable {
        unremarkable += TimelineChoice.keep(entry.0, entry.1, in: &plain, limit)
      }
    }
    if chosen.isEmpty, isFree {
      chosen = plain
      overflow = unremarkable
    }
    overflow += max(0, chosen.count - limit)
    return chosen.sorted { $0.0.connection.id < $1.0.connection.id }.prefix(limit)
      .map { tracked, own in
        let id = tracked.connection.id
        let others = shared.filter { finding in
          finding.connections.contains(id)
            && !own.contains { $0.id == finding.id && $0.connections == finding.connections }
        }
        return (tracked, own + others + (found[id] ?? []))
      }
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

  /// Keeps the lowest numbers.
  ///
  /// - Returns: How many fell out.
  private static func keep(
    _ tracked: TrackedConnection, _ findings: [Finding],
    in list: inout [(TrackedConnection, [Finding])], _ limit: Int
  ) -> Int {
    list.append((tracked, findings))
    guard list.count > limit else { return 0 }
    let highest = list.indices.max { list[$0].0.connection.id < list[$1].0.connection.id }
    if let highest { list.remove(at: highest) }
    return 1
  }
}
