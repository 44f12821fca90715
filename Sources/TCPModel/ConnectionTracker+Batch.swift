import BlockStorage
public import PacketDecoding

// With many connections open, finding one is waiting for memory: for its bucket, then its place, its
// course, the page to write on. So each segment is looked at four times before its turn, some
// segments ahead; each look asks for what the next one reads, which is there by then.

extension ConnectionTracker {
  /// Segments that are worth processing together.
  public static var batchSize: Int { 256 }

  /// Takes the next segments of the input: those of `segments` in `range`, none of which is changed.
  public mutating func process(_ segments: inout [Segment], in range: Range<Int>) {
    var all = segments.mutableSpan
    let seed = options.hashSeed
    followEach(
      of: &all, in: range, tag: { FlowKey.tag(of: &$1, seed: seed) }, begin: { $0.begin(&$2) })
  }

  /// - Parameters:
  ///   - tag: The tag of a segment, given its index.
  ///   - begin: What is to be done right before a segment has its turn, given its index.
  @inline(__always)
  mutating func followEach(
    of all: inout MutableSpan<Segment>, in range: Range<Int>, tag: (Int, inout Segment) -> UInt32,
    begin: (inout ConnectionTracker, Int, inout Segment) -> Void
  ) {
    guard held > ConnectionTracker.cachedConnections else {
      for index in range {
        begin(&self, index, &all[index])
        if followSteadily(&all[index]) { continue }
        follow(
          &all[index], tag(index, &all[index]), KnownPlace(place: 0, removals: 0), FlowTableGap())
      }
      return
    }
    var ahead = Lookahead()
    let end = range.upperBound
    var keyed = range.lowerBound
    var found = keyed
    var met = keyed
    var ready = keyed
    var next = keyed
    while next < end {
      let until = next &+ Lookahead.step
      while keyed < min(until &+ 4 &* Lookahead.step, end) {
        let tag = tag(keyed, &all[keyed])
        ahead[keyed].tag = tag
        table.prefetch(tag)
        keyed &+= 1
      }
      while found < min(until &+ 3 &* Lookahead.step, end) {
        let (place, gap) = table.firstPlace(ahead[found].tag)
        ahead[found].known = KnownPlace(place: place, removals: table.removals)
        if place == 0 { ahead[found].gap = gap } else { prefetch(place) }
        found &+= 1
      }
      while met < min(until &+ 2 &* Lookahead.step, end) {
        // What has been let go since is no place to look at.
        if ahead[met].known.removals == table.removals { prefetchCourse(ahead[met].known.place) }
        met &+= 1
      }
      while ready < min(until &+ Lookahead.step, end) {
        if ahead[ready].known.removals == table.removals {
          prefetchTail(ahead[ready].known.place)
        }
        ready &+= 1
      }
      while next < min(until, end) {
        begin(&self, next, &all[next])
        follow(&all[next], ahead[next].tag, ahead[next].known, ahead[next].gap)
        next &+= 1
      }
    }
  }

  /// Connections that the caches of a processor hold anyway.
  private static var cachedConnections: Int { 2048 }

  // Changing nothing; `mutating` only in order that the tracker not be copied.

  /// Brings into the cache what each segment needs of a place.
  @inline(__always)
  mutating func prefetch(_ place: UInt32) {
    if place & ConnectionTracker.quietMark != 0 {
      quiet.prefetch(place & ~ConnectionTracker.quietMark)
    } else {
      connections.prefetch(place)
    }
  }

  /// The same of the course of a place.
  @inline(__always)
  mutating func prefetchCourse(_ place: UInt32) {
    guard place & ConnectionTracker.quietMark != 0 else { return }
    quietCourses.prefetch(quiet[place & ~ConnectionTracker.quietMark].course)
  }

  /// The same of where the next segment of a place will be written.
  @inline(__always)
  mutating func prefetchTail(_ place: UInt32) {
    guard place & ConnectionTracker.quietMark != 0 else { return }
    quietPages.prefetch(quietCourses[quiet[place & ~ConnectionTracker.quietMark].course].tail)
  }

  /// The same of all that was kept of the segments of a place.
  @inline(__always)
  mutating func prefetchPages(_ place: UInt32) {
    guard place & ConnectionTracker.quietMark != 0 else { return }
    let course = quiet[place & ~ConnectionTracker.quietMark].course
    for number in 0..<4 {
      let page = quietCourses[course].pages[number]
      if page == 0 { return }
      quietPages.prefetch(page)
    }
  }
}

/// What is known of segments before their turn, by their index.
private struct Lookahead {
  /// Segments between one look and the next.
  static var step: Int { 16 }

  // More than five steps.
  private var outlooks = InlineArray<128, Outlook>(repeating: Outlook())

  subscript(index: Int) -> Outlook {
    @inline(__always) _read { yield outlooks[index & 127] }
    @inline(__always) _modify { yield &outlooks[index & 127] }
  }
}

/// What is known of a segment before its turn.
private struct Outlook: BitwiseCopyable {
  var tag: UInt32 = 0
  var known = KnownPlace(place: 0, removals: 0)
  var gap = FlowTableGap()
}
