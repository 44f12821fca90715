public import PacketDecoding

// With many connections open, finding one is waiting for memory: its bucket, then its place. A batch
// of segments waits for all of them at once: loads that nothing depends on run beside each other.

extension ConnectionTracker {
  /// Segments that are worth processing together.
  public static var batchSize: Int { 32 }

  /// Takes the next segments of the input: those of `segments` in `range`, none of which is changed.
  public mutating func process(_ segments: inout [Segment], in range: Range<Int>) {
    var all = segments.mutableSpan
    var first = range.lowerBound
    while first < range.upperBound {
      let end = min(first + ConnectionTracker.batchSize, range.upperBound)
      follow(&all, first..<end)
      first = end
    }
  }

  /// Takes a batch.
  private mutating func follow(_ segments: inout MutableSpan<Segment>, _ range: Range<Int>) {
    let first = range.lowerBound
    let count = range.count
    // Segments of what is open already take room too.
    if heldBytes > options.maximumBytes { makeRoom(for: 0) }
    guard held > ConnectionTracker.cachedConnections else {
      for index in range { follow(&segments[index]) }
      return
    }
    var keys = InlineArray<32, FlowKey>(repeating: ConnectionTracker.noKey)
    var tags = InlineArray<32, UInt32>(repeating: 0)
    var sourcesAreLow: UInt32 = 0
    for index in 0..<count {
      let (key, sourceIsLow) = FlowKey.of(segments[first &+ index])
      keys[index] = key
      tags[index] = key.tag(seed: options.hashSeed)
      sourcesAreLow |= sourceIsLow ? 1 &<< UInt32(index) : 0
    }
    // Short loops, one for each thing to wait for, so that many of them are under way at once.
    for index in 0..<count { table.prefetch(tags[index]) }
    var places = InlineArray<32, UInt32>(repeating: 0)
    for index in 0..<count { places[index] = table.firstPlace(tags[index]) }
    for index in 0..<count { prefetch(places[index]) }
    for index in 0..<count { prefetchCourse(places[index]) }
    for index in 0..<count { prefetchTail(places[index]) }
    let removals = table.removals
    for index in 0..<count {
      follow(
        &segments[first &+ index], keys[index], tags[index],
        sourceIsLow: sourcesAreLow &>> UInt32(index) & 1 != 0,
        KnownPlace(place: places[index], removals: removals))
    }
  }

  /// Connections that the caches of a processor hold anyway.
  private static var cachedConnections: Int { 2048 }

  /// Brings into the cache what each segment needs of a place.
  @inline(__always)
  func prefetch(_ place: UInt32) {
    if place & ConnectionTracker.quietMark != 0 {
      quiet.prefetch(place & ~ConnectionTracker.quietMark)
    } else {
      connections.prefetch(place)
    }
  }

  /// The same of the course of a place.
  @inline(__always)
  func prefetchCourse(_ place: UInt32) {
    guard place & ConnectionTracker.quietMark != 0 else { return }
    quietCourses.prefetch(quiet[place & ~ConnectionTracker.quietMark].course)
  }

  /// The same of where the next segment of a place will be written.
  @inline(__always)
  func prefetchTail(_ place: UInt32) {
    guard place & ConnectionTracker.quietMark != 0 else { return }
    quietPages.prefetch(quietCourses[quiet[place & ~ConnectionTracker.quietMark].course].tail)
  }

  /// The same of all that was kept of the segments of a place.
  @inline(__always)
  func prefetchPages(_ place: UInt32) {
    guard place & ConnectionTracker.quietMark != 0 else { return }
    let course = quiet[place & ~ConnectionTracker.quietMark].course
    for number in 0..<4 {
      let page = quietCourses[course].pages[number]
      if page == 0 { return }
      quietPages.prefetch(page)
    }
  }
}
