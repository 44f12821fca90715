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
    /// Connections concerned, each once, with those not listed.
    public var connectionCount: Int = 0
    /// Delay added by all of them, seconds; nil where no finding can say.
    public var costSeconds: Double?
  }

  private var groups: [Group] = []
  private var places: [String: Int] = [:]
  /// By group: connections counted, as far as there is room.
  private var counted: [Set<UInt64>] = []
  private var room = FindingGroups.roomAtFirst
  private var severities = [UInt64](repeating: 0, count: Severity.allCases.count)
  /// Findings of causes for which there was no room.
  public private(set) var overflow: UInt64 = 0

  private static let groupLimit = 2000
  private static let connectionLimit = 64
  /// Connections remembered as counted, in all groups.
  private static let roomAtFirst = 1 << 18

  /// No findings yet.
  public init() {}

  /// Whether nothing was added.
  public var isEmpty: Bool { groups.isEmpty }

  /// Adds a finding.
  public mutating func add(_ finding: Finding) {
    let key = "\(finding.id)\u{0}\(finding.causeKey)"
    if places[key] == nil {
      guard groups.count < FindingGroups.groupLimit else {
        overflow += 1
        return
      }
      places[key] = groups.count
      groups.append(Group(example: finding))
      counted.append([])
    }
    guard let place = places[key] else { return }
    severities[Int(finding.severity.rawValue)] += 1
    groups[place].take(finding, limit: FindingGroups.connectionLimit)
    groups[place].connectionCount +=
      finding.connectionCount - finding.connections.count + countNew(finding.connections, place)
  }

  /// How many of these connections the group did not have; each is new once there is no room left.
  private mutating func countNew(_ connections: [UInt64], _ place: Int) -> Int {
    connections.count { connection in
      if room == 0 { return !counted[place].contains(connection) }
      let isNew = counted[place].insert(connection).inserted
      if isNew { room -= 1 }
      return isNew
    }
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
    severities[Int(severity.rawValue)]
  }
}

extension FindingGroups.Group {
  fileprivate mutating func take(_ finding: Finding, limit: Int) {
    count += 1
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
