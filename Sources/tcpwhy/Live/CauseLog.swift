import FlowDiagnosis

/// How often each cause was told, so that what happens all the time is not told all the time.
struct CauseLog {
  /// How much is said of a finding.
  enum Telling: Equatable {
    /// Everything: the cause is new.
    case full
    /// A line: it is the `count`-th of its cause.
    case line(count: Int)
    /// Nothing.
    case silent
  }

  private var counts: [String: Int] = [:]
  private static let limit = 4096

  /// Counts a finding: the first of a cause is told in full, the next four in a line, and then the
  /// 10th, 20th, 50th, 100th, …
  mutating func count(_ finding: Finding) -> Telling {
    let key = "\(finding.id)\u{0}\(finding.causeKey)"
    guard let known = counts[key] else {
      guard counts.count < CauseLog.limit else { return .silent }
      counts[key] = 1
      return .full
    }
    let count = known + 1
    counts[key] = count
    return count <= 5 || CauseLog.isRound(count) ? .line(count: count) : .silent
  }

  /// Whether it is 1, 2 or 5 with zeros behind.
  private static func isRound(_ count: Int) -> Bool {
    var rest = count
    while rest % 10 == 0, rest > 0 { rest /= 10 }
    return count >= 10 && [1, 2, 5].contains(rest)
  }
}
