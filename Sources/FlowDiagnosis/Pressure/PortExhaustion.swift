import PacketDecoding
import TCPModel

/// A caller runs through all ports it has towards one service.
public struct PortExhaustion: LedgerRule {
  static let id = "port-exhaustion"
  public var id: String { PortExhaustion.id }
  public let title = "a caller runs out of local ports towards one service"
  public let group = RuleGroup.pressure
  public let severity = Severity.warning
  public let supersedes = ["time-wait-pileup", "short-connections"]

  // Definition (RFC 6056 §2, §3; RFC 9293 §3.6.1):
  // 1. The connections of one caller to one service come from a set of at least eight ports that
  //    fills its span: four of five numbers between the lowest and the highest (or of those with
  //    the same parity, for connect() of Linux prefers one).
  // 2. Ports come back within 75 s of the end of their last connection, a quarter of the set at
  //    least and four times at least.
  // What disproves it: ports all over a wide range, none of them used twice.

  private static let leastPorts = 8
  private static let soon: Int64 = 75 * Timers.second
  private static let expiry = (58 * Timers.second)...(68 * Timers.second)

  public init() {}

  /// Looks at the calls of each caller.
  struct Notes {
    func conclude(_ parties: borrowing Parties, _ calls: borrowing CallLog) -> [Finding] {
      var known: [UInt64] = []
      return parties.callers.numbers
        .filter { number in
          let list = parties.callers[number].calls
          return list.handshakes >= 12
            && Int(list.handshakes) - ports(of: list, calls, &known) >= 4
        }
        .map { (caller: parties.caller($0), list: parties.callers[$0].calls) }
        .sorted { $0.caller < $1.caller }
        .compactMap { finding($0.caller, calls.sorted($0.list) { $0.isHandshake }) }
    }

    /// How many ports the connections of a caller came from.
    ///
    /// - Parameter known: Room for a bit for each port, all 0 before and after.
    private func ports(of list: CallList, _ calls: borrowing CallLog, _ known: inout [UInt64])
      -> Int
    {
      if known.isEmpty { known = Array(repeating: 0, count: 1024) }
      var count = 0
      calls.forEach(of: list) { call in
        let bit: UInt64 = 1 << UInt64(call.callerPort & 63)
        if call.isHandshake, known[Int(call.callerPort >> 6)] & bit == 0 {
          known[Int(call.callerPort >> 6)] |= bit
          count += 1
        }
      }
      calls.forEach(of: list) { known[Int($0.callerPort >> 6)] = 0 }
      return count
    }

    private func finding(_ key: Caller, _ notes: [CallNote]) -> Finding? {
      guard notes.count >= 12 else { return nil }
      var last: [UInt16: CallNote] = [:]
      var reuses: [(old: CallNote, new: CallNote, pause: Int64)] = []
      for note in notes {
        if let old = last[note.callerPort] {
          let pause = note.start.nanoseconds(since: old.end)
          if pause > 0, pause <= PortExhaustion.soon { reuses.append((old, note, pause)) }
        }
        last[note.callerPort] = note
      }
      guard let lowest = last.keys.min(), let highest = last.keys.max(),
        last.count >= PortExhaustion.leastPorts, reuses.count >= max(4, last.count / 4),
        fills(last.keys, lowest, highest)
      else { return nil }
      let atExpiry = reuses.filter { PortExhaustion.expiry.contains($0.pause) }.count
      let pauses = reuses.map(\.pause).sorted()
      let sample = Set(reuses.flatMap { [$0.old.id, $0.new.id] }).sorted()
      let first = reuses[0]
      let again = reuses[reuses.count - 1]
      var frames = [
        FrameRole(first.old.frame, "SYN from port \(first.old.callerPort)"),
        FrameRole(first.new.frame, "the same port again"),
      ]
      if again.new.frame != first.new.frame {
        frames.append(FrameRole(again.new.frame, "the last reuse, port \(again.new.callerPort)"))
      }
      let shortest = ProofText.duration(pauses[0])
      let longest = ProofText.duration(pauses[pauses.count - 1])
      let range = shortest == longest ? shortest : "\(shortest) to \(longest)"
      let reading =
        atExpiry * 2 >= reuses.count
        ? "as soon as TIME-WAIT let go of them" : "within TIME-WAIT's minute"
      return Finding(
        id: PortExhaustion.id, severity: .warning,
        confidence: atExpiry * 2 >= reuses.count ? .likely : .possible,
        connections: Array(sample.prefix(10)), connectionCount: notes.count, frames: frames,
        time: again.new.start,
        summary:
          "\(key.client) has only \(last.count) ports (\(lowest)-\(highest)) in use towards "
          + "\(key.listener.name) and takes them again \(reading): \(reuses.count) of \(notes.count) "
          + "connections came \(range) after the end of the one before on their port, first frame "
          + "\(first.new.frame). With all of them taken, connect() fails without a packet.",
        advice:
          "Keep connections open and use them again (pool, keep-alive); else widen "
          + "net.ipv4.ip_local_port_range at \(key.client), add source or destination addresses, "
          + "or set net.ipv4.tcp_tw_reuse=1 there.",
        values: [
          ("ports", .integer(Int64(last.count))), ("lowest_port", .integer(Int64(lowest))),
          ("highest_port", .integer(Int64(highest))),
          ("connections", .integer(Int64(notes.count))),
          ("reuses", .integer(Int64(reuses.count))),
          ("reuses_at_expiry", .integer(Int64(atExpiry))),
          ("shortest_pause_seconds", .seconds(pauses[0].seconds)),
          ("median_pause_seconds", .seconds(pauses[pauses.count / 2].seconds)),
        ],
        causeKey: "\(key.client)>\(key.listener.name)")
    }

