/// How much a shard holds.
public struct ShardLoad: Sendable {
  fileprivate var connections = 0
  fileprivate var incarnations = 0
  fileprivate var bytes = 0
  /// What may come on top of that without a segment, when time passes.
  fileprivate var growth = 0

  public init() {}

  /// Whether some more segments, whatever they are, can be processed without making room.
  ///
  /// - Parameters:
  ///   - segments: How many segments and ICMP errors.
  ///   - loads: Those of all shards.
  public static func leavesRoom(
    for segments: Int, beside loads: [ShardLoad], _ options: TrackerOptions
  ) -> Bool {
    var all = ShardLoad()
    for load in loads {
      all.connections += load.connections
      all.incarnations += load.incarnations
      all.bytes += load.bytes + load.growth
    }
    return all.connections + segments <= options.maximumConnections
      && all.incarnations + segments <= options.maximumIncarnations
      && all.bytes + segments * ShardLoad.mostBytesOfSegment <= options.maximumBytes
  }

  /// What one segment may take at most: a connection of its own, what that meets, and what is kept of
  /// the segment in each incarnation.
  private static var mostBytesOfSegment: Int { 1 << 14 }
}

extension TrackerShard {
  /// How much it holds now.
  public var load: ShardLoad {
    mutating get {
      var load = ShardLoad()
      load.connections = tracker.held
      load.incarnations = tracker.previousIncarnations.count
      load.bytes = tracker.usedBytes
      load.growth = tracker.possibleGrowth
      return load
    }
  }
}
