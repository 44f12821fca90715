/// Big-endian reads, each bounds-checked. After a guard on `count` that covers them the compiler
/// drops the checks and joins the bytes into one load and a byte swap.
extension Span where Element == UInt8 {
  /// Two bytes in network byte order.
  @inline(__always)
  func uint16(at offset: Int) -> UInt16 {
    UInt16(self[offset]) &<< 8 | UInt16(self[offset &+ 1])
  }

  /// Four bytes in network byte order.
  @inline(__always)
  func uint32(at offset: Int) -> UInt32 {
    UInt32(self[offset]) &<< 24 | UInt32(self[offset &+ 1]) &<< 16
      | UInt32(self[offset &+ 2]) &<< 8 | UInt32(self[offset &+ 3])
  }

  /// Eight bytes in network byte order.
  @inline(__always)
  func uint64(at offset: Int) -> UInt64 {
    UInt64(self[offset]) &<< 56 | UInt64(self[offset &+ 1]) &<< 48
      | UInt64(self[offset &+ 2]) &<< 40 | UInt64(self[offset &+ 3]) &<< 32
      | UInt64(self[offset &+ 4]) &<< 24 | UInt64(self[offset &+ 5]) &<< 16
      | UInt64(self[offset &+ 6]) &<< 8 | UInt64(self[offset &+ 7])
  }
}
