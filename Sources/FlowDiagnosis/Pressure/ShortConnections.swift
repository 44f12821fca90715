import BlockStorage
import PacketDecoding
import TCPModel

/// Many tiny connections where one that stays open would do.
public struct ShortConnections: LedgerRule {
  static let id = "short-connections"
  public var id: String { ShortConnections.id }
  public let title = "many tiny connections that keep-alive or pooling would merge"
  public let group = RuleGroup.pressure
  public let severity = Severity.note

  // Definition:
  // 1. A connection is tiny when it is set up and closed, lasts 5 s at most, has 24 packets and
  //    16 KiB of payload at most.
  // 2. One caller makes 50 or more of them to one service, five seconds apart on average or less.
  // 3. Three of ten of their packets or more set up or tear down.

  private static let least = 50
  private static let pause: Int64 = 5 * Timers.second

  public init() {}

  /// The tiny connections of one caller.
  struct Count: BitwiseCopyable {
    private(set) var packets: UInt64 = 0
    private(set) var control: UInt64 = 0
    private(set) var payload: UInt64 = 0
    private(set) var handshakes: Int64 = 0
    private(set) var first = CaptureTime(nanoseconds: .max)
    private(set) var last = CaptureTime(nanoseconds: .min)
    private(set) var firstFrame = UInt64.max
    private(set) var lastFrame: UInt64 = 0
    private(set) var sample = ConnectionSample()

    @inline(__always)
    mutating func observe(_ connection: ConnectionBrief) {
      let packets = connection.client.packets &+ connection.server.packets
      let payload = connection.client.payloadBytes &+ connection.server.payloadBytes
      guard connection.opening == .handshake, connection.activeCloser != .none, packets <= 24,
        payload <= 16384,
        connection.lastTime.nanoseconds(since: connection.firstTime) <= 5_000_000_000
      else { return }
      self.packets &+= packets
      control &+= min(packets, ShortConnections.controlPackets(connection))
      self.payload &+= payload
      if connection.completionTime != .epoch {
        handshakes &+= max(0, connection.completionTime.nanoseconds(since: connection.firstTime))
      }
      if connection.firstTime < first { first = connection.firstTime }
      if last < connection.firstTime { last = connection.firstTime }
      firstFrame = min(firstFrame, connection.firstFrame)
      lastFrame = max(lastFrame, connection.firstFrame)
      sample.add(connection.id)
    }
  }

  /// Looks at the accounts.
  struct Notes {
    /// Pairs that get a finding of their own.
    private static let told = 20

    func conclude(_ parties: borrowing Parties) -> [Finding] {
      var pairs: [(caller: Caller, count: Count)] = []
      for account in parties.accounts.indices
      where parties.accounts[account].short.sample.count >= ShortConnections.least {
        let count = parties.accounts[account].short
        let span = count.last.nanoseconds(since: count.first)
        guard span / Int64(count.sample.count) <= ShortConnections.pause,
          count.control * 10 >= count.packets * 3
        else { continue }
        pairs.append((parties.caller(Int(parties.accounts[account].caller)), count))
      }
      pairs.sort { ($1.count.sample.count, $0.caller) < ($0.count.sample.count, $1.caller) }
      var findings = pairs.prefix(Notes.told).map {
        finding($0.caller, $0.count, $0.count.last.nanoseconds(since: $0.count.first))
      }
      if pairs.count > Notes.told {
        findings[0].summary += " \(pairs.count - Notes.told) pairs with fewer are left out."
      }
      return findings
    }

    private func finding(_ key: Caller, _ count: Count, _ span: Int64) -> Finding {
      let share = Int((100 * Double(count.control) / Double(max(1, count.packets))).rounded())
      let mean = Int64(count.payload) / Int64(count.sample.count)
      return Finding(
        id: ShortConnections.id, severity: .note, confidence: .certain,
        connections: count.sample.first,
        connectionCount: count.sample.count,
        frames: [
          FrameRole(count.firstFrame, "SYN of the first one"),
          FrameRole(count.lastFrame, "SYN of the last one"),
        ],
        time: count.last,
        summary:
          "\(key.client) made \(count.sample.count) tiny connections to \(key.listener.name) within "
          + "\(ProofText.duration(span)), \(mean) bytes of payload each on average: \(share) % of "
          + "their \(count.packets) packets only set up or tear down.",
        advice:
          "Let the program at \(key.client) keep its connections open (HTTP keep-alive, a "
          + "connection pool); that saves a round trip a request and the ports that each close "
          + "holds for a minute.",
        values: [
          ("connections", .integer(Int64(count.sample.count))),
          ("packets", .integer(Int64(clamping: count.packets))),
          ("control_packets", .integer(Int64(clamping: count.control))),
          ("payload_bytes", .integer(Int64(clamping: count.payload))),
          ("span_seconds", .seconds(span.seconds)),
        ],
        costSeconds: count.handshakes.seconds, causeKey: "\(key.client)>\(key.listener.name)")
    }
  }

  /// Packets that carry SYN, FIN or RST, the ACK of the handshake and the last ACK.
  @inline(__always)
  private static func controlPackets(_ connection: ConnectionBrief) -> UInt64 {
    var count = UInt64(connection.client.synCount) + UInt64(connection.server.synCount)
    count += UInt64(connection.client.finCount) + UInt64(connection.server.finCount)
    count += UInt64(connection.client.rstCount) + UInt64(connection.server.rstCount)
    if connection.completionTime != .epoch { count += 1 }
    if connection.client.finCount > 0, connection.server.finCount > 0 { count += 1 }
    return count
  }

  public var page: ExplanationPage {
    ExplanationPage(
      mechanism: [
        "A connection for each small request costs a round trip for the handshake, another for TLS, six packets or more that carry nothing, slow start from the beginning, and a port that stays in TIME-WAIT for a minute at the side that closes first.",
        "One connection that stays open carries the same requests with two packets each.",
      ],
      ladder: [
        "  client                                   server",
        "    --- SYN / SYN,ACK / ACK ------------>    3 packets, 1 round trip",
        "    --- request / answer --------------->    2 to 4 packets",
        "    --- FIN / FIN / ACK ---------------->    3 packets, then TIME-WAIT",
        "  and the same again for the next request",
      ],
      proof: [
        "Many connections of one pair of addresses to one port, each short and small, one after the other."
      ],
      lookAlikes: [
        "Health checks: rare, and short on purpose.",
        "A load test or a scanner: many connections are what it wants.",
        "syn-flood: the handshakes are not completed.",
      ],
      confirmation: [
        .init(
          "nstat -az TcpActiveOpens TcpPassiveOpens", "how fast they grow at caller and service"),
        .init("ss -tan state time-wait | wc -l", "what they leave behind"),
      ],
      remedies: [
        "HTTP: keep-alive on the client and on each proxy's upstream side (nginx: keepalive in the upstream block).",
        "Databases: a connection pool.",
        "TLS: session resumption where connections must be short.",
      ],
      myths: [
        "TCP keep-alive (SO_KEEPALIVE) is something else: it probes idle connections and merges nothing."
      ],
      references: ["RFC 9112 §9.3", "RFC 9293 §3.6"])
  }
}
