extension SynAckTsecrMismatch {
  public var page: ExplanationPage {
    ExplanationPage(
      mechanism: [
        "A SYN with timestamps carries the caller's clock (TSval); the SYN,ACK returns that very value (TSecr). A caller that receives a SYN,ACK whose TSecr it never sent must conclude that the answer was meant for somebody else, although ports and acknowledgment number fit.",
        "Linux checks this in SYN-SENT: a TSecr other than 0 must lie between the TSval of the attempt's first SYN and the present clock. Otherwise it answers RST with SEQ = the SYN,ACK's ACK, stays in SYN-SENT and sends the SYN again when its timer runs out, one second later. The RST kills the server's half-open connection, so the server makes a new one, with a new sequence number, for each SYN. If the wrong echo comes each time, it goes round until connect() times out.",
        "Sequence numbers that fit and a timestamp that does not mean that one box rewrote the one and not the other: a NAT or load balancer that mixes two handshakes on one port, a SYN proxy that answers with an old entry, or a firewall that randomises timestamps on the way out and does not restore them on the way back.",
      ],
      ladder: [
        "  SYN-SENT     ---- SYN seq=x TSval=100 ------------->  SYN-RECEIVED",
        "               <--- SYN,ACK ack=x+1 TSecr=999 --------",
        "  SYN-SENT     ---- RST seq=x+1 --------------------->  LISTEN",
        "   1 s later   ---- SYN seq=x TSval=1100 ------------>  SYN-RECEIVED",
        "               <--- SYN,ACK ack=x+1 TSecr=1100 -------",
        "  ESTABLISHED  ---- ACK ----------------------------->  ESTABLISHED",
      ],
      proof: [
        "The SYN,ACK's acknowledgment number covers the SYN, and its TSecr is outside the TSvals of all SYNs of the attempt.",
        "The caller's RST has the SYN,ACK's acknowledgment number as its sequence number, no ACK flag and no options.",
        "Where the caller whose TSval it is called the same listener in this capture, within a minute, it is named.",
      ],
      lookAlikes: [
        "TSecr 0 (some proxies, old Windows) is tolerated. So is the TSval of an earlier SYN of the attempt: then a SYN,ACK was lost or late.",
        "A SYN,ACK repeated after the handshake may echo the caller's third ACK, as may one in a capture that misses that ACK.",
        "synack-wrong-ack: the acknowledgment number is wrong; the caller's RST follows in the same way.",
        "rst-on-reuse: the answer to the SYN is a plain ACK of an old connection.",
      ],
      confirmation: [
        .init(
          "nstat -az TcpExtPAWSActive",
          "on the caller (Linux): grows by one with each such SYN,ACK it rejects"),
        .init(
          "nstat -az TcpExtTCPSynRetrans",
          "on the caller: grows by the SYNs it had to repeat"),
        .init(
          "tcpdump -nvi IFACE 'tcp[tcpflags] & tcp-syn != 0 and port PORT'",
          "on both sides of the suspect: the TSval of the SYN and the TSecr of the SYN,ACK, before and behind it (for IPv6 ip6[53] & 2 != 0)"
        ),
      ],
      remedies: [
        "Find the box: the TSecr is right on its server side and wrong on its client side. Update it, or turn off its TCP timestamp rewriting, SYN proxy or connection reuse.",
        "Behind a NAT, see that two inside hosts are never given the same outside port to one destination within a minute.",
      ],
      myths: [
        "tcp_tw_recycle has nothing to do with it and is gone since Linux 4.12; tcp_tw_reuse changes nothing here.",
        "Disabling timestamps at the caller makes the symptom disappear and the mixed handshakes stay; it also costs PAWS and exact round-trip times.",
      ],
      references: [
        "RFC 7323 §3.2 (TSecr of a SYN,ACK)", "RFC 9293 §3.10.7.3, first check (the answer by RST)",
        "Linux net/ipv4/tcp_input.c, tcp_rcv_synsent_state_process",
      ])
  }
}
