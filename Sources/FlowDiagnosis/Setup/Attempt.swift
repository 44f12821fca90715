import PacketDecoding
import TCPModel

/// The opening of a connection as the set-up rules look at it: who asked, what was answered, and
/// what came of it. Copies made by the capture, frames with a wrong checksum and segments of an
/// earlier incarnation are left out.
struct Attempt {
  let tracked: TrackedConnection
  /// The client's SYNs of this attempt (one ISS), in order.
  let syns: [SegmentRecord]
  /// The server's SYN,ACKs.
  let synAcks: [SegmentRecord]
  /// What the client sent that is neither SYN nor RST: acknowledgments and data.
  let clientSegments: [SegmentRecord]
  /// What the server sent that is neither SYN nor RST.
  let serverSegments: [SegmentRecord]
  let clientResets: [SegmentRecord]
  let serverResets: [SegmentRecord]

  init(_ tracked: TrackedConnection) {
    self.tracked = tracked
    let start = tracked.connection.client.initialSendSequence
    var syns: [SegmentRecord] = []
    var synAcks: [SegmentRecord] = []
    var ordinary: (client: [SegmentRecord], server: [SegmentRecord]) = ([], [])
    var resets: (client: [SegmentRecord], server: [SegmentRecord]) = ([], [])
    let ignored: SegmentAnnotations = [.captureDuplicate, .previousIncarnation, .invalidChecksum]
    for segment in tracked.segments where segment.annotations.isDisjoint(with: ignored) {
      let isClient = segment.sender == .client
      if segment.flags.contains(.rst) {
        if isClient { resets.client.append(segment) } else { resets.server.append(segment) }
      } else if segment.flags.contains([.syn, .ack]) {
        if !isClient { synAcks.append(segment) }
      } else if segment.flags.contains(.syn) {
        if isClient, segment.sequence == start { syns.append(segment) }
      } else if isClient {
        ordinary.client.append(segment)
      } else {
        ordinary.server.append(segment)
      }
    }
    self.syns = syns
    self.synAcks = synAcks
    clientSegments = ordinary.client
    serverSegments = ordinary.server
    clientResets = resets.client
    serverResets = resets.server
  }

  var connection: Connection { tracked.connection }

  /// Whether an acknowledgment number covers the SYN and nothing that was never sent
  /// (RFC 9293 §3.10.7.3, first check).
  func coversSYN(_ segment: SegmentRecord) -> Bool {
    let iss = connection.client.initialSendSequence
    let sent = syns.reduce(iss + 1) { SequenceNumber.latest($0, $1.end) }
    return iss.precedes(segment.acknowledgment) && segment.acknowledgment.precedesOrEquals(sent)
  }

  /// The SYN that a segment's TSecr names, if the SYNs can be told apart by their TSval.
  func echoed(by segment: SegmentRecord) -> SegmentRecord? {
    guard segment.hasTimestamps, segment.timestampEchoReply != 0 else { return nil }
    let named = syns.filter {
      $0.hasTimestamps && $0.timestampValue == segment.timestampEchoReply
    }
    return named.count == 1 ? named[0] : nil
  }

  /// The client's first acknowledgment or data after a frame: what completes the handshake.
  func completion(after frame: UInt64 = 0) -> SegmentRecord? {
    clientSegments.first { $0.frame > frame && $0.flags.contains(.ack) }
  }

  /// Whether anything at all of the server passed, of an older incarnation too.
  var heardServer: Bool {
    tracked.segments.contains { $0.sender == .server }
      || connection.server.marks.contains(.seen)
  }

  /// "10.0.0.9:443", for findings about one listener.
  var listener: String { tracked.server }
  /// "10.0.0.5>10.0.0.9", for findings about the way between two hosts.
  var path: String { "\(connection.host(.client))>\(connection.host(.server))" }
}

extension ProofText {
  /// When segments passed, counted from the first: "0, 1 and 3 s", at most eight named.
  static func schedule(_ segments: [SegmentRecord]) -> String {
    guard let first = segments.first else { return "" }
    var times = segments.prefix(8).map { segment in
      let tenths = (max(0, segment.time.nanoseconds(since: first.time)) / 50_000_000 + 1) / 2
      return tenths % 10 == 0 ? "\(tenths / 10)" : "\(tenths / 10).\(tenths % 10)"
    }
    if segments.count > 8 { return "\(times.joined(separator: ", ")), … s" }
    let last = times.removeLast()
    return times.isEmpty ? "\(last) s" : "\(times.joined(separator: ", ")) and \(last) s"
  }
}