    private func fills(
      _ ports: Dictionary<UInt16, CallNote>.Keys, _ lowest: UInt16, _ highest: UInt16
    ) -> Bool {
      let span = Int(highest) - Int(lowest) + 1
      if ports.count * 5 >= span * 4 { return true }
      return ports.allSatisfy { $0 & 1 == lowest & 1 } && ports.count * 10 >= span * 4
    }
  }

  public var page: ExplanationPage {
    ExplanationPage(
      mechanism: [
        "A connection is named by two addresses and two ports. A caller that connects to one address and port again and again can vary one of the four only: its own port, out of net.ipv4.ip_local_port_range (32768 to 60999 by default, 28232 ports). When it also closes first, each port stays in TIME-WAIT for 60 s after its connection.",
        "So at most about 470 new connections a second can go on from one address to one service. Beyond that connect() fails with EADDRNOTAVAIL (\"Cannot assign requested address\") and nothing is seen on the wire: only the ports coming back the moment their minute is over give it away.",
      ],
      ladder: [
        "  client port 50000  --- SYN … FIN ---->    0.0 s",
        "  client port 50001  --- SYN … FIN ---->    0.1 s",
        "   …                                        all ports in TIME-WAIT",
        "  connect(): EADDRNOTAVAIL                  no packet at all",
        "  client port 50000  --- SYN ---------->   60.1 s, the same port",
      ],
      proof: [
        "The ports towards one service fill a narrow range without holes.",
        "Ports come back about 60 s after their last connection ended, again and again.",
      ],
      lookAlikes: [
        "A NAT with few ports for a customer: the same picture, and the same shortage, at the NAT.",
        "A program that binds its source ports itself in turn: ports come back on a schedule of its own.",
        "time-wait-pileup: many ports are held, but there are enough of them.",
      ],
      confirmation: [
        .init("ss -tan state time-wait dst ADDRESS | wc -l", "near the size of the range"),
        .init(
          "sysctl net.ipv4.ip_local_port_range net.ipv4.ip_local_reserved_ports",
          "the ports there are"),
        .init("strace -f -e trace=connect -p PID", "connect() = -1 EADDRNOTAVAIL"),
        .init("nstat -az TcpExtTWRecycled", "ports that tcp_tw_reuse took out of TIME-WAIT"),
      ],
      remedies: [
        "A connection pool or keep-alive: the cure.",
        "More addresses at either end: each pair has ports of its own.",
        "net.ipv4.ip_local_port_range wider; net.ipv4.tcp_tw_reuse=1 with timestamps.",
        "A program that binds a source address should set IP_BIND_ADDRESS_NO_PORT (Linux 4.2 and later), or its ports are taken for all destinations at once.",
      ],
      myths: [
        "tcp_fin_timeout does not shorten TIME-WAIT; tcp_tw_recycle is gone since Linux 4.12.",
        "More file descriptors (ulimit -n) do not help: ports are short, not descriptors.",
        "SO_LINGER with 0 avoids TIME-WAIT by resetting each connection: data may be lost, and late segments may enter the next connection.",
      ],
      references: ["RFC 6056 §2", "RFC 9293 §3.6.1", "RFC 6191 §2", "ip(7)"])
  }
}
