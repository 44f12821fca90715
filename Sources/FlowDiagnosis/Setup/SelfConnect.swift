import PacketDecoding
public import TCPModel

/// A socket that has connected to itself.
public struct SelfConnect: ConnectionRule {
  public let id = "self-connect"
  public let title = "a socket connected to itself; the service it wanted was not there"
  public let group = RuleGroup.setup
  public let severity = Severity.error
  public let supersedes = ["simultaneous-open"]

  // Definition (RFC 9293 §3.5, figure 7, with one endpoint in both parts):
  // 1. Source and destination of the SYN are one address and one port.
  // 2. A SYN,ACK with the SYN's own sequence number acknowledges it; or, in a capture that began
  //    later, acknowledgments pass from that socket to itself.
  // What disproves it: a SYN alone. One from outside with a copied address (the "LAND" attack) is
  // never answered.

  public init() {}

  public var gate: ConnectionGate { ConnectionGate(all: [.isSelf]) }

  public func mayApply(to connection: Connection) -> Bool { connection.traits.contains(.isSelf) }

  public func examine(_ tracked: TrackedConnection, _ facts: CaptureFacts) -> [Finding] {
    let connection = tracked.connection
    let segments = tracked.segments.filter {
      $0.annotations.isDisjoint(with: [.captureDuplicate, .previousIncarnation, .invalidChecksum])
    }
    let syn = segments.first { $0.flags.intersection([.syn, .ack, .rst]) == .syn }
    let answer = segments.first { $0.flags.intersection([.syn, .ack, .rst]) == [.syn, .ack] }
    let acknowledgments = segments.filter {
      $0.flags.contains(.ack) && $0.flags.isDisjoint(with: [.syn, .rst])
    }
    let isOpened: Bool
    if let syn, let answer {
      isOpened = answer.sequence == syn.sequence && answer.acknowledgment == syn.sequence + 1
    } else {
      isOpened = syn == nil && acknowledgments.count >= 2
    }
    guard isOpened else { return [] }

    let socket = connection.name(.client)
    let port = connection.socket(.client).port
    var frames: [FrameRole] = []
    if let syn { frames.append(FrameRole(syn.frame, "SYN of \(socket) to itself")) }
    if let answer {
      frames.append(FrameRole(answer.frame, "SYN,ACK with the SYN's own sequence number"))
    }
    let data = segments.first { $0.length > 0 }
    if let first = acknowledgments.first {
      frames.append(FrameRole(first.frame, "its own acknowledgment"))
    }
    if let data, data.frame != acknowledgments.first?.frame {
      frames.append(FrameRole(data.frame, "data that comes back to its sender"))
    }
    frames.sort { $0.frame < $1.frame }

    let bytes = connection.client.payloadBytes
    let echo =
      bytes == 0
      ? "" : " and read back the \(ProofText.count(Int(clamping: bytes), "byte")) it wrote"
    let seen = frames.map(\.frame)
    let isEphemeral = 32_768...60_999 ~= port
    let summary =
      "\(socket) is connected to itself (\(ProofText.frames(seen))): its source port is the port "
      + "it called, so its SYN met its own socket instead of a server\(echo)."
    return [
      Finding(
        id: id, severity: .error, confidence: syn == nil ? .likely : .certain,
        connections: [connection.id], frames: frames,
        time: segments.last?.time ?? connection.lastTime, summary: summary,
        advice: isEphemeral
          ? "Nothing listened on port \(port), which lies in Linux's default ephemeral range "
            + "(32768-60999), so a loop of connect() will sooner or later be given it as its own "
            + "port: move the service below the range or add \(port) to "
            + "net.ipv4.ip_local_reserved_ports, and let the client close a connection whose two "
            + "ends are equal. As long as this one lives, the service cannot take its port."
          : "Nothing listened on port \(port); a program that binds its source port to the port it "
            + "calls, or an ephemeral range that contains \(port), leads to this: reserve the port "
            + "(net.ipv4.ip_local_reserved_ports), start the service before its callers, and let "
            + "the client close a connection whose two ends are equal.",
        values: [
          ("port", .integer(Int64(port))),
          ("in_default_ephemeral_range", .text(isEphemeral ? "yes" : "no")),
          ("bytes_echoed", .integer(Int64(clamping: bytes))),
          (
            "held_seconds",
            .seconds(
              connection.lastTime.nanoseconds(since: connection.firstTime).seconds)
          ),
        ],
        causeKey: socket)
    ]
  }
}
