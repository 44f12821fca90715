extension OutputBuffer {
  /// Appends a count in decimal.
  @inline(__always)
  public mutating func write(_ number: UInt64) {
    if number < 10 {
      write(byte: UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: number))
    } else {
      writeDigits(number)
    }
  }

  /// Appends a number in decimal, with a sign when it is negative.
  public mutating func write(_ number: Int64) {
    if number < 0 { write(byte: UInt8(ascii: "-")) }
    write(number.magnitude)
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

  /// Appends a number that is not 0.
  private mutating func writeDigits(_ number: UInt64) {
    guard number < 100_000_000 else {
      let (head, tail) = number.quotientAndRemainder(dividingBy: 100_000_000)
      write(head)
      write(word: EightDigits(UInt32(truncatingIfNeeded: tail)).text)
      return
    }
    let digits = EightDigits(UInt32(truncatingIfNeeded: number))
    let zeros = digits.leadingZeros
    write(word: digits.text &>> UInt64(truncatingIfNeeded: 8 &* zeros), count: 8 &- zeros)
  }
}
