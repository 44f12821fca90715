/// Text on its way out: bytes of UTF-8 that grow at the end.
///
/// Whoever owns it hands `bytes` on in large pieces and calls `removeAll`; the memory is used again.
public struct OutputBuffer: Sendable {
  /// What was written since the last `removeAll`.
  public internal(set) var bytes: [UInt8] = []

  /// An empty buffer.
  ///
  /// - Parameter capacity: Bytes to make room for at once.
  public init(capacity: Int = 0) {
    bytes.reserveCapacity(capacity)
  }

  /// Bytes written since the last `removeAll`.
  public var count: Int { bytes.count }

  /// Forgets what was written and keeps the memory.
  public mutating func removeAll() {
    bytes.removeAll(keepingCapacity: true)
  }

  /// Appends one byte.
  @inline(__always)
  public mutating func write(byte: UInt8) {
    bytes.append(byte)
  }

  /// Appends bytes that are UTF-8 already.
  public mutating func write(bytes more: [UInt8]) {
    bytes.append(contentsOf: more)
  }

  /// Appends text as it is.
  @inline(__always)
  public mutating func write(_ text: String) {
    bytes.append(contentsOf: text.utf8)
  }

  /// Appends a count in decimal.
  public mutating func write(_ number: UInt64) {
    if number < 10 {
      bytes.append(UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: number))
      return
    }
    var digits = InlineArray<20, UInt8>(repeating: 0)
    var start = 20
    var rest = number
    while rest > 0 {
      start -= 1
      digits[start] = UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: rest % 10)
      rest /= 10
    }
    while start < 20 {
      bytes.append(digits[start])
      start += 1
    }
  }

  /// Appends a number in decimal, with a sign when it is negative.
  public mutating func write(_ number: Int64) {
    if number < 0 { bytes.append(UInt8(ascii: "-")) }
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
      bytes.append(UInt8(ascii: "0"))
      missing -= 1
    }
    write(number)
  }
}
