/// A path on which TCP options vanish that both ends use elsewhere.
public struct OptionsStripped: LedgerRule {
  static let id = "options-stripped"
  public var id: String { OptionsStripped.id }
  public let title = "options that both ends use elsewhere vanish on one path"
  public let group = RuleGroup.setup
  public let severity = Severity.note

  // Definition (RFC 7323 §1.3, RFC 2018 §2), per caller's address and listener:
  // 1. An option (timestamps, SACK permitted, window scale) is in none of the SYN,ACKs of completed
  //    handshakes, and in all of the SYNs or in none of them.
  // 2. The caller agrees on it with another listener, and the listener with another caller, in the
  //    same capture.
  // A host that has it switched off has it switched off for all.

  public init() {}

  public var page: ExplanationPage {
    ExplanationPage(
      mechanism: [
        "Timestamps, SACK and window scaling hold only if both SYNs offer them. A box on the way that clears options from SYNs, often one that normalises TCP or a SYN proxy, makes both ends believe that the other cannot do it. Nothing fails: the connection merely recovers from loss more slowly, keeps windows of 64 KiB at most and has no PAWS.",
        "One capture proves it when it sees the same two hosts with others: each uses the option there, and not with each other.",
      ],
      ladder: [
        "  C  ---- SYN (TS, SACK, WS) --[box]-- SYN (WS) --->  S",
        "     <--- SYN,ACK (WS) ------------------------------",
      ],
      proof: [
        "All handshakes of the pair come without the option, while the caller agrees on it with another listener and the listener with another caller."
      ],
      lookAlikes: [
        "A server with net.ipv4.tcp_timestamps=0 or tcp_sack=0 answers everybody without.",
        "SYN cookies: a flooded Linux listener drops SACK and window scaling for callers without timestamps.",
        "A balancer with different hosts behind one address may differ from caller to caller.",
      ],
      confirmation: [
        .init(
          "tcpdump -nvi IFACE 'tcp[tcpflags] & tcp-syn != 0 and host ADDRESS'",
          "on both sides of the box: the options of the same SYN (for IPv6 ip6[53] & 2 != 0)"),
        .init("ss -tni", "on either host: ts, sack and wscale are listed where they were agreed"),
        .init(
          "sysctl net.ipv4.tcp_timestamps net.ipv4.tcp_sack net.ipv4.tcp_window_scaling",
          "on both hosts: 1"),
      ],
      remedies: [
        "Let the box pass these options (on most it is a normaliser or scrub setting)."
      ],
      myths: ["Larger socket buffers do not help while the window cannot be scaled."],
      references: ["RFC 7323 §1.3, §2.2, §3.2", "RFC 2018 §2", "RFC 9293 §3.2"])
  }
}
