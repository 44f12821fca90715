import FlowDiagnosis
import PacketDecoding
import TCPModel

/// Which connections are drawn.
struct TimelineChoice {
  private let command: TimelineCommand
  private let isFree: Bool
  /// Whether the finding asked for is one that only all connections together show.
  private let waitsForLedgers: Bool
  private var kept: [(TrackedConnection, [Finding])] = []
  private var plain: [(TrackedConnection, [Finding])] = []
  /// Connections that would have been drawn as well.
  private(set) var overflow = 0
  private var unremarkable = 0

  init(_ command: TimelineCommand) {
    self.command = command
    waitsForLedgers = command.finding.flatMap { RuleCatalogue.rule($0) } is any LedgerRule
    isFree =
      command.connections.isEmpty && command.finding == nil && command.address == nil
      && command.port == nil
  }

  /// Keeps a connection if it is to be drawn, or may be.
  mutating func consider(_ tracked: TrackedConnection, _ findings: [Finding]) {
    if isFree, findings.isEmpty {
      unremarkable += TimelineChoice.keep(tracked, findings, in: &plain, command.limit)
      return
    }
    guard matches(tracked.connection, findings) else { return }
    let limit = waitsForLedgers ? 4096 : command.limit
    overflow += TimelineChoice.keep(tracked, findings, in: &kept, limit)
  }

  /// What is drawn, by number, with the findings that all connections together showed.
  mutating func conclude(_ findings: [Finding]) -> [(TrackedConnection, [Finding])] {
    if waitsForLedgers {
      let ids = Set(findings.filter { $0.id == command.finding }.flatMap(\.connections))
      kept = kept.filter { ids.contains($0.0.connection.id) }
    }
    var chosen = kept
    if kept.isEmpty, isFree {
      chosen = plain
      overflow = unremarkable
    }
    let sorted = chosen.sorted { $0.0.connection.id < $1.0.connection.id }
    return sorted.prefix(command.limit).map { tracked, own in
      (tracked, own + findings.filter { $0.connections.contains(tracked.connection.id) })
    }
  }

  private func matches(_ connection: Connection, _ findings: [Finding]) -> Bool {
    if !command.connections.isEmpty, !command.connections.contains(connection.id) { return false }
    if let id = command.finding, !waitsForLedgers, !findings.contains(where: { $0.id == id }) {
      return false
    }
    let (client, server) = (connection.socket(.client), connection.socket(.server))
    if let address = command.address, client.address != address, server.address != address {
      return false
    }
    if let port = command.port, client.port != port, server.port != port { return false }
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
