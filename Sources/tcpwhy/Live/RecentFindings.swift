import FlowDiagnosis

/// The causes found lately, each with its latest finding and how many there were. Bounded.
struct RecentFindings {
  private var causes: [String: (finding: Finding, count: Int, order: Int)] = [:]
  private var order = 0
  private static let limit = 256

  var isEmpty: Bool { causes.isEmpty }

  mutating func add(_ finding: Finding) {
    let key = "\(finding.id)\u{0}\(finding.causeKey)"
    order += 1
    causes[key] = (finding, (causes[key]?.count ?? 0) + 1, order)
    guard causes.count > RecentFindings.limit else { return }
    let kept = causes.sorted { $0.value.order > $1.value.order }.prefix(RecentFindings.limit / 2)
    causes = Dictionary(uniqueKeysWithValues: kept.map { ($0.key, $0.value) })
  }

  /// Takes back a finding, if it is the latest of its cause.
  mutating func remove(_ id: String, on connection: UInt64) {
    let cause = causes.first {
      $0.value.finding.id == id && $0.value.finding.connections == [connection]
    }
    guard let (key, value) = cause else { return }
    causes[key] = value.count > 1 ? (value.finding, value.count - 1, value.order) : nil
  }

  /// The latest causes, latest first.
  func latest(_ count: Int) -> [(finding: Finding, count: Int)] {
    causes.values.sorted { $0.order > $1.order }.prefix(count).map { ($0.finding, $0.count) }
  }
}
