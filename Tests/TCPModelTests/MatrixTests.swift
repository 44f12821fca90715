import Foundation
import PacketDecoding
import Testing

@testable import TCPModel

/// The whole of the step on one page: each state, each event, what becomes of it.
@Suite struct MatrixTests {
  /// An event of the matrix: who speaks, and what.
  struct Event {
    var name: String
    var isSent: Bool
    var flags: TCPFlags
    /// Offset of SEQ from what the receiver expects.
    var offset: Int32 = 0
    var length: UInt32 = 0
    /// Whether the ACK covers everything the receiver sent, its SYN or FIN included.
    var acknowledgesAll = false
    var echo: UInt32? = nil
  }

  static let events: [Event] = [
    Event(name: "send SYN", isSent: true, flags: .syn),
    Event(name: "send SYN,ACK", isSent: true, flags: [.syn, .ack], acknowledgesAll: true),
    Event(name: "send ACK", isSent: true, flags: .ack),
    Event(name: "send data", isSent: true, flags: [.psh, .ack], length: 10),
    Event(name: "send FIN", isSent: true, flags: [.fin, .ack]),
    Event(name: "send FIN acking FIN", isSent: true, flags: [.fin, .ack], acknowledgesAll: true),
    Event(name: "send FIN again", isSent: true, flags: [.fin, .ack], offset: -1),
    Event(name: "send old data again", isSent: true, flags: [.psh, .ack], offset: -20, length: 10),
    Event(name: "send RST", isSent: true, flags: .rst),
    Event(name: "send RST,ACK", isSent: true, flags: [.rst, .ack]),
    Event(name: "rcv SYN", isSent: false, flags: .syn),
    Event(name: "rcv SYN,ACK", isSent: false, flags: [.syn, .ack], acknowledgesAll: true),
    Event(name: "rcv SYN,ACK bad ACK", isSent: false, flags: [.syn, .ack]),
    Event(
      name: "rcv SYN,ACK bad TSecr", isSent: false, flags: [.syn, .ack], acknowledgesAll: true,
      echo: 1),
    Event(name: "rcv ACK old", isSent: false, flags: .ack),
    Event(name: "rcv ACK of all", isSent: false, flags: .ack, acknowledgesAll: true),
    Event(name: "rcv data", isSent: false, flags: [.psh, .ack], length: 10),
    Event(name: "rcv FIN", isSent: false, flags: [.fin, .ack]),
    Event(name: "rcv FIN, ACK of all", isSent: false, flags: [.fin, .ack], acknowledgesAll: true),
    Event(name: "rcv FIN without ACK", isSent: false, flags: .fin),
    Event(name: "rcv FIN again", isSent: false, flags: [.fin, .ack], offset: -1),
    Event(name: "rcv FIN beyond hole", isSent: false, flags: [.fin, .ack], offset: 100),
    Event(name: "rcv RST exact", isSent: false, flags: .rst),
    Event(name: "rcv ACK before window", isSent: false, flags: .ack, offset: -100),
    Event(name: "rcv RST in window", isSent: false, flags: .rst, offset: 100),
    Event(name: "rcv RST,ACK of all", isSent: false, flags: [.rst, .ack], acknowledgesAll: true),
  ]

