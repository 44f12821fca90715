import FlowDiagnosis
import Foundation
import PacketDecoding
import TCPModel
import Testing

/// Our reconstruction against the record that the kernels kept of their sockets.
@Suite struct KernelRecordTests {
  /// A change of state as the tracepoint told it.
  struct Change: Decodable {
    var time: Double
    var local: String
    var remote: String
    var from: String
    var to: String
  }

  /// A change of state as we told it.
  struct Told {
    var time: Double
    var local: String
    var remote: String
    var from: String
    var to: String
    var used = false
  }

  static let recorded = Repository.promises.filter { $0.states != nil }

  /// Ends that no packet shows: time-outs inside the host, a crash, `close` of a socket whose TIME-WAIT
  /// is refused. The kernel's row needs no counterpart then.
  static func isInvisible(_ change: Change) -> Bool {
    change.to == "CLOSED" && change.from != "LAST-ACK"
  }

  @Test("Every change of state that a packet shows is told", arguments: recorded)
  func agreement(_ promise: Repository.Promise) throws {
    let replay = try Replay(Repository.captures.appending(path: promise.capture).path)
    let data = try Data(
      contentsOf: Repository.captures.appending(path: try #require(promise.states)))
    let changes = try JSONDecoder().decode([Change].self, from: data)
    var told: [Told] = []
    for tracked in replay.connections {
      for transition in tracked.transitions where transition.revokedBy == 0 {
        told.append(
          Told(
            time: Double(transition.time.nanoseconds) / 1e9,
            local: tracked.connection.name(transition.endpoint),
            remote: tracked.connection.name(
              tracked.connection.traits.contains(.isSelf)
                ? transition.endpoint : transition.endpoint.peer),
            from: "\(transition.from)", to: "\(transition.to)"))
      }
    }
    let sockets = Set(told.map(\.local))
    for change in changes
    where sockets.contains(change.local) && sockets.contains(change.remote)
      && !KernelRecordTests.isInvisible(change)
    {
      // The server's SYN-RECEIVED is a request without a socket; the tracepoint dates it late.
      let tolerance = change.to == "SYN-RECEIVED" ? 5.0 : 0.3
      let match = told.indices.filter {
        !told[$0].used && told[$0].local == change.local && told[$0].remote == change.remote
          && KernelRecordTests.agrees(told[$0], change)
          && abs(told[$0].time - change.time) <= tolerance
      }.min { abs(told[$0].time - change.time) < abs(told[$1].time - change.time) }
      if let match {
        told[match].used = true
      } else if !KernelRecordTests.excused(promise.capture, change) {
        Issue.record(
          "\(change.local) → \(change.remote): the kernel went \(change.from) → \(change.to) at \(change.time)"
        )
      }
    }
  }

  static func agrees(_ told: Told, _ change: Change) -> Bool {
    let idle: Set = ["CLOSED", "LISTEN"]
    return (told.from == change.from || (idle.contains(told.from) && idle.contains(change.from)))
      && (told.to == change.to || (idle.contains(told.to) && idle.contains(change.to)))
  }

  /// What the packets of a capture cannot tell, each with its reason.
  static func excused(_ capture: String, _ change: Change) -> Bool {
    switch capture {
    case "teardown/missing-final-ack/given-up.pcap",
      "teardown/fin-wait-2-orphan/look-alike.pcap":
      // LAST-ACK gives up in silence; to the packets the last ACK that passed may have ended it.
      change.from == "LAST-ACK"
    case "setup/accept-queue-overflow/dropped-syns.pcap":
      // Which of several ACKs and repetitions of data was the first to find room in the queue.
      change.local == "192.0.2.109:8080"
        && (change.to == "SYN-RECEIVED" || change.from == "SYN-RECEIVED")
    case "reuse/paws-rejected-reuse/capture.pcap", "reuse/paws-rejected-reuse/rfc1337.pcap":
      // The caller gave up and called again with the same ISS: to the packets a repeated SYN.
      change.to == "SYN-SENT"
    default:
      false
    }
  }
}
