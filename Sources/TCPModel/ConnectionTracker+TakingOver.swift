// Where room has to be made, who goes depends on the connections of all: then one tracker takes those
// of all shards.

extension ConnectionTracker {
  /// Takes over all connections of another tracker of the same input, none of which is settled.
  ///
  /// - Parameter other: Of no use afterwards.
  mutating func takeOver(_ other: consuming ConnectionTracker) {
    precondition(settled.isEmpty && other.settled.isEmpty && now == other.now)
    precondition(evictable.count == 0 && other.evictable.count == 0)
    // What was at a place is at `moved[place]` now. Those that lead on come last.
    var moved: [UInt32: UInt32] = [:]
    var leading: [UInt32] = []
    for place in other.wheel.places() {
      if place & ConnectionTracker.quietMark == 0 {
        moved[place] = takeOver(at: place, &other)
      } else if other.quiet[place & ~ConnectionTracker.quietMark].wokenPlace == 0 {
        moved[place] = takeOverQuietly(at: place, &other)
      } else {
        leading.append(place)
      }
    }
    for place in leading {
      let index = place & ~ConnectionTracker.quietMark
      let woken = other.quiet[index].wokenPlace
      let movedTo = takeOver(at: woken, &other)
      moved[woken] = movedTo
      var leader = other.quiet[index]
      leader.wokenPlace = movedTo
      moved[place] = quiet.insert(leader, other.quiet.key(index)) | ConnectionTracker.quietMark
      wokenCount += 1
    }
    for (_, place) in moved where place & ConnectionTracker.quietMark == 0 {
      connections[place].older = moved[connections[place].older] ?? 0
      connections[place].newer = moved[connections[place].newer] ?? 0
    }
    func place(_ old: UInt32) -> UInt32 {
      guard let place = moved[old] else { preconditionFailure("a connection not in the wheel") }
      return place
    }
    wheel.takeOver(other.wheel, place)
    for (tag, old) in other.table.entries { table.insert(tag, place: place(old)) }
  }

  /// Takes over a connection and its history. Returns its place here.
  private mutating func takeOver(at place: UInt32, _ other: inout ConnectionTracker) -> UInt32 {
    var connection = other.connections[place]
    connection.segments = records.copy(connection.segments, of: other.records)
    connection.transitions = transitions.copy(connection.transitions, of: other.transitions)
    if connection.meter != 0 { connection.meter = meters.insert(other.meters[connection.meter]) }
    let new = connections.insert(connection)
    previousIncarnations[new] = other.previousIncarnations[place]
    icmpErrors[new] = other.icmpErrors[place]
    return new
  }

  /// The same of a quiet one.
  private mutating func takeOverQuietly(
    at place: UInt32, _ other: inout ConnectionTracker
  ) -> UInt32 {
    let index = place & ~ConnectionTracker.quietMark
    var connection = other.quiet[index]
    if connection.course != 0 {
      var course = other.quietCourses[connection.course]
      course.move(from: other.quietPages, to: &quietPages)
      connection.course = quietCourses.insert(course)
    }
    return quiet.insert(connection, other.quiet.key(index)) | ConnectionTracker.quietMark
  }
}

extension TrackerShard {
  /// Takes over all connections of another shard, none of which is settled or without an id of the
  /// whole input.
  public mutating func takeOver(_ other: consuming TrackerShard) {
    tracker.takeOver(other.tracker)
  }

  /// The tracker of what has become one shard for all.
  ///
  /// - Parameters:
  ///   - segments: Segments processed by all shards.
  ///   - numbering: What numbered their connections.
  public consuming func merged(
    segments: UInt64, _ numbering: ShardNumbering
  ) -> ConnectionTracker {
    tracker.shardLog = ShardLog()
    tracker.counts.segments = segments
    tracker.counts.connections = numbering.connections
    tracker.counts.peakConnections = numbering.peakConnections
    return tracker
  }
}
