import BlockStorage
import PacketDecoding
import TCPModel

/// Which options callers and listeners agree on, pair by pair.
struct OptionsStrippedLedger {
  /// The handshakes of one caller.
  struct Note: BitwiseCopyable {
    var handshakes: UInt32 = 0
    /// How many SYNs, and how many SYN,ACKs, carried each option.
    var offered = InlineArray<3, UInt32>(repeating: 0)
    var agreed = InlineArray<3, UInt32>(repeating: 0)
    var firstFrame = UInt64.max
    var firstID = UInt64.max
    var lastTime = CaptureTime(nanoseconds: .min)

    @inline(__always)
    mutating func observe(_ connection: ConnectionBrief) {
      guard connection.client.marks.contains(.synSent),
        connection.server.marks.contains(.synAckSent), connection.completionTime != .epoch,
        !connection.traits.contains(.isSelf)
      else { return }
      handshakes &+= 1
      let client = connection.client.marks
      let server = connection.server.marks
      offered[0] &+= client.contains(.timestamps) ? 1 : 0
      offered[1] &+= client.contains(.sackPermitted) ? 1 : 0
      offered[2] &+= client.contains(.windowScale) ? 1 : 0
      agreed[0] &+= server.contains(.timestamps) ? 1 : 0
      agreed[1] &+= server.contains(.sackPermitted) ? 1 : 0
      agreed[2] &+= server.contains(.windowScale) ? 1 : 0
      if connection.firstFrame < firstFrame {
        firstFrame = connection.firstFrame
        firstID = connection.id
      }
      if lastTime < connection.lastTime { lastTime = connection.lastTime }
    }

    /// Both of the following.
    var outcome: (missing: UInt8, shown: UInt8) { (missing, shown) }

    /// Bit by bit: the options of which no SYN,ACK had any, though all SYNs had them or none.
    var missing: UInt8 {
      var bits: UInt8 = 0
      for index in 0..<3
      where handshakes > 0 && agreed[index] == 0
        && (offered[index] == 0 || offered[index] == handshakes)
      {
        bits |= 1 << UInt8(index)
      }
      return bits
    }

    /// Bit by bit: the options that some SYN,ACK had.
    var shown: UInt8 {
      var bits: UInt8 = 0
      for index in 0..<3 where agreed[index] > 0 { bits |= 1 << UInt8(index) }
      return bits
    }
  }

  /// The names of the options of a SYN that both ends must offer.
  private static let options = ["timestamps", "SACK", "window scaling"]

  func conclude(_ parties: borrowing Parties) -> [Finding] {
    let suspects = suspects(parties)
    guard !suspects.isEmpty else { return [] }
    // Who has shown each option: callers to any listener.
    var callers: [IPAddress: UInt8] = [:]
    for suspect in suspects { callers[suspect.caller.client] = 0 }
    for index in parties.accounts.indices where parties.accounts[index].options.shown != 0 {
      let key = parties.callers.key(Int(parties.accounts[index].caller))
      callers[key.client]? |= parties.accounts[index].options.shown
    }
    return suspects.compactMap { suspect in
      let missing = suspect.missing & (callers[suspect.caller.client] ?? 0)
      guard missing != 0 else { return nil }
      let note = parties.accounts[suspect.account].options
      var inAnswer: [String] = []
      var inCall: [String] = []
      for index in 0..<3 where missing & 1 << UInt8(index) != 0 {
        if note.offered[index] == note.handshakes {
          inAnswer.append(Self.options[index])
        } else {
          inCall.append(Self.options[index])
        }
      }
      return finding(suspect.caller, note, inAnswer: inAnswer, inCall: inCall)
    }
  }

  /// Callers that lack options with listeners that have shown them to others, in their order.
  private func suspects(
    _ parties: borrowing Parties
  ) -> [(caller: Caller, account: Int, missing: UInt8)] {
    var listeners: [UInt8] = []
    var isMissing = false
    for index in parties.accounts.indices {
      let (missing, shown) = parties.accounts[index].options.outcome
      isMissing = isMissing || missing != 0
      guard shown != 0 else { continue }
      let listener = parties.listener(ofCaller: Int(parties.accounts[index].caller))
      while listeners.count <= listener { listeners.append(0) }
      listeners[listener] |= shown
    }
    guard isMissing else { return [] }
    var suspects: [(caller: Caller, account: Int, missing: UInt8)] = []
    for index in parties.accounts.indices where parties.accounts[index].options.missing != 0 {
      let number = Int(parties.accounts[index].caller)
      let listener = parties.listener(ofCaller: number)
      let missing =
        listener < listeners.count
        ? parties.accounts[index].options.missing & listeners[listener] : 0
      if missing != 0 { suspects.append((parties.caller(number), index, missing)) }
    }
    return suspects.sorted { $0.caller < $1.caller }
  }

  private func finding(
    _ pair: Caller, _ note: Note, inAnswer: [String], inCall: [String]
  ) -> Finding {
    let names = (inAnswer + inCall).joined(separator: " and ")
    let them = inAnswer.count + inCall.count > 1 || names == "timestamps" ? "them" : "it"
    let how =
      inCall.isEmpty
      ? "the SYNs offer \(them), the SYN,ACKs come without, as if the offer had been removed on the way"
      : inAnswer.isEmpty
        ? "the SYNs reach this capture without \(them)"
        : "the SYNs or the SYN,ACKs come without \(them)"
    return Finding(
      id: OptionsStripped.id, severity: .note,
      confidence: note.handshakes > 1 ? .likely : .possible, connections: [note.firstID],
      connectionCount: Int(note.handshakes),
      frames: [FrameRole(note.firstFrame, "first SYN of this path")],
      time: note.lastTime,
      summary:
        "Between \(pair.client) and \(pair.listener.name) \(names) vanished in all "
        + "\(ProofText.count(Int(note.handshakes), "handshake")) (first: frame \(note.firstFrame)): \(how), "
        + "though \(pair.client) agrees on \(them) with other servers and \(pair.listener.name) with "
        + "other callers.",
      advice:
        "Look on the way between these two for a firewall, accelerator or SYN proxy that clears "
        + "TCP options, and capture on both sides of it; without them loss is repaired more slowly "
        + "and windows stay at 64 KiB.",
      values: [
        ("missing", .text((inAnswer + inCall).joined(separator: ", "))),
        ("handshakes", .integer(Int64(note.handshakes))),
      ],
      causeKey: "\(pair.client)>\(pair.listener.address)")
  }
}
