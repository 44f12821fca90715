/// Where one fragment belongs.
struct FragmentPart {
  /// Bytes of the packet before it.
  var offset: Int
  /// Its length on the wire, bytes.
  var length: Int
  /// Whether more fragments follow.
  var moreFollow: Bool
  /// The protocol of the payload, as this fragment says.
  var nextHeader: NextHeader
}

/// One packet of which some fragments came: its start, and which parts are there.
struct PartialPacket {
  /// Bytes kept of the start of a packet: enough for tunnel headers and a TCP header inside.
  static let keptLength = 256
  /// Separate runs of parts a packet may have; fragments in order or in reverse make one or two.
  private static let runLimit = 16
  /// The longest payload fragments can make up, bytes (RFC 791 §3.1, RFC 8200 §4.5).
  private static let longest = 65_535

  let key: FragmentReassembly.Key
  /// When its first fragment passed.
  let started: CaptureTime
  /// The protocol of the payload, as the first part of the packet says.
  private(set) var nextHeader = NextHeader.other
  /// The first bytes of the payload; those counted by `keptInUnit` are valid.
  private(set) var kept = InlineArray<256, UInt8>(repeating: 0)
  /// How many bytes from its start are valid in each unit of eight bytes.
  private var keptInUnit = InlineArray<32, UInt8>(repeating: 0)
  /// Runs of bytes received, in ascending order, none touching another.
  private var runs = InlineArray<16, Run>(repeating: Run(start: 0, end: 0))
  private var runCount = 0
  /// Bytes of the whole payload, once its last part came.
  private var total: Int?

  /// The half-open range of bytes [start, end).
  private struct Run {
    var start: Int
    var end: Int
  }

  init(key: FragmentReassembly.Key, time: CaptureTime) {
    self.key = key
    started = time
  }

  /// Whether all parts came.
  var isComplete: Bool { runCount == 1 && runs[0].start == 0 && runs[0].end == total }

  /// Bytes of the payload of a complete packet.
  var payloadLength: Int { total ?? 0 }

  /// How many bytes of `kept` are valid from its start on.
  var keptCount: Int {
    var count = 0
    for unit in 0..<32 {
      count += Int(keptInUnit[unit])
      if keptInUnit[unit] < 8 { break }
    }
    return count
  }

  /// Takes in a part.
  ///
  /// - Returns: Whether it fits: it must not overlap another (RFC 8200 §4.5, RFC 5722), except to
  ///   repeat what is there.
  mutating func add(_ part: FragmentPart, bytes: Span<UInt8>) -> Bool {
    let end = part.offset + part.length
    guard part.length > 0, end <= Self.longest, part.moreFollow == false || end % 8 == 0 else {
      return false
    }
    if let total {
      guard part.moreFollow ? end <= total : end == total else { return false }
    } else if !part.moreFollow {
      guard runCount == 0 || runs[runCount - 1].end <= end else { return false }
      total = end
    }
    if part.offset == 0 { nextHeader = part.nextHeader }
    switch insert(Run(start: part.offset, end: end)) {
    case .new:
      keep(bytes, at: part.offset)
      return true
    case .repeated: return true
    case .refused: return false
    }
  }

  private enum Insertion { case new, repeated, refused }

  /// Puts a run in its place and joins it to neighbours it touches.
  private mutating func insert(_ run: Run) -> Insertion {
    var index = 0
    while index < runCount, runs[index].end < run.start { index += 1 }
    if index < runCount, runs[index].end == run.start {
      if index + 1 < runCount, runs[index + 1].start < run.end { return overlap(run, index + 1) }
      runs[index].end = run.end
      if index + 1 < runCount, runs[index + 1].start == run.end {
        runs[index].end = runs[index + 1].end
        remove(at: index + 1)
      }
      return .new
    }
    if index < runCount, runs[index].start < run.end { return overlap(run, index) }
    if index < runCount, runs[index].start == run.end {
      runs[index].start = run.start
      return .new
    }
    guard runCount < Self.runLimit else { return .refused }
    var last = runCount
    while last > index {
      runs[last] = runs[last - 1]
      last -= 1
    }
    runs[index] = run
    runCount += 1
    return .new
  }

  private func overlap(_ run: Run, _ index: Int) -> Insertion {
    runs[index].start <= run.start && run.end <= runs[index].end ? .repeated : .refused
  }

  private mutating func remove(at index: Int) {
    for later in index..<runCount - 1 { runs[later] = runs[later + 1] }
    runCount -= 1
  }

  /// Copies what falls into the kept start. `offset` is a multiple of eight.
  private mutating func keep(_ bytes: Span<UInt8>, at offset: Int) {
    guard offset < Self.keptLength else { return }
    let count = min(bytes.count, Self.keptLength - offset)
    for index in 0..<count {
      kept[offset + index] = bytes[index]
      keptInUnit[(offset + index) / 8] += 1
    }
  }
}
