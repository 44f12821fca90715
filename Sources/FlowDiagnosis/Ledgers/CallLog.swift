import BlockStorage
import PacketDecoding
import TCPModel

/// A call as those ledgers remember it that look at one call after the other.
struct CallNote: BitwiseCopyable {
  var id: UInt64
  /// Frame of its SYN.
  var frame: UInt64
  var start: CaptureTime
  /// When the last segment of the connection passed.
  var end: CaptureTime
  /// When the last segment of the caller passed.
  var callerEnd: CaptureTime
  var firstTimestamp: TimestampValue
  var newestTimestamp: TimestampValue
  fileprivate(set) var caller: UInt32
  /// Place of the note before it on the same caller, from 1; 0 if it is the first.
  fileprivate(set) var previous: UInt32 = 0
  var callerPort: UInt16
  var synCount: UInt16
  var isAnswered: Bool
  /// Whether its timestamps can tell why it was answered or not.
  var isTimestamped: Bool
  /// Whether it came to a handshake.
  var isHandshake: Bool
}

/// The calls noted on one caller.
struct CallList: BitwiseCopyable {
  fileprivate(set) var last: UInt32 = 0
  fileprivate(set) var handshakes: UInt32 = 0
  /// Of those with timestamps that tell.
  fileprivate(set) var answered: UInt32 = 0
  fileprivate(set) var unanswered: UInt32 = 0

  /// Whether some were answered and some not, more than once each.
  var mixes: Bool { answered > 1 && unanswered > 1 }

  /// Notes with timestamps that tell, at most.
  private static let limit: UInt32 = 4096

  /// Takes a note in that is to have a place, from 0. Returns whether there is something to keep of it.
  @inline(__always)
  fileprivate mutating func admit(_ note: inout CallNote, at place: Int) -> Bool {
    if answered &+ unanswered >= CallList.limit { note.isTimestamped = false }
    guard note.isTimestamped || note.isHandshake else { return false }
    note.previous = last
    last = UInt32(truncatingIfNeeded: place &+ 1)
    if note.isHandshake { handshakes &+= 1 }
    if note.isTimestamped {
      if note.isAnswered { answered &+= 1 } else { unanswered &+= 1 }
    }
    return true
  }
}

/// One call after the other, caller by caller, a bounded number in all.
struct CallLog: ~Copyable {
  private var notes = BlockArray<CallNote>()
  /// Whether there was no room even after forgetting what can be forgotten.
  private var isFull = false

  /// Notes held at most, 64 bytes each.
  private static let limit = 1 << 18

  @inline(__always)
  mutating func observe(
    _ connection: inout ConnectionBrief, at place: Parties.Place, _ parties: inout Parties
  ) {
    let marks = connection.client.marks
    guard place.caller != 0, marks.contains(.synSent), !connection.traits.contains(.isSelf) else {
      return
    }
    let isHandshake = connection.opening == .handshake
    let isAnswered = connection.answerTime != .epoch
    // An answer of another kind says nothing about timestamps.
    let isTimestamped =
      marks.contains(.timestamps) && !marks.contains(.refused)
      && !connection.traits.contains(.hasICMPError)
      && (isAnswered || !connection.server.marks.contains(.seen))
    guard isHandshake || isTimestamped else { return }
    if notes.count >= CallLog.limit {
      if !isFull { prune(&parties) }
      if isFull { return }
    }
    let isLow = connection.traits.contains(.clientIsLow)
    add(
      CallNote(
        id: connection.id, frame: connection.firstFrame, start: connection.firstTime,
        end: connection.lastTime, callerEnd: connection.client.lastTime,
        firstTimestamp: connection.client.firstTimestamp,
        newestTimestamp: connection.client.newestTimestamp,
        caller: UInt32(truncatingIfNeeded: place.caller),
        callerPort: isLow ? connection.key.lowPort : connection.key.highPort,
        synCount: connection.client.synCount, isAnswered: isAnswered,
        isTimestamped: isTimestamped, isHandshake: isHandshake),
      &parties.callers[place.caller].calls)
  }

  @inline(__always)
  private mutating func add(_ note: CallNote, _ list: inout CallList) {
    var note = note
    guard list.admit(&note, at: notes.count) else { return }
    notes.append(note)
  }

  /// Calls of a caller from which on its ports are worth remembering when room is short.
  private static let many: UInt32 = 64

  /// Forgets the callers that show neither many calls nor answered ones beside unanswered ones.
  /// Gives up once that frees too little to be worth repeating.
  @inline(never)
  private mutating func prune(_ parties: inout Parties) {
    var isKept: [Bool] = [false]
    for number in parties.callers.numbers {
      let list = parties.callers[number].calls
      isKept.append(
        list.handshakes >= CallLog.many || (list.answered > 0 && list.unanswered > 0))
      parties.callers[number].calls = CallList()
    }
    // Where they are: other room would have to be cleared by the system.
    var count = 0
    for index in notes.indices {
      var note = notes[index]
      let caller = Int(note.caller)
      guard isKept[caller], parties.callers[caller].calls.admit(&note, at: count) else { continue }
      notes[count] = note
      count += 1
    }
    notes.removeLast(notes.count - count)
    isFull = notes.count > CallLog.limit / 2
  }

  /// Calls `body` with each call of a caller, the last one first.
  func forEach(of list: CallList, _ body: (CallNote) -> Void) {
    var place = Int(list.last)
    while place != 0 {
      body(notes[place - 1])
      place = Int(notes[place - 1].previous)
    }
  }

  /// Calls whose SYN or newest segment of the caller had one of these timestamps, some of each.
  func calls(
    with timestamps: Set<UInt32>, most: Int, _ parties: borrowing Parties
  ) -> [UInt32: [(call: CallNote, caller: Caller)]] {
    var found: [UInt32: [(call: CallNote, caller: Caller)]] = [:]
    func add(_ call: CallNote, under value: TimestampValue, _ parties: borrowing Parties) {
      guard timestamps.contains(value.rawValue), found[value.rawValue]?.count ?? 0 < most else {
        return
      }
      found[value.rawValue, default: []].append((call, parties.caller(Int(call.caller))))
    }
    for index in notes.indices where notes[index].isTimestamped {
      let call = notes[index]
      add(call, under: call.firstTimestamp, parties)
      if call.newestTimestamp != call.firstTimestamp {
        add(call, under: call.newestTimestamp, parties)
      }
    }
    return found
  }

  /// The calls of a caller that are wanted, by time.
  func sorted(_ list: CallList, where isWanted: (CallNote) -> Bool) -> [CallNote] {
    var calls: [CallNote] = []
    forEach(of: list) { if isWanted($0) { calls.append($0) } }
    return calls.sorted { ($0.start, $0.id) < ($1.start, $1.id) }
  }
}
