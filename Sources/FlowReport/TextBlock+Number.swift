extension TextBlock {
  /// Puts a count in decimal, 20 bytes at most.
  @inline(__always)
  mutating func put(_ number: UInt64, at place: inout Int) {
    if number < 10 {
      put(byte: UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: number), at: &place)
    } else if number < 100_000_000 {
      place = end(ofDigits: UInt32(truncatingIfNeeded: number), at: place)
    } else {
      putLong(number, at: &place)
    }
  }

  /// Puts a number in decimal, with a sign when it is negative; 20 bytes at most.
  mutating func put(_ number: Int64, at place: inout Int) {
    if number < 0 { put(byte: UInt8(ascii: "-"), at: &place) }
    put(number.magnitude, at: &place)
  }

  /// Puts a number of more than eight digits.
  @inline(never)
  private mutating func putLong(_ number: UInt64, at place: inout Int) {
    let (head, tail) = number.quotientAndRemainder(dividingBy: 100_000_000)
    if head >= 100_000_000 {
      putLong(head, at: &place)
    } else {
      put(head, at: &place)
    }
    put(word: EightDigits(UInt32(truncatingIfNeeded: tail)).text, at: &place)
  }

  /// Puts a number of eight digits at most that is not 0. Returns the place after it.
  @inline(never)
  private mutating func end(ofDigits number: UInt32, at place: Int) -> Int {
    guard place >= 0, place <= TextBlock.capacity - 8 else { return place }
    let digits = EightDigits(number)
    let zeros = digits.leadingZeros
    set(digits.text &>> UInt64(truncatingIfNeeded: 8 &* zeros), at: place)
    return place &+ 8 &- zeros
  }
}
