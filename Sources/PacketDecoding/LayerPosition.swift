/// Where decoding stands within the bytes of one frame, or of one packet put together from
/// fragments.
struct LayerPosition {
  /// More headers than this in one frame are not followed: tags, labels, extension headers and
  /// tunnels count alike, so that no stack of them costs more than a packet may.
  static let headerLimit = 32

  /// Where the next header starts.
  var offset: Int
  /// Where the captured bytes that belong to it end: padding below the IP packet is excluded.
  var end: Int
  /// Where its bytes ended on the wire.
  var wireEnd: Int
  /// How many headers may still follow.
  var headersLeft: Int

  init(captured: Int, onWire: Int, headersLeft: Int = Self.headerLimit) {
    offset = 0
    end = captured
    wireEnd = max(captured, onWire)
    self.headersLeft = headersLeft
  }

  /// What was captured from the next header on.
  @inline(__always)
  var captured: Range<Int> { min(offset, end)..<end }

  /// Bytes on the wire from the next header on.
  var wireLength: Int { max(0, wireEnd - offset) }

  /// Excludes what lies `length` bytes or more behind the next header.
  @inline(__always)
  mutating func limit(toWireLength length: Int) {
    end = min(end, offset &+ length)
    wireEnd = min(wireEnd, offset &+ length)
  }
}
