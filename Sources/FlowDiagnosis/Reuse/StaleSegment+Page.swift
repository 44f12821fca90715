extension StaleSegment {
  public var page: ExplanationPage {
    ExplanationPage(
      mechanism: [
        "Segments can be held up: by a route that loops, a queue, a retransmission of a lower layer. If the ports have been used again meanwhile, such a segment of the old connection meets the new one. TIME-WAIT exists to prevent this; it is skipped when a port is reused too soon.",
        "Old data is dropped by two checks: PAWS, when its TSval is older than the newest one received, and the window check, when its sequence number lies outside the receive window. Either way the receiver answers with a bare ACK. Without timestamps, old data whose number happens to lie in the window would be accepted as new.",
        "An old SYN that reaches the listener looks like a new call: it raises a SYN,ACK, and the host that is supposed to have called resets it.",
      ],
      ladder: [
        "  client                                        server",
        "  ESTABLISHED (new)                             ESTABLISHED (new)",
        "                  ---- data of the old one ->   PAWS or window: dropped",
        "                  <--- ACK (nothing new) ----",
        "",
        "  CLOSED          ---- old SYN (delayed) --->   LISTEN",
        "                  <--- SYN,ACK --------------   SYN-RECEIVED",
        "                  ---- RST seq=ISS+1 ------->   LISTEN",
      ],
      proof: [
        "Sequence and acknowledgment numbers fit the old incarnation and not the new one; the TSval is the old one.",
        "It passes after the new connection was accepted, and is answered by a bare ACK.",
      ],
      lookAlikes: [
        "An ordinary duplicate: numbers of the same incarnation, answered with a D-SACK.",
        "rst-on-reuse: the old segment comes before the new SYN is accepted, from an end that still holds the old connection.",
        "time-wait-assassination: the old segment meets TIME-WAIT, and a RST follows.",
        "A mirror port or capture on several interfaces shows copies at once, not seconds later.",
      ],
      confirmation: [
        .init("nstat -az TcpExtPAWSEstab", "on the receiver: segments dropped by PAWS"),
        .init(
          "nstat -az TcpExtTCPACKSkippedPAWS TcpExtTCPACKSkippedSeq",
          "answers to such segments that were left out for the rate limit (500 ms)"),
      ],
      remedies: [
        "Keep net.ipv4.tcp_timestamps=1 at both ends.",
        "Give ports their rest: no SO_LINGER 0, enough tcp_max_tw_buckets, NAT ports not reused within 60 s.",
      ],
      myths: [
        "tcp_tw_reuse is not the culprit: it demands timestamps, which protect against this."
      ],
      references: [
        "RFC 9293 §3.4.1", "RFC 9293 §3.5, figure 8", "RFC 7323 §5.2, §5.8", "RFC 1337",
      ])
  }
}
