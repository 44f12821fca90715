extension OutputBuffer {
  /// Appends a duration in the unit people would use, to two or three digits: `38 µs`, `1.2 ms`,
  /// `31 s`, `5 min 3 s`.
  public mutating func write(duration nanoseconds: Int64) {
    if nanoseconds < 0 { write(byte: UInt8(ascii: "-")) }
    let length = nanoseconds.magnitude
    switch length {
    case ..<1_000: write(length, " ns")
    case ..<1_000_000: write(tenthsOf: length, unit: 1_000, " µs")
    case ..<1_000_000_000: write(tenthsOf: length, unit: 1_000_000, " ms")
    case ..<120_000_000_000: write(tenthsOf: length, unit: 1_000_000_000, " s")
    default:
      let seconds = length / 1_000_000_000
      if seconds < 3600 {
        write(seconds / 60, " min")
        if seconds % 60 > 0 { write(" ") }
        if seconds % 60 > 0 { write(seconds % 60, " s") }
      } else {
        write(seconds / 3600, " h")
        if seconds % 3600 >= 60 { write(" ") }
        if seconds % 3600 >= 60 { write(seconds % 3600 / 60, " min") }
      }
    }
  }

  /// Appends a count of bytes: `478 B`, `1.2 kB`, `31 MB`; a kilobyte has 1,000 bytes.
  public mutating func write(byteCount: UInt64) {
    switch byteCount {
    case ..<1_000: write(byteCount, " B")
    case ..<1_000_000: write(tenthsOf: byteCount, unit: 1_000, " kB")
    case ..<1_000_000_000: write(tenthsOf: byteCount, unit: 1_000_000, " MB")
    default: write(tenthsOf: byteCount, unit: 1_000_000_000, " GB")
    }
  }

  /// Appends spaces.
  public mutating func write(spaces count: Int) {
    var left = count
    while left > 8 {
      write(word: 0x2020_2020_2020_2020)
      left -= 8
    }
    if left > 0 { write(word: 0x2020_2020_2020_2020, count: left) }
  }

  private mutating func write(_ number: UInt64, _ unit: String) {
    write(number)
    write(unit)
  }

  /// One digit after the point below ten, none above.
  private mutating func write(tenthsOf value: UInt64, unit: UInt64, _ name: String) {
    if value / unit < 10 {
      let tenths = min(99, (value + unit / 20) / (unit / 10))
      write(tenths / 10)
      if tenths % 10 > 0 {
        write(byte: UInt8(ascii: "."))
        write(tenths % 10)
      }
    } else {
      write(min(999, (value + unit / 2) / unit))
    }
    write(name)
  }

  /// The text that `body` writes.
  static func text(_ body: (inout OutputBuffer) -> Void) -> String {
    var buffer = OutputBuffer()
    body(&buffer)
    return buffer.text
  }
}
