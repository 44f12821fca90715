/// A number below 100,000,000 in decimal: eight digits, the first in the lowest byte. All are found
/// at once, halving by halving.
struct EightDigits {
  /// The digits as numbers.
  let values: UInt64

  @inline(__always)
  init(_ number: UInt32) {
    let (high, low) = number.quotientAndRemainder(dividingBy: 10_000)
    let fours = UInt64(high) | UInt64(low) << 32
    // Times 10,486 / 2^20 is a hundredth, rounded down, below 10,000; times 103 / 2^10 a tenth, below
    // 100.
    let hundreds = (fours &* 10_486) >> 20 & 0x7f_0000_007f
    let twos = hundreds | (fours &- 100 &* hundreds) << 16
    let tens = (twos &* 103) >> 10 & 0x000f_000f_000f_000f
    values = tens | (twos &- 10 &* tens) << 8
  }

  /// The digits as text.
  @inline(__always)
  var text: UInt64 { values | 0x3030_3030_3030_3030 }

  /// Zeros before the first other digit, 8 of 0.
  @inline(__always)
  var leadingZeros: Int { values.trailingZeroBitCount >> 3 }

  /// Zeros after the last other digit, 8 of 0.
  @inline(__always)
  var trailingZeros: Int { values.leadingZeroBitCount >> 3 }
}
