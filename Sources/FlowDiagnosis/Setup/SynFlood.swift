/// A listener that gets far more SYNs than handshakes are completed.
public struct SynFlood: LedgerRule {
  static let id = "syn-flood"
  public var id: String { SynFlood.id }
  public let title = "a listener gets far more SYNs than are ever completed"
  public let group = RuleGroup.setup
  public let severity = Severity.error
  public let supersedes = ["handshake-never-completed", "syn-unanswered"]

  // Definition (RFC 4987 §2), per listener, over any ten seconds:
  // 1. at least 50 attempts that are never completed,
  // 2. more than four times as many as completed ones, and
  // 3. at least five of them answered by SYN,ACK without an ACK: the callers are silent or reset
  //    what they never asked for. Callers that are merely not answered are a host that is down.
  // Refused attempts and those answered by ICMP do not count. It is an error when callers that repeat
  // their SYN, and so mean to connect, get no answer meanwhile.

  public init() {}

  public var page: ExplanationPage {
    ExplanationPage(
      mechanism: [
        "Each SYN makes the listener keep a request until the handshake is complete or the repeated SYN,ACKs are given up, in Linux after 63 s. The place for them is limited by the listen() backlog (at most net.core.somaxconn) and net.ipv4.tcp_max_syn_backlog. SYNs that nobody means to complete, mostly from forged addresses, fill it, and honest callers get no answer.",
        "With SYN cookies (net.ipv4.tcp_syncookies=1, the default) a full listener answers on without keeping anything: what it must remember lies in the SYN,ACK's sequence number, and in its timestamp. Honest callers connect; a lost ACK is then not repaired by a repeated SYN,ACK, and without timestamps window scaling and SACK are given up.",
      ],
      ladder: [
        "  198.51.100.1  ---- SYN ------>  SYN-RECEIVED",
        "  198.51.100.2  ---- SYN ------>  SYN-RECEIVED",
        "  …                               queue full",
        "  honest        ---- SYN ------>  dropped (or a cookie)",
      ],
      proof: [
        "Over ten seconds, per listener: at least 50 attempts never completed and more than four times as many as completed, some of them answered by SYN,ACK.",
        "Callers that repeat their SYN in vain meanwhile are counted towards it.",
        "SYN,ACKs that are never repeated, though a second has passed, are cookies.",
      ],
      lookAlikes: [
        "A rush of honest callers: the handshakes complete, or accept-queue-overflow shows.",
        "A host that is down, or a filter: no SYN,ACK at all (syn-unanswered).",
        "A port scan: many ports, each called once.",
        "A capture that misses the callers' direction after the SYN (asymmetric routes at a mirror port).",
      ],
      confirmation: [
        .init("ss -Htn state syn-recv | wc -l", "on the server: half-open requests"),
        .init(
          "nstat -az TcpExtTCPReqQFullDrop TcpExtTCPReqQFullDoCookies",
          "on the server: SYNs dropped, or answered by cookies, because the queue was full"),
        .init(
          "nstat -az TcpExtSyncookiesSent TcpExtSyncookiesRecv TcpExtSyncookiesFailed",
          "cookies sent, and the ACKs that came back right or wrong"),
        .init(
          "journalctl -k | grep 'Possible SYN flooding'", "the kernel's own line, once per listener"
        ),
      ],
      remedies: [
        "Leave SYN cookies on. Raise the program's backlog, net.core.somaxconn and net.ipv4.tcp_max_syn_backlog together: the smallest counts.",
        "Filter upstream (RFC 2827 at the sources' networks); nftables' synproxy relieves a host behind a Linux firewall.",
      ],
      myths: [
        "Rate limits per address do not help against forged addresses, each of which is used once.",
        "tcp_syncookies=2 (always) is for tests; it costs options for callers without timestamps.",
        "tcp_abort_on_overflow and tcp_fin_timeout have nothing to do with half-open requests.",
      ],
      references: [
        "RFC 4987 §2, §3", "RFC 2827",
        "Linux Documentation/networking/ip-sysctl.rst: tcp_syncookies, tcp_max_syn_backlog",
      ])
  }
}
