public import PacketDecoding

/// Text on its way out: bytes of UTF-8 that grow at the end.
///
/// Whoever owns it calls `settle`, hands `bytes` on in large pieces and calls `removeAll`; the memory
/// is used again.
/// What is written comes together in a block of fixed size first, where it costs a few instructions.
public struct OutputBuffer: Sendable {
  /// Blocks that were full.
  private var settled: [UInt8] = []
  private var block = TextBlock()
  /// Bytes in the block.
  private var fill = 0
  /// Bytes in blocks that were full.
  public private(set) var settledCount = 0

  /// An empty buffer.
  ///
  /// - Parameter capacity: Bytes to make room for at once.
  public init(capacity: Int = 0) {
    settled.reserveCapacity(capacity)
  }

  /// What was written since the last `removeAll`; a copy unless `settle` came right before.
  public var bytes: [UInt8] {
    if fill == 0 { return settled }
    var bytes = settled
    var block = block
    block.copy(fill, to: &bytes)
    return bytes
  }

  /// What was written, as a string.
  public var text: String { String(decoding: bytes, as: UTF8.self) }

  /// Bytes written since the last `removeAll`.
  public var count: Int { settledCount + fill }

  /// Forgets what was written and keeps the memory.
  public mutating func removeAll() {
    settled.removeAll(keepingCapacity: true)
    settledCount = 0
    fill = 0
  }

  /// Empties the block.
  @inline(never)
  public mutating func settle() {
    block.copy(fill, to: &settled)
    settledCount = settled.count
    fill = 0
  }

  // MARK: Writing

  /// Appends what `body` puts into the block, at the place that is its second argument.
  ///
  /// - Parameter room: Bytes for which there is room: as many as `body` can need, and 32 more where a
  ///   phrase comes last.
  @inline(__always)
  mutating func compose(room: Int, _ body: (inout TextBlock, inout Int) -> Void) {
    if fill > TextBlock.capacity - room { settle() }
    var place = fill
    body(&block, &place)
    fill = place
  }

  /// Appends one byte.
  @inline(__always)
  public mutating func write(byte: UInt8) {
    compose(room: 1) { $0.put(byte: byte, at: &$1) }
  }

  /// Appends the lowest bytes of a word, the lowest first.
  ///
  /// - Parameter count: How many, 8 at most.
  mutating func write(word: UInt64, count: Int = 8) {
    compose(room: 8) { $0.put(word: word, count: count, at: &$1) }
  }

  /// Appends a phrase.
  mutating func write(_ phrase: borrowing Phrase) {
    if fill > TextBlock.capacity - 32 { settle() }
    var place = fill
    block.put(phrase, at: &place)
    fill = place
  }

  /// Appends bytes that are UTF-8 already.
  public mutating func write(bytes: [UInt8]) {
    write(bytes.span)
  }

  /// Appends text as it is.
  public mutating func write(_ text: String) {
    write(text.utf8.span)
  }

  /// Appends what another buffer holds.
  public mutating func write(_ other: OutputBuffer) {
    write(bytes: other.bytes)
  }

  /// Appends bytes that are UTF-8 already.
  mutating func write(_ bytes: Span<UInt8>) {
    let count = bytes.count
    guard count <= TextBlock.capacity else {
      settle()
      settled.append(addingCapacity: count) { room in
        for index in 0..<count { room.append(bytes[index]) }
      }
      settledCount = settled.count
      return
    }
    compose(room: count) { $0.put(bytes, at: &$1) }
  }

  /// Appends spaces.
  public mutating func write(spaces count: Int) {
    var left = count
    while left > 0 {
      compose(room: 32) { $0.put(spaces: min(left, 32), at: &$1) }
      left &-= 32
    }
  }

  /// Appends a count in decimal.
  @inline(__always)
  public mutating func write(_ number: UInt64) {
    compose(room: 24) { $0.put(number, at: &$1) }
  }

  /// Appends a number in decimal, with a sign when it is negative.
  public mutating func write(_ number: Int64) {
    compose(room: 24) { $0.put(number, at: &$1) }
  }

  /// Appends a count in decimal with zeros in front, `width` digits at least.
  public mutating func write(_ number: UInt64, width: Int) {
    var limit: UInt64 = 10
    var missing = width - 1
    while missing > 0, number >= limit {
      missing -= 1
      limit *= 10
    }
    while missing > 0 {
      write(byte: UInt8(ascii: "0"))
      missing -= 1
    }
    write(number)
  }

  /// Appends the text of an address.
  public mutating func write(_ address: IPAddress) {
    compose(room: 40) { $0.put(address, at: &$1) }
  }

  /// Appends a moment as RFC 3339 §5.6 has it, in UTC: `2026-11-21T02:13:00.123456Z`. Microseconds,
  /// or nanoseconds where the moment has them.
  public mutating func write(_ time: CaptureTime) {
    compose(room: 64) { $0.put(Moment(time), at: &$1) }
  }

  /// Appends the day in UTC: `2026-11-21`.
  public mutating func write(date time: CaptureTime) {
    compose(room: 64) { $0.put(dateOf: Moment(time), at: &$1) }
  }

  /// Appends the time of day in UTC with its fraction: `02:13:00.123456`.
  public mutating func write(timeOfDay time: CaptureTime) {
    compose(room: 64) { $0.put(timeOfDayOf: Moment(time), at: &$1) }
  }

  /// Appends a fraction of a second: six digits, or nine where microseconds do not hold it.
  mutating func write(fraction nanoseconds: Int64) {
    compose(room: 16) {
      $0.put(fraction: UInt32(truncatingIfNeeded: nanoseconds), end: 0, at: &$1)
    }
  }

  /// Appends a duration in seconds as an exact decimal without trailing zeros: `0.0123`.
  public mutating func write(seconds nanoseconds: Int64) {
    compose(room: 40) { $0.put(seconds: nanoseconds, at: &$1) }
  }
}
