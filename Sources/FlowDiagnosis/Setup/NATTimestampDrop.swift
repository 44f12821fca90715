/// A server that drops SYNs of an address because another host behind it has a newer clock.
public struct NATTimestampDrop: LedgerRule {
  static let id = "nat-timestamp-drop"
  public var id: String { NATTimestampDrop.id }
  public let title = "SYNs with an older timestamp than their address showed before are dropped"
  public let group = RuleGroup.setup
  public let severity = Severity.error
  public let supersedes = ["syn-unanswered"]

  // Definition (Linux before 4.12, tcp_tw_recycle: per-host PAWS), per address and listener:
  // 1. At least two attempts are never answered, and each has a TSval behind the newest of the
  //    answered ones of that address in the last 60 s.
  // 2. At least two are answered, each with a TSval at or ahead of it, some after unanswered ones.
  // 3. The TSvals of each group fit one clock; or there are four of each at least.
  // What disproves it: one answered SYN that lies behind, one unanswered SYN that does not. That
  // TSvals go back between ports is normal by itself: Linux adds a random offset per connection
  // since 4.10.

  public init() {}

  public var page: ExplanationPage {
    ExplanationPage(
      mechanism: [
        "PAWS (RFC 7323 §5) drops segments of one connection whose timestamp is older than the last. Linux with tcp_tw_recycle=1 extended it to whole addresses: it remembered the newest timestamp of each peer for a minute and silently dropped SYNs with an older one. For one host that holds; behind a NAT there are many hosts, each with its own clock, under one address.",
        "So the host whose clock is ahead always connects, and the others get no answer as long as it does. It looks like random loss: one laptop works, the one beside it does not. tcp_tw_recycle was removed in Linux 4.12, because since 4.10 every connection has its own random offset, so that even one host alone would be dropped. Balancers and firewalls that check the same still exist.",
      ],
      ladder: [
        "  A behind NAT  ---- SYN TSval=9000000 ----->",
        "                <--- SYN,ACK -----------------",
        "  B behind NAT  ---- SYN TSval=4000000 ----->  dropped: older",
        "                ---- SYN TSval=4001000 ----->  dropped",
        "  A behind NAT  ---- SYN TSval=9002000 ----->",
        "                <--- SYN,ACK -----------------",
      ],
      proof: [
        "Of one address's SYNs to one listener, exactly those behind the newest timestamp seen stay unanswered, and those ahead are answered, time and again.",
        "The TSvals lie on two or more lines, each the clock of one host.",
      ],
      lookAlikes: [
        "TSvals that jump back and forth between ports while all are answered: normal.",
        "syn-lost: an unanswered SYN that was ahead, or one that succeeds when repeated.",
        "paws-rejected-reuse: the same comparison within one 4-tuple in TIME-WAIT; there the server answers with an ACK.",
        "accept-queue-overflow and syn-flood drop whatever the timestamp.",
      ],
      confirmation: [
        .init(
          "sysctl net.ipv4.tcp_tw_recycle",
          "on the server: exists before Linux 4.12 only; 1 is the cause"),
        .init(
          "nstat -az TcpExtPAWSPassive",
          "on the server, before Linux 4.12: connections rejected for their timestamp"),
        .init("sysctl net.ipv4.tcp_timestamps", "on a caller: 0 there, and it connects: proof"),
      ],
      remedies: [
        "Set tcp_tw_recycle=0 on the server; upgrade. On balancers look for a timestamp or PAWS check and for connection recycling.",
        "If only the callers are yours: net.ipv4.tcp_timestamps=0 on them as a stopgap.",
      ],
      myths: [
        "tcp_tw_reuse is not the same and is harmless here: it concerns outgoing connections only.",
        "Adding NAT addresses spreads the damage, it does not end it.",
        "tcp_tw_recycle does not exist in current kernels; advice to set it is older than 2017.",
      ],
      references: [
        "RFC 7323 §5.3, appendix B.2", "RFC 6191 §2", "Linux 4.12: removal of tcp_tw_recycle",
      ])
  }
}
