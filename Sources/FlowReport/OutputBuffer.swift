/// Text on its way out: bytes of UTF-8 that grow at the end.
///
/// Whoever owns it calls `settle`, hands `bytes` on in large pieces and calls `removeAll`; the memory
/// is used again.
/// What is written comes together in a block of fixed size first, where it costs a few instructions:
/// words and phrases are put down whole, and the next begins where they end.
public struct OutputBuffer: Sendable {
  /// Blocks that were full.
  private var settled: [UInt8] = []
  private var block = InlineArray<1024, UInt8>(repeating: 0)
  /// Bytes in the block, 0…`capacity`.
  private var fill = 0
  /// The day written last.
  var day = DayText()

  private static let capacity = 1024

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
    OutputBuffer.copy(block.span, fill, to: &bytes)
    return bytes
  }

  /// What was written, as a string.
  public var text: String { String(decoding: bytes, as: UTF8.self) }

  /// Bytes written since the last `removeAll`.
  public var count: Int { settled.count + fill }

  /// Appends what was written to an array, and forgets it.
  mutating func move(to bytes: inout [UInt8]) {
    if !settled.isEmpty {
      bytes += settled
      settled.removeAll(keepingCapacity: true)
    }
    OutputBuffer.copy(block.span, fill, to: &bytes)
    fill = 0
  }

  /// Forgets what was written and keeps the memory.
  public mutating func removeAll() {
    settled.removeAll(keepingCapacity: true)
    fill = 0
  }

  /// Empties the block.
  @inline(never)
  public mutating func settle() {
    OutputBuffer.copy(block.span, fill, to: &settled)
    fill = 0
  }

  /// Appends as many bytes of a block as are written.
  @inline(__always)
  private static func copy(_ block: Span<UInt8>, _ fill: Int, to bytes: inout [UInt8]) {
    let count = min(max(fill, 0), capacity)
    bytes.append(addingCapacity: count) { room in
      for index in 0..<count { room.append(block[index]) }
    }
  }

  /// Where the next bytes go; there is room for so many, which is no more than a block.
  @inline(__always)
  private mutating func place(for count: Int) -> Int {
    if fill > OutputBuffer.capacity - count { settle() }
    return fill
  }

  /// Puts eight bytes down, the lowest first.
  @inline(__always)
  private mutating func put(_ word: UInt64, at place: Int) {
    for index in 0..<8 {
      block[place &+ index] = UInt8(truncatingIfNeeded: word >> UInt64(8 * index))
    }
  }

  // MARK: Writing

  /// Appends one byte.
  @inline(__always)
  public mutating func write(byte: UInt8) {
    let place = place(for: 1)
    block[place] = byte
    fill = place &+ 1
  }

  /// Appends the lowest bytes of a word, the lowest first.
  ///
  /// - Parameter count: How many, 8 at most.
  mutating func write(word: UInt64, count: Int = 8) {
    let place = place(for: 8)
    guard place >= 0, place <= OutputBuffer.capacity - 8 else { return }
    put(word, at: place)
    fill = place &+ count
  }

  /// Appends a phrase.
  @inline(never)
  mutating func write(_ phrase: borrowing Phrase) {
    let place = place(for: 32)
    // As the check is done once here, four instructions copy it.
    guard place >= 0, place <= OutputBuffer.capacity - 32 else { return }
    put(phrase.first, at: place)
    put(phrase.second, at: place &+ 8)
    put(phrase.third, at: place &+ 16)
    put(phrase.fourth, at: place &+ 24)
    fill = place &+ phrase.count
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
    write(other.settled.span)
    write(other.block.span.extracting(0..<other.fill))
  }

  /// Appends bytes that are UTF-8 already.
  mutating func write(_ bytes: Span<UInt8>) {
    let count = bytes.count
    guard count <= OutputBuffer.capacity else {
      settle()
      settled.append(addingCapacity: count) { room in
        for index in 0..<count { room.append(bytes[index]) }
      }
      return
    }
    let place = place(for: count)
    guard place >= 0, place <= OutputBuffer.capacity - count else { return }
    for index in 0..<count { block[place &+ index] = bytes[index] }
    fill = place &+ count
  }

  /// Appends spaces.
  public mutating func write(spaces count: Int) {
    var left = count
    while left > 0 {
      let place = place(for: 32)
      guard place >= 0, place <= OutputBuffer.capacity - 32 else { return }
      for word in 0..<4 { put(0x2020_2020_2020_2020, at: place &+ 8 &* word) }
      fill = place &+ min(left, 32)
      left &-= 32
    }
  }

  /// Takes back the last byte.
  mutating func removeLast() {
    if fill > 0 {
      fill -= 1
    } else {
      _ = settled.popLast()
    }
  }
}
