import PacketDecoding
import Testing

@testable import FlowDiagnosis
@testable import TCPModel

/// One call after the other, and what is kept when there are too many.
@Suite("Call log")
struct CallLogTests {
  /// A call of the caller with this number to the one listener there is.
  private func call(_ id: UInt64, of caller: UInt32, isAnswered: Bool) -> ConnectionBrief {
    var brief = ConnectionBrief()
    brief.id = id
    brief.key = FlowKey(
      lowAddress: IPAddress(ipv4: 0x0a00_0000 + caller),
      highAddress: IPAddress(ipv4: 0xc000_0201), lowPort: 40000, highPort: 443)
    brief.traits = .clientIsLow.union(.clientKnown)
    brief.firstFrame = id
    brief.firstTime = CaptureTime(nanoseconds: Int64(id) * 1000)
    brief.lastTime = brief.firstTime
    brief.client.marks = .seen.union(.synSent).union(.timestamps)
    brief.client.synCount = 1
    if isAnswered {
      brief.server.marks = .seen
      brief.answerTime = brief.firstTime
    }
    return brief
  }

  @Test("room is made by forgetting callers that show nothing; the calls of others stay in order")
  func prunes() {
    var parties = Parties(Secret(.fixed))
    var log = CallLog()
    var id: UInt64 = 0
    var mixed: [UInt64] = []
    var numbers: [UInt32: Int] = [:]
    func observe(
      _ caller: UInt32, isAnswered: Bool = false, _ log: inout CallLog, _ parties: inout Parties
    ) {
      id += 1
      var brief = call(id, of: caller, isAnswered: isAnswered)
      let place = parties.place(of: &brief, nil, wantsAccount: false)
      numbers[caller] = place.caller
      log.observe(&brief, at: place, &parties)
      if caller == 7 { mixed.append(id) }
    }
    // Three times 100,000 are more than there is room for.
    for round in 0..<3 {
      for caller in UInt32(100)..<100_100 {
        if caller % 25_000 == 0 { observe(7, isAnswered: round == 1, &log, &parties) }
        observe(caller, &log, &parties)
      }
    }
    func ids(_ caller: UInt32) -> [UInt64] {
      var ids: [UInt64] = []
      log.forEach(of: parties.callers[numbers[caller] ?? 0].calls) { ids.append($0.id) }
      return ids
    }
    #expect(mixed.count == 12)
    #expect(ids(7) == mixed.reversed())
    let list = parties.callers[numbers[7] ?? 0].calls
    #expect(list.answered == 4)
    #expect(list.unanswered == 8)
    // The first caller had its third call before room was made, the last one after.
    #expect(ids(100) == [])
    #expect(ids(100_099) == [id])
  }
}
