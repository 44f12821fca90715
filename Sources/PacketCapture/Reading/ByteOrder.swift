/// The order in which a capture file stores its integers.
enum ByteOrder: Sendable {
  case little, big
}

extension Span<UInt8> {
  /// The 16-bit integer at `offset`, which must lie inside with its two bytes.
  @inline(__always)
  func integer16(at offset: Int, _ order: ByteOrder) -> UInt16 {
    let little = UInt16(self[offset]) | UInt16(self[offset + 1]) << 8
    return order == .little ? little : little.byteSwapped
  }

  /// The 32-bit integer at `offset`, which must lie inside with its four bytes.
  @inline(__always)
  func integer32(at offset: Int, _ order: ByteOrder) -> UInt32 {
    let little =
      UInt32(self[offset]) | UInt32(self[offset + 1]) << 8
      | UInt32(self[offset + 2]) << 16 | UInt32(self[offset + 3]) << 24
    return order == .little ? little : little.byteSwapped
  }
}
