internal import PacketDecoding

/// What an interface description block says (pcapng §4.2).
///
///     | link type | reserved | snap length | options …
struct PcapngInterface: Sendable {
  let linkType: LinkType
  /// Bytes; 0 for no limit.
  let snapLength: UInt32
  let clock: PcapngClock

  /// Reads the body of a block; nil when it is too short. Options that do not fit into it end the
  /// walk over them, what came before holds.
  init?(_ body: Span<UInt8>, _ order: ByteOrder) {
    guard body.count >= 8 else { return nil }
    linkType = LinkType(inFile: UInt32(body.integer16(at: 0, order)))
    snapLength = body.integer32(at: 4, order)
    var resolution: UInt8 = 6
    var offset: Int64 = 0
    var position = 8
    while body.count - position >= 4 {
      let code = body.integer16(at: position, order)
      let length = Int(body.integer16(at: position + 2, order))
      position += 4
      guard code != 0, body.count - position >= length else { break }
      if code == 9, length == 1 {
        resolution = body[position]
      } else if code == 14, length == 8 {
        let first = UInt64(body.integer32(at: position, order))
        let second = UInt64(body.integer32(at: position + 4, order))
        offset = Int64(
          bitPattern: order == .little ? second << 32 | first : first << 32 | second)
      }
      position += (length + 3) & ~3
    }
    clock = PcapngClock(resolution: resolution, offset: offset)
  }
}
