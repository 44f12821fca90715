/// Numbers the connections of all shards in the order in which they begin.
public struct ShardNumbering: Sendable {
  /// Connections numbered so far.
  public private(set) var connections: UInt64 = 0
  /// The most that were held at once.
  public private(set) var peakConnections: UInt64 = 0
  private var held: UInt64 = 0

  public init() {}

  /// Numbers the connections that began within some time.
  ///
  /// - Parameters:
  ///   - moments: That time.
  ///   - openings: By shard, the moments at which it began a connection.
  ///   - settlings: Those at which some were settled, in any order, and how many.
  public mutating func number(
    _ moments: Range<UInt64>, _ openings: [[UInt64]],
    _ settlings: [(moment: UInt64, count: Int)]
  ) -> ShardNumbers {
    var ranks = [UInt32](repeating: 0, count: moments.count)
    for openings in openings {
      for moment in openings { ranks[Int(moment - moments.lowerBound)] = 1 }
    }
    var count: UInt32 = 0
    for index in ranks.indices {
      count &+= ranks[index]
      ranks[index] = count
    }
    let numbers = ShardNumbers(first: moments.lowerBound, before: connections, ranks: ranks)
    let start = connections
    for (moment, count) in settlings.sorted(by: { $0.moment < $1.moment }) {
      // What is settled at a moment is so before another connection begins: there are most right
      // before that.
      if moment > moments.lowerBound { begin(start + numbers.rank(moment - 1)) }
      held -= UInt64(count)
    }
    begin(start + UInt64(count))
    return numbers
  }

  /// So many connections have begun.
  private mutating func begin(_ total: UInt64) {
    held += total - connections
    connections = total
    peakConnections = max(peakConnections, held)
  }
}

/// The ids of the connections that began within some time.
public struct ShardNumbers: Sendable {
  /// When that was.
  fileprivate let first: UInt64
  /// How many had begun before.
  fileprivate let before: UInt64
  /// By moment since `first`, how many had begun after it.
  fileprivate let ranks: [UInt32]

  fileprivate func rank(_ moment: UInt64) -> UInt64 { UInt64(ranks[Int(moment - first)]) }

  /// The id of the connection that began at a moment.
  @inline(__always)
  func id(_ moment: UInt64) -> UInt64 { before + rank(moment) }
}