  /// An endpoint in a state, as an ordinary history would have left it, and its peer.
  static func pair(in state: TCPState) -> (Endpoint, Endpoint) {
    var one = Endpoint()
    var other = Endpoint()
    one.state = state
    other.state = .established
    for endpoint in [0, 1] {
      var value = endpoint == 0 ? one : other
      value.marks.formUnion([.timestamps])
      value.firstTimestamp = TimestampValue(5_000)
      value.newestTimestamp = TimestampValue(6_000)
      value.window = 64_000
      value.hopLimit = 64
      if endpoint == 0 { one = value } else { other = value }
    }
    other.marks.formUnion([.seen, .initialSequenceKnown, .synSent])
    other.initialSendSequence = SequenceNumber(900)
    other.sendNext = SequenceNumber(1_000)
    other.sendUnacknowledged = SequenceNumber(1_000)
    other.receiveNext = SequenceNumber(2_000)
    one.receiveNext = SequenceNumber(1_000)
    guard state != .closed, state != .listen else { return (one, other) }
    one.marks.formUnion([.seen, .initialSequenceKnown])
    one.initialSendSequence = SequenceNumber(1_900)
    one.sendNext = SequenceNumber(2_000)
    one.sendUnacknowledged = SequenceNumber(2_000)
    switch state {
    case .synSent, .synReceived:
      one.initialSendSequence = SequenceNumber(1_999)
      one.sendUnacknowledged = SequenceNumber(1_999)
      one.marks.insert(state == .synSent ? .synSent : .synAckSent)
    case .finWait1, .finWait2, .closing, .lastAck, .timeWait:
      one.marks.formUnion([.establishedByArrival, .establishedConfirmed, .finSent])
      one.finSequence = SequenceNumber(1_999)
      let isAcknowledged = state == .finWait2 || state == .timeWait
      if isAcknowledged {
        one.marks.insert(.finAcknowledged)
      } else {
        one.sendUnacknowledged = SequenceNumber(1_999)
      }
      if state == .lastAck { one.marks.insert(.closedSecond) }
    case .closed, .listen, .established, .closeWait:
      one.marks.formUnion([.establishedByArrival, .establishedConfirmed])
    }
    if [.closeWait, .closing, .lastAck, .timeWait].contains(state) {
      one.marks.formUnion([.finArrived, .finArrivalConfirmed])
      other.marks.insert(.finSent)
      other.finSequence = SequenceNumber(999)
    }
    return (one, other)
  }

  static func outcome(_ state: TCPState, _ event: Event) -> String {
    var (one, other) = pair(in: state)
    let sender = event.isSent ? one : other
    let receiver = event.isSent ? other : one
    var segment = Segment()
    segment.flags = event.flags
    let isRepeatedSYN = event.isSent && event.flags.contains(.syn) && sender.state != .closed
    let base = isRepeatedSYN ? sender.initialSendSequence : receiver.receiveNext
    segment.sequence = base.rawValue &+ UInt32(bitPattern: event.offset)
    segment.payloadLength = event.length
    segment.acknowledgment =
      (event.acknowledgesAll ? receiver.sendNext : receiver.sendUnacknowledged).rawValue
    segment.hopLimit = 64
    segment.window = 64_000
    segment.options = .timestamps
    segment.timestampValue = 7_000
    segment.timestampEchoReply = event.echo ?? 6_000
    segment.frame = 9
    segment.time = CaptureTime(nanoseconds: 10_000_000_000)
    var effects = StepEffects()
    let context = StepContext(
      sender: event.isSent ? .client : .server, time: segment.time, frame: 9,
      senderRoundTrip: 1_000)
    if event.isSent {
      one.send(segment, peer: &other, context, &effects)
    } else {
      other.send(segment, peer: &one, context, &effects)
      effects.changes = []
      var arrival = context
      arrival.sender = .server
      one.receive(segment, from: &other, arrival, &effects)
    }
    var words: [String] = []
    for change in effects.changes {
      switch change {
      case .transition(let transition): words.append("\(transition.to)")
      case .takeBack(_, let earlier): words.append("back to \(earlier)")
      }
    }
    return words.isEmpty ? "·" : words.joined(separator: ", ")
  }

  static func matrix() -> String {
    var lines: [String] = []
    for event in events {
      lines.append(event.name)
      for state in TCPState.allCases {
        let name = "\(state)".padding(toLength: 13, withPad: " ", startingAt: 0)
        lines.append("    \(name)\(outcome(state, event))")
      }
    }
    return lines.joined(separator: "\n") + "\n"
  }

  @Test("Each state and event lead where the golden page says")
  func matrixIsGolden() throws {
    let url = try #require(
      Bundle.module.url(forResource: "Golden/state-event-matrix", withExtension: "txt"))
    let golden = try String(contentsOf: url, encoding: .utf8)
    let matrix = MatrixTests.matrix()
    if let path = ProcessInfo.processInfo.environment["TCPWHY_WRITE_MATRIX"] {
      try matrix.write(toFile: path, atomically: true, encoding: .utf8)
    }
    #expect(matrix == golden, "TCPWHY_WRITE_MATRIX=PATH writes the page anew; review its diff.")
  }
}
