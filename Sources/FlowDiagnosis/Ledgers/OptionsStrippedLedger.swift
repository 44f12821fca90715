import PacketDecoding
import TCPModel

/// Which options callers and listeners agree on, pair by pair.
struct OptionsStrippedLedger: Ledger {
  /// The options of a SYN that both ends must offer.
  static let options: [(name: String, mark: EndpointMarks)] = [
    ("timestamps", .timestamps), ("SACK", .sackPermitted), ("window scaling", .windowScale),
  ]

  private struct Pair: Hashable, Comparable {
    var client: IPAddress
    var listener: Listener

    static func < (left: Pair, right: Pair) -> Bool {
      (left.client, left.listener) < (right.client, right.listener)
    }
  }

  private struct Note {
    var handshakes = 0
    /// How many SYNs, and how many SYN,ACKs, carried each option.
    var offered = InlineArray<3, Int>(repeating: 0)
    var agreed = InlineArray<3, Int>(repeating: 0)
    var firstFrame = UInt64.max
    var firstID = UInt64.max
    var lastTime = CaptureTime(nanoseconds: .min)
  }

  private var notes: [Pair: Note] = [:]
  /// Pairs held at most, about 130 bytes each.
  private static let limit = 1 << 15

  mutating func observe(_ tracked: TrackedConnection) {
    let connection = tracked.connection
    guard connection.client.marks.contains(.synSent),
      connection.server.marks.contains(.synAckSent), connection.completionTime != .epoch,
      !connection.traits.contains(.isSelf)
    else { return }
    let (address, port) = connection.socket(.server)
    let pair = Pair(
      client: connection.socket(.client).address, listener: Listener(address: address, port: port))
    guard notes[pair] != nil || notes.count < Self.limit else { return }
    var note = notes[pair] ?? Note()
    note.handshakes += 1
    for index in 0..<3 {
      let mark = Self.options[index].mark
      if connection.client.marks.contains(mark) { note.offered[index] += 1 }
      if connection.server.marks.contains(mark) { note.agreed[index] += 1 }
    }
    if connection.firstFrame < note.firstFrame {
      note.firstFrame = connection.firstFrame
      note.firstID = connection.id
    }
    note.lastTime = max(note.lastTime, connection.lastTime)
    notes[pair] = note
  }

  func conclude(_ facts: CaptureFacts) -> [Finding] {
    // Who has shown each option: callers to any listener, listeners to any caller.
    var callers: [IPAddress: InlineArray<3, Int>] = [:]
    var listeners: [Listener: InlineArray<3, Int>] = [:]
    for (pair, note) in notes {
      for index in 0..<3 where note.agreed[index] > 0 {
        callers[pair.client, default: InlineArray(repeating: 0)][index] += 1
        listeners[pair.listener, default: InlineArray(repeating: 0)][index] += 1
      }
    }
    return notes.keys.sorted().compactMap { pair in
      guard let note = notes[pair] else { return nil }
      var inAnswer: [String] = []
      var inCall: [String] = []
      for index in 0..<3 where note.agreed[index] == 0 {
        guard callers[pair.client]?[index] ?? 0 > 0, listeners[pair.listener]?[index] ?? 0 > 0
        else { continue }
        if note.offered[index] == note.handshakes {
          inAnswer.append(Self.options[index].name)
        } else if note.offered[index] == 0 {
          inCall.append(Self.options[index].name)
        }
      }
      guard !inAnswer.isEmpty || !inCall.isEmpty else { return nil }
      return finding(pair, note, inAnswer: inAnswer, inCall: inCall)
    }
  }

  private func finding(
    _ pair: Pair, _ note: Note, inAnswer: [String], inCall: [String]
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
      connectionCount: note.handshakes,
      frames: [FrameRole(note.firstFrame, "first SYN of this path")],
      time: note.lastTime,
      summary:
        "Between \(pair.client) and \(pair.listener.name) \(names) vanished in all "
        + "\(ProofText.count(note.handshakes, "handshake")) (first: frame \(note.firstFrame)): \(how), "
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
