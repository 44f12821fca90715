import PacketDecoding
public import TCPModel

/// Segments in packetdrill's manner, with sequence numbers counted from the initial ones:
/// `S 0:0(0) win 64240 <mss 1460,sackOK,TS 100 0,wscale 7>`.
public struct SegmentNotation: Sendable {
  /// The sequence numbers of either side that are written as 0.
  private let clientOrigin: SequenceNumber
  private let serverOrigin: SequenceNumber
  /// The same of the older incarnation, for its segments; nil where it is not known.
  private let older: (client: SequenceNumber, server: SequenceNumber)?
  private let isSelf: Bool
  private let client: Endpoint
  private let server: Endpoint

  /// The notation for a connection: its numbers count from the initial sequence numbers; where the
  /// capture does not show one, from one before the first number seen.
  public init(_ tracked: TrackedConnection) {
    client = tracked.connection.client
    server = tracked.connection.server
    isSelf = tracked.connection.traits.contains(.isSelf)
    clientOrigin = SegmentNotation.origin(.client, tracked)
    serverOrigin = SegmentNotation.origin(.server, tracked)
    older = tracked.previous.map { previous in
      let isSameWay =
        previous.connection.socket(.client) == tracked.connection.socket(.client)
      let old = TrackedConnection(
        connection: previous.connection, segments: previous.segments, transitions: [],
        previous: nil, icmpErrors: [])
      return (
        SegmentNotation.origin(isSameWay ? .client : .server, old),
        SegmentNotation.origin(isSameWay ? .server : .client, old)
      )
    }
  }

  /// The number written as 0 for a side, in the incarnation that a segment belongs to.
  private func origin(_ side: Side, _ record: SegmentRecord) -> SequenceNumber {
    if record.annotations.contains(.previousIncarnation), let older {
      return side == .client ? older.client : older.server
    }
    return side == .client ? clientOrigin : serverOrigin
  }

  private static func origin(_ side: Side, _ tracked: TrackedConnection) -> SequenceNumber {
    let endpoint = tracked.connection[side]
    if endpoint.marks.contains(.initialSequenceKnown) { return endpoint.initialSendSequence }
    for record in tracked.segments where !record.annotations.contains(.previousIncarnation) {
      if record.sender == side { return record.sequence - 1 }
      if record.flags.contains(.ack), !tracked.connection.traits.contains(.isSelf) {
        return record.acknowledgment - 1
      }
    }
    return SequenceNumber(0)
  }

  /// The whole segment on one line, remarks left out.
  public func text(_ record: SegmentRecord) -> String {
    let parts = core(record) + options(record, withTimestamps: true)
    return parts.reduce("") { text, part in
      text.isEmpty || part.isGlued ? text + part.text : "\(text) \(part.text)"
    }
  }

  /// A piece of the notation that is not broken.
  struct Part {
    var text: String
    /// Whether no space separates it from the piece before.
    var isGlued = false
  }

  /// Flags with sequence range, acknowledgment, window: `P. 1:7(6)`, `ack 1`, `win 502`.
  func core(_ record: SegmentRecord) -> [Part] {
    let own = origin(record.sender, record)
    let start = relative(record.sequence, own)
    let end = relative(record.sequence + record.length, own)
    var parts = [
      Part(text: "\(SegmentNotation.flags(record)) \(start):\(end)(\(record.length))")
    ]
    if record.flags.contains(.ack) {
      let other = origin(isSelf ? .client : record.sender.peer, record)
      parts.append(Part(text: "ack \(relative(record.acknowledgment, other))"))
    }
    if !record.flags.contains(.rst) || record.window != 0 {
      parts.append(Part(text: "win \(record.window)"))
    }
    return parts
  }

