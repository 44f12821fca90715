/// A block of bytes into which text is put, words and phrases whole: the next begins where the text of the
/// one before ends.
///
/// Who puts something has made sure that there is room for it, and keeps the place where it ends: in a
/// register, if it is a variable of his own. Without room nothing is put.
struct TextBlock: Sendable {
  static let capacity = 4096

  private var bytes = InlineArray<4096, UInt8>(repeating: 0)
  /// What is written for the seconds of the last moments.
  var seconds = SecondTexts()

  /// Appends the first so many bytes to an array. Changes nothing; `mutating` only in order that the block
  /// be passed by address.
  @inline(__always)
  mutating func copy(_ count: Int, to array: inout [UInt8]) {
    let block = bytes.span
    let count = min(max(count, 0), TextBlock.capacity)
    array.append(addingCapacity: count) { room in
      for index in 0..<count { room.append(block[index]) }
    }
  }

  /// Puts one byte.
  @inline(__always)
  mutating func put(byte: UInt8, at place: inout Int) {
    guard place >= 0, place < TextBlock.capacity else { return }
    bytes[place] = byte
    place &+= 1
  }

  /// Puts the lowest bytes of a word, the lowest first.
  ///
  /// - Parameter count: How many, 8 at most.
  @inline(__always)
  mutating func put(word: UInt64, count: Int = 8, at place: inout Int) {
    guard place >= 0, place <= TextBlock.capacity - 8 else { return }
    set(word, at: place)
    place &+= count
  }

  /// Puts a phrase.
  @inline(__always)
  mutating func put(_ phrase: borrowing Phrase, at place: inout Int) {
    // As the check is done once here, four instructions copy it.
    guard place >= 0, place <= TextBlock.capacity - 32 else { return }
    set(phrase.first, at: place)
    set(phrase.second, at: place &+ 8)
    set(phrase.third, at: place &+ 16)
    set(phrase.fourth, at: place &+ 24)
    place &+= phrase.count
  }

  /// Puts spaces, 32 at most.
  @inline(__always)
  mutating func put(spaces count: Int, at place: inout Int) {
    guard place >= 0, place <= TextBlock.capacity - 32 else { return }
    for word in 0..<4 { set(0x2020_2020_2020_2020, at: place &+ 8 &* word) }
    place &+= count
  }

  /// Sets a digit where one was put.
  @inline(__always)
  mutating func set(digit: UInt16, at place: Int) {
    guard place >= 0, place < TextBlock.capacity else { return }
    bytes[place] = UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: digit)
  }

  /// Puts bytes that are UTF-8 already.
  @inline(never)
  mutating func put(_ text: Span<UInt8>, at place: inout Int) {
    let count = text.count
    guard count <= TextBlock.capacity, place >= 0, place <= TextBlock.capacity - count else {
      return
    }
    for index in 0..<count { bytes[place &+ index] = text[index] }
    place &+= count
  }

  /// Sets eight bytes, the lowest first, at a place known to have room for them.
  @inline(__always)
  mutating func set(_ word: UInt64, at place: Int) {
    var span = bytes.mutableSpan
    // Every byte is a UInt8, whatever its bits; the store checks its bounds.
    var raw = unsafe span.mutableBytes
    raw.storeBytes(of: word.littleEndian, toByteOffset: place, as: UInt64.self)
  }
}
