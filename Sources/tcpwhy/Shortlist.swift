import FlowDiagnosis
import TCPModel

/// The connections most worth drawing: those with the worst finding, of equal ones those with the
/// lowest numbers. Bounded, whatever is added.
struct Shortlist {
  /// A connection with what was found on it.
  struct Entry {
    var tracked: TrackedConnection
    var findings: [Finding]
    /// The worst finding that counts; nil where none does.
    var severity: Severity?

    /// Whether it is more worth drawing than another one.
    func precedes(_ other: Entry) -> Bool {
      if severity != other.severity {
        return other.severity.map { worst in severity.map { $0 > worst } ?? false } ?? true
      }
      return tracked.connection.id < other.tracked.connection.id
    }
  }

  private let limit: Int
  private let segmentLimit: Int
  private let least: Int
  /// In no order.
  private(set) var entries: [Entry] = []
  private var segments = 0
  /// How many there was no room for.
  private(set) var overflow = 0
  /// The place of the one that goes next, once it is known.
  private var last: Int?

  /// - Parameters:
  ///   - limit: Connections kept.
  ///   - segments: Segments kept of them.
  ///   - least: Connections kept however many segments they have.
  init(limit: Int, segments: Int = .max, least: Int = 0) {
    self.limit = max(limit, least)
    segmentLimit = segments
    self.least = least
  }

  mutating func add(_ entry: Entry) {
    let size = entry.tracked.segments.count
    if isTooMuch(with: size), let last = findLast(), entries[last].precedes(entry) {
      overflow += 1
      return
    }
    entries.append(entry)
    segments += size
    last = nil
    while isTooMuch(), let last = findLast() {
      segments -= entries[last].tracked.segments.count
      entries.swapAt(last, entries.count - 1)
      entries.removeLast()
      self.last = nil
      overflow += 1
    }
  }

  /// Whether there are too many, or would be with one more of so many segments.
  private func isTooMuch(with size: Int? = nil) -> Bool {
    let count = entries.count + (size == nil ? 0 : 1)
    return count > limit || count > least && segments + (size ?? 0) > segmentLimit
  }

  private mutating func findLast() -> Int? {
    if last == nil { last = entries.indices.max { entries[$0].precedes(entries[$1]) } }
    return last
  }
}
