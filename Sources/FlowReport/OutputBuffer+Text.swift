extension OutputBuffer {
  /// Appends a duration in the unit people would use, to two or three digits: `38 µs`, `1.2 ms`,
  /// `31 s`, `5 min 3 s`.
  public mutating func write(duration nanoseconds: Int64) {
    QuantityText.write(duration: nanoseconds, to: &self)
  }

  /// Appends a count of bytes: `478 B`, `1.2 kB`, `31 MB`; a kilobyte has 1,000 bytes.
  public mutating func write(byteCount: UInt64) {
    QuantityText.write(byteCount: byteCount, to: &self)
  }

  /// The text that `body` writes.
  static func text(_ body: (inout OutputBuffer) -> Void) -> String {
    var buffer = OutputBuffer()
    body(&buffer)
    return buffer.text
  }
}
