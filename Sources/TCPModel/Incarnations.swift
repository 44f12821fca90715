import PacketDecoding

extension Connection {
  /// Whether a segment of `side` lies in this incarnation's sequence and acknowledgment space, as
  /// far as the capture shows it.
  func fits(_ segment: Segment, sender side: Side) -> Bool {
    let sender = self[side]
    let receiver = self[side.peer]
    let sequence = SequenceNumber(segment.sequence)
    if sender.isPlaced {
      let start =
        sender.marks.contains(.initialSequenceKnown)
        ? sender.initialSendSequence : sender.sendNext - Connection.reach
      let end = sender.sendNext + max(receiver.window, 65_536) + 1
      // A keep-alive begins one before what was sent.
      guard sequence.isWithin(start, end) else { return false }
    }
    guard segment.flags.contains(.ack) else { return sender.isPlaced }
    let acknowledgment = SequenceNumber(segment.acknowledgment)
    if receiver.isPlaced {
      let start =
        receiver.marks.contains(.initialSequenceKnown)
        ? receiver.initialSendSequence + 1 : receiver.sendUnacknowledged - Connection.reach
      return acknowledgment.isWithin(start, receiver.sendNext + 65_537)
    }
    return true
  }

  /// How well a segment of `side` fits this incarnation.
  func fit(_ segment: Segment, sender side: Side) -> IncarnationFit {
    guard fits(segment, sender: side) else { return .none }
    let sender = self[side]
    let receiver = self[side.peer]
    guard sender.isPlaced, SequenceNumber(segment.sequence).precedesOrEquals(sender.sendNext)
    else { return .loose }
    guard segment.flags.contains(.ack) else { return .close }
    return receiver.isPlaced
      && SequenceNumber(segment.acknowledgment).precedesOrEquals(receiver.sendNext)
      ? .close : .loose
  }

  /// How far back of what was seen a segment may lie when the capture began in mid-connection.
  private static let reach: UInt32 = 1 << 28

  /// Whether a SYN without ACK begins a new incarnation (RFC 9293 §3.4.1) rather than belonging to this
  /// one. Whether the other end takes it (§3.10.7.4, fourth check; RFC 6191 §2) its answer will tell.
  func isNewIncarnation(_ segment: Segment, sender side: Side) -> Bool {
    let sender = self[side]
    let receiver = self[side.peer]
    let sequence = SequenceNumber(segment.sequence)
    if sender.marks.contains(.initialSequenceKnown) {
      if sequence == sender.initialSendSequence { return false }
      return true
    }
    // The peer's SYN passed first: simultaneous open, or an answer by SYN.
    if receiver.marks.contains(.synSent), !receiver.marks.contains(.establishedConfirmed),
      !sender.marks.contains(.seen)
    {
      return false
    }
    // Frames out of order: what follows the SYN passed first.
    if receiver.marks.contains(.seen), !sender.marks.contains(.seen),
      sequence + 1 == sender.sendNext
    {
      return false
    }
    if sender.marks.contains(.seen), !sender.marks.contains(.initialSequenceKnown),
      sender.packets < 3, sequence + 1 == sender.sendUnacknowledged
    {
      return false
    }
    return true
  }

  /// Whether a SYN,ACK answers this incarnation's SYN: a late copy of that, if it is over.
  func isAnswered(by segment: Segment, sender side: Side) -> Bool {
    let caller = self[side.peer]
    return segment.flags.contains([.syn, .ack]) && caller.marks.contains(.synSent)
      && SequenceNumber(segment.acknowledgment) == caller.initialSendSequence + 1
  }

  /// Whether both ends hold nothing of it any more.
  var isOver: Bool { client.state.isIdle && (server.state.isIdle || traits.contains(.isSelf)) }
}

/// How well a segment fits an incarnation of its 4-tuple.
enum IncarnationFit: UInt8, Comparable {
  case none
  /// Within what a window allows, or as far as anything is known.
  case loose
  /// Both numbers lie within what has passed.
  case close

  static func < (left: IncarnationFit, right: IncarnationFit) -> Bool {
    left.rawValue < right.rawValue
  }
}

extension Endpoint {
  /// Whether its place in its sequence space is known.
  var isPlaced: Bool {
    marks.contains(.seen) || marks.contains(.initialSequenceKnown) || state.isSynchronized
  }
}

/// What a new incarnation met: the older one as it stood when the new SYN passed.
public struct PreviousIncarnation: Sendable {
  /// The older connection at that moment: the newest of which the end that is called held something,
  /// the one before if there was none.
  public var connection: Connection
  /// Its last recorded segments, oldest first.
  public var segments: [SegmentRecord]
}
