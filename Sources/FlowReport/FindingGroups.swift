public import FlowDiagnosis

/// Findings by cause: those of one rule with one cause key are one group. Bounded, whatever is added.
public struct FindingGroups: Sendable {
  /// Findings with one cause.
  public struct Group: Sendable {
    /// Of the most severe ones the one on the connection that came first; it speaks for the group.
    public var example: Finding
    /// Findings in the group.
    public var count: UInt64 = 0
    /// The first connections concerned, by number.
    public var connections: [UInt64] = []
    /// Connections concerned, with those not listed.
    public var connectionCount: Int = 0
    /// Delay added by all of them, seconds; nil where no finding can say.
    public var costSeconds: Double?
  }

  private var groups: [Group] = []
  private var places: [String: Int] = [:]
  /// Findings of causes for which there was no room.
  public private(set) var overflow: UInt64 = 0

  private static let groupLimit = 2000
  private static let connectionLimit = 64

  /// No findings yet.
  public init() {}

  /// Whether nothing was added.
  public var isEmpty: Bool { groups.isEmpty }

  /// Adds a finding.
  public mutating func add(_ finding: Finding) {
    let key = "\(finding.id)\u{0}\(finding.causeKey)"
    guard let place = places[key] else {
      guard groups.count < FindingGroups.groupLimit else {
        overflow += 1
        return
      }
      places[key] = groups.count
      groups.append(Group(example: finding))
      groups[groups.count - 1].take(finding, limit: FindingGroups.connectionLimit)
      return
    }
    groups[place].take(finding, limit: FindingGroups.connectionLimit)
  }

  /// The groups, most severe first; of equal severity the larger, then the earlier one.
  public var sorted: [Group] {
    groups.sorted { left, right in
      if left.example.severity != right.example.severity {
        return left.example.severity > right.example.severity
      }
      if left.connectionCount != right.connectionCount {
        return left.connectionCount > right.connectionCount
      }
      if left.example.time != right.example.time { return left.example.time < right.example.time }
      return (left.example.id, left.example.causeKey) < (right.example.id, right.example.causeKey)
    }
  }

  /// How many findings there are of a severity.
  public func count(of severity: Severity) -> UInt64 {
    groups.reduce(0) { $0 + ($1.example.severity == severity ? $1.count : 0) }
  }
}

extension FindingGroups.Group {
  fileprivate mutating func take(_ finding: Finding, limit: Int) {
    count += 1
    connectionCount += finding.connectionCount
    for connection in finding.connections { note(connection, limit) }
    if let cost = finding.costSeconds { costSeconds = (costSeconds ?? 0) + cost }
    let (first, place) = (example.connections.first ?? 0, finding.connections.first ?? 0)
    if finding.severity > example.severity || finding.severity == example.severity && place < first
    {
      example = finding
    }
  }

  /// Keeps the lowest numbers, in order.
  private mutating func note(_ connection: UInt64, _ limit: Int) {
    guard connections.count < limit || connection < connections[limit - 1] else { return }
    let place = connections.firstIndex { connection <= $0 } ?? connections.endIndex
    if place < connections.endIndex, connections[place] == connection { return }
    connections.insert(connection, at: place)
    if connections.count > limit { connections.removeLast() }
  }
}
