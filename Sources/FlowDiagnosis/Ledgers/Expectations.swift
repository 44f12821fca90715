import BlockStorage
import PacketDecoding
import TCPModel

/// The connections that will be noted next, each followed up in three steps, so that what the ledgers
/// read of its caller is in the cache by then: its bucket, its notes, its account.
struct Expectations: ~Copyable {
  /// Connections ahead at which the first step is taken.
  static var lead: Int { 10 }

  private var ring = InlineArray<16, Expectation>(repeating: Expectation())
  /// Connections expected so far.
  private var count = 0

  /// Expects a connection that comes after `lead` others; nil if nobody knows it yet.
  @inline(__always)
  mutating func add(_ upcoming: UpcomingConnection?, _ parties: inout Parties) {
    var expectation = Expectation()
    if let upcoming, let caller = parties.caller(upcoming) {
      expectation.id = upcoming.id
      expectation.caller = caller
      expectation.hash = parties.callers.hash(caller)
      parties.callers.prefetchBucket(expectation.hash)
    }
    ring[count & 15] = expectation
    let soon = (count &- 4) & 15
    if ring[soon].id != 0 {
      ring[soon].number = UInt32(
        truncatingIfNeeded: parties.callers.prefetchEntry(ring[soon].hash))
    }
    let number = Int(ring[(count &- 7) & 15].number)
    if number != 0 { parties.accounts.prefetch(Int(parties.callers[number].account) - 1) }
    count &+= 1
  }

  /// What is known of a connection that is about to be noted. Changes nothing; `mutating` only because
  /// Swift would copy the ring.
  @inline(__always)
  mutating func find(_ id: UInt64) -> Expectation? {
    // `lead` others came between, then it was expected itself, and `count` is one further.
    let slot = (count &- 2 &- Expectations.lead) & 15
    return ring[slot].id == id ? ring[slot] : nil
  }
}

/// What is known of a connection before it is noted.
struct Expectation: BitwiseCopyable {
  /// 0 for none.
  var id: UInt64 = 0
  var hash: UInt64 = 0
  var caller = Parties.CallerKey(client: .unspecified, listener: 0)
  /// Where its caller may have its notes, 0 if nowhere or not looked for yet.
  fileprivate var number: UInt32 = 0
}