  /// The options in angle brackets, or nothing.
  ///
  /// - Parameter withTimestamps: Whether timestamps are written outside of SYN segments.
  func options(_ record: SegmentRecord, withTimestamps: Bool) -> [Part] {
    let sender = record.sender == .client ? client : server
    let isSYN = record.flags.contains(.syn)
    var names: [String] = []
    if record.options.contains(.maximumSegmentSize) {
      names.append("mss \(sender.maximumSegmentSize)")
    }
    if record.options.contains(.sackPermitted) { names.append("sackOK") }
    if record.options.contains(.timestamps), withTimestamps || isSYN {
      names.append("TS \(record.timestampValue) \(record.timestampEchoReply)")
    }
    if record.options.contains(.windowScale) {
      let isAgreed =
        client.marks.contains(.windowScale)
        && (isSelf || server.marks.contains(.windowScale))
      names.append(isAgreed ? "wscale \(sender.windowShift)" : "wscale")
    }
    if record.options.contains(.sack) {
      let origin = record.sender == .client && !isSelf ? serverOrigin : clientOrigin
      let left = relative(SequenceNumber(record.firstSACKBlock.left), origin)
      let right = relative(SequenceNumber(record.firstSACKBlock.right), origin)
      names.append("sack \(left):\(right)")
    }
    names += SegmentNotation.rareOptions.compactMap {
      record.options.contains($0.0) ? $0.1 : nil
    }
    return names.enumerated().map { index, name in
      Part(
        text: (index == 0 ? "<" : "") + name + (index == names.count - 1 ? ">" : ","),
        isGlued: index > 0)
    }
  }

  private static let rareOptions: [(TCPOptionKinds, String)] = [
    (.fastOpen, "FO"), (.multipath, "mptcp"), (.md5Signature, "md5"),
    (.authentication, "tcp-ao"), (.malformed, "malformed"),
  ]

  /// What was noticed about the segment, in words.
  public func remarks(_ record: SegmentRecord) -> [String] {
    SegmentNotation.words.compactMap { record.annotations.contains($0.0) ? $0.1 : nil }
  }

  private static let words: [(SegmentAnnotations, String)] = [
    (.previousIncarnation, "of the connection before, in its numbers"),
    (.captureDuplicate, "captured twice"),
    (.invalidChecksum, "checksum wrong"),
    (.spurious, "had been acknowledged"),
    (.retransmission, "sent again"),
    (.repeated, "sent again"),
    (.outOfOrder, "out of order"),
    (.keepAlive, "keep-alive"),
    (.zeroWindow, "window closed"),
    (.windowProbe, "window probe"),
    (.unacceptable, "outside the window"),
    (.oldTimestamp, "timestamp too old (PAWS)"),
    (.unacceptableAcknowledgment, "ACK not acceptable"),
    (.unacceptableEcho, "TSecr never sent"),
    (.ignoredReset, "RST not accepted"),
    (.doubtfulReset, "RST not its own?"),
    (.acknowledgesUnseen, "ACK of data not captured"),
    (.gap, "beyond a gap"),
    (.challenge, "challenge ACK"),
    (.resurrects, "talks on after RST"),
    (.duplicateReport, "D-SACK"),
    (.timestampRegression, "timestamp runs backwards"),
    (.duplicateAcknowledgment, "duplicate ACK"),
    (.afterIdle, "after a long silence"),
  ]

  /// The letters packetdrill and tcpdump use: S F R P, a point for ACK.
  private static func flags(_ record: SegmentRecord) -> String {
    var text = ""
    for (letter, flag) in letters where record.flags.contains(flag) { text += letter }
    return text.isEmpty ? "-" : text
  }

  private static let letters: [(String, TCPFlags)] = [
    ("S", .syn), ("F", .fin), ("R", .rst), ("P", .psh), (".", .ack), ("U", .urg), ("E", .ece),
    ("W", .cwr),
  ]

  private func relative(_ number: SequenceNumber, _ origin: SequenceNumber) -> String {
    let distance = number.distance(from: origin)
    // Far behind the origin is rather far ahead, on a connection of more than two gigabytes.
    return distance < -(1 << 28) ? "\(UInt32(bitPattern: distance))" : "\(distance)"
  }
}
