extension RSTOnReuse {
  public var page: ExplanationPage {
    ExplanationPage(
      mechanism: [
        "A connection is known by its two addresses and two ports. When a client calls again with the same four while the server still holds the previous connection, the SYN reaches that old socket, not the listener. The old socket cannot know what the SYN means: it answers with an ACK of its own numbers (RFC 5961 calls it a challenge ACK), or a FIN that it was repeating anyway arrives.",
        "The client has no such connection. In SYN-SENT an ACK that does not cover its SYN is unacceptable, so it answers RST with SEQ taken from that ACK. This is exactly the number the old socket waits for: it dies. The client's SYN is then repeated, finds the listener and connects. RFC 9293 §3.5.1 describes it as the recovery from a half-open connection; nothing is broken by it, but it takes time, and a connection the server believed in is gone.",
        "The server holds the old connection because it never learnt of its end: its final ACK was lost (LAST-ACK), the client crashed or its FIN or RST was lost (ESTABLISHED), or the program has not closed yet (CLOSE-WAIT). The client may reuse the port because it holds nothing any more: no TIME-WAIT (tcp_max_tw_buckets, SO_LINGER 0, reboot), or a NAT in between gave the port to somebody else.",
      ],
      ladder: [
        "  client                                        server",
        "  TIME-WAIT, or nothing                         LAST-ACK",
        "                  ---- ACK (final) ---X lost",
        "  SYN-SENT        ---- SYN seq=x ---------->    LAST-ACK",
        "                  <--- ACK seq=old ack=old --",
        "                  ---- RST seq=old -------->    CLOSED, LISTEN",
        "  SYN-SENT        ---- SYN seq=x ---------->    SYN-RECEIVED",
        "                  <--- SYN,ACK ack=x+1 ------",
        "  ESTABLISHED     ---- ACK ---------------->    ESTABLISHED",
      ],
      proof: [
        "The SYN is answered by a segment whose ACK is not ISS+1 but the old connection's RCV.NXT, its TSecr an old TSval.",
        "The client's RST carries SEQ = that ACK and no ACK flag.",
        "The same SYN (same sequence number) is then sent again, on Linux 5.6 and later within about 10 ms, before after 1 s, and gets its SYN,ACK.",
      ],
      lookAlikes: [
        "paws-rejected-reuse and reuse-refused-in-time-wait: the same five packets, but the old connection is in TIME-WAIT; timestamps or sequence numbers decide.",
        "synack-wrong-ack and synack-tsecr-mismatch: a SYN,ACK that the client resets; somebody answers for the server.",
        "connection-refused: a RST,ACK that covers the SYN. Nobody listens.",
        "accept-queue-overflow: the reset comes from the server, after the handshake.",
      ],
      confirmation: [
        .init(
          "nstat -az TcpExtTCPSYNChallenge TcpExtTCPChallengeACK",
          "on the server: TCPSYNChallenge grows by one for each SYN that met a synchronized connection"
        ),
        .init(
          "nstat -az TcpEstabResets",
          "on the server: TcpEstabResets grows when the old connection was ESTABLISHED or CLOSE-WAIT"
        ),
        .init(
          "ss -tan state last-ack state close-wait state established dst CLIENT",
          "on the server, before the call: the old connection with the client's port"),
        .init(
          "nstat -az TcpExtTCPTimeWaitOverflow",
          "on the client: TIME-WAIT was refused for tcp_max_tw_buckets, so ports come free too early"
        ),
      ],
      remedies: [
        "LAST-ACK: find what loses the final ACK, often a firewall that closes its state at the second FIN; and let the client keep its TIME-WAIT: raise tcp_max_tw_buckets, remove SO_LINGER 0.",
        "ESTABLISHED: TCP keepalive or TCP_USER_TIMEOUT on the server, so that it notices dead clients; behind a NAT, a port pool large enough not to be reused within minutes.",
        "CLOSE-WAIT: make the server program close its sockets at end of file.",
        "A client that binds a fixed source port meets this each time: let the kernel choose the port.",
      ],
      myths: [
        "tcp_tw_recycle would not help and is gone since Linux 4.12; it broke clients behind NAT.",
        "tcp_tw_reuse concerns the caller's own TIME-WAIT; here the other end holds the connection.",
        "Dropping the strange ACK or the RST in a firewall makes it worse: the old connection then stays until its timers end, and every SYN meets it.",
      ],
      references: [
        "RFC 9293 §3.5.1", "RFC 9293 §3.10.7.3, first check", "RFC 9293 §3.10.7.4, fourth check",
        "RFC 5961 §4.2", "Linux 5.6: tcp: Reduce SYN resend delay if a suspicous ACK is received",
      ])
  }
}
