import FlowDiagnosis
import TCPModel

/// New connections by the socket that was called. Bounded: the least busy ones are forgotten.
struct ListenerCounts {
  /// A socket that is called.
  struct Listener {
    var name: String
    /// Calls since the interval began, and in all.
    var recent: UInt64 = 0
    var total: UInt64 = 0
  }

  private var listeners: [String: Listener] = [:]
  private static let limit = 4096

  /// Counts a change of state if it is a call.
  mutating func count(_ transition: Transition, of connection: Connection) {
    guard transition.endpoint == .client, transition.to == .synSent, transition.revokedBy == 0
    else { return }
    let name = connection.name(.server)
    listeners[name, default: Listener(name: name)].recent += 1
    listeners[name]?.total += 1
    guard listeners.count > ListenerCounts.limit else { return }
    let kept = sorted.prefix(ListenerCounts.limit / 2)
    listeners = Dictionary(uniqueKeysWithValues: kept.map { ($0.name, $0) })
  }

  mutating func beginInterval() {
    for name in listeners.keys { listeners[name]?.recent = 0 }
  }

  /// The busiest ones.
  func top(_ count: Int) -> [Listener] { Array(sorted.prefix(count)) }

  private var sorted: [Listener] {
    listeners.values.sorted {
      ($1.recent, $1.total, $0.name) < ($0.recent, $0.total, $1.name)
    }
  }
}
