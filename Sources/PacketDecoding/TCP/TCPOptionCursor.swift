/// Walks the options of a TCP header (RFC 9293 §3.1, "Options"). Each step moves forward or is the
/// last.
///
/// ```
/// +------+    +------+--------+---------
/// | kind |    | kind | length | data …       length counts kind and length too
/// +------+    +------+--------+---------
///  kinds 0, 1   all other kinds
/// ```
struct TCPOptionCursor {
  /// What one step found.
  enum Step: Equatable {
    /// An option whose bytes are all there; `length` includes kind and length, 2...40.
    case option(kind: UInt8, offset: Int, length: Int)
    /// No more options.
    case end
    /// A length that does not advance or leaves the header.
    case malformed
    /// The captured bytes end within the option.
    case cut
  }

  /// Where the next option starts.
  private var offset = 0
  /// Where the data offset field ends the options; captured bytes may end before.
  private let end: Int

  /// - Parameter length: Bytes of options by the data offset field: 0...40.
  init(length: Int) {
    end = length
  }

  /// The next option that is not padding.
  mutating func next(in bytes: Span<UInt8>) -> Step {
    while offset < end {
      guard offset < bytes.count else { return .cut }
      let kind = bytes[offset]
      if kind == 0 { return .end }
      if kind == 1 {
        offset &+= 1
        continue
      }
      guard offset &+ 1 < end else { return .malformed }
      guard offset &+ 1 < bytes.count else { return .cut }
      let length = Int(bytes[offset &+ 1])
      guard length >= 2, length <= end &- offset else { return .malformed }
      guard length <= bytes.count &- offset else { return .cut }
      defer { offset &+= length }
      return .option(kind: kind, offset: offset, length: length)
    }
    return .end
  }
}
