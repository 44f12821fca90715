import TCPModel

/// Lines that wait until there are four: as many Community IDs are found in about the time of one.
struct WaitingLines: Sendable {
  private var lines = InlineArray<4, ConnectionLine>(repeating: ConnectionLine())
  /// By line: the connection that it is as well, on the other side of a NAT.
  private var originals = InlineArray<4, UInt64?>(repeating: nil)
  private var count = 0

  /// Adds a line, which is passed by address, not changed. Returns whether they are four now.
  mutating func add(_ line: inout ConnectionLine, translationOf original: UInt64?) -> Bool {
    guard count < 4 else { return true }
    lines[count] = line
    originals[count] = original
    count += 1
    return count == 4
  }

  /// Hands over all lines in their order, with what they are translations of and their Community IDs.
  @inline(__always)
  mutating func takeAll(_ body: (inout ConnectionLine, UInt64?, Phrase) -> Void) {
    guard count > 0 else { return }
    let ids = CommunityID.texts([lines[0].key, lines[1].key, lines[2].key, lines[3].key])
    for index in 0..<min(count, 4) { body(&lines[index], originals[index], ids[index]) }
    count = 0
  }
}
