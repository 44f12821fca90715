extension AcceptQueueOverflow {
  public var page: ExplanationPage {
    ExplanationPage(
      mechanism: [
        "The kernel completes handshakes by itself and puts the new connections into the listener's accept queue, from which the program takes them by accept(). The queue holds as many as listen() asked for, at most net.core.somaxconn (4096 since Linux 5.4, 128 before). When the program does not keep up it fills.",
        "With the queue full and tcp_abort_on_overflow=0, the default, Linux drops the ACK that would complete a handshake and stays in SYN-RECEIVED. The caller is ESTABLISHED by then: connect() has returned and its request is on the way. The server drops that too, repeats its SYN,ACK at 1, 3, 7 … s, and takes the connection with whatever arrives once there is room. When the request expires first (tcp_synack_retries), the next data is answered by RST: the caller sees a connection that stood and was then reset without a byte.",
        "With tcp_abort_on_overflow=1 the ACK is answered by RST at once. While the queue is full Linux also drops new SYNs: those to the same listener that go unanswered meanwhile are counted towards this.",
      ],
      ladder: [
        "  SYN-SENT     ---- SYN ------------------>  SYN-RECEIVED",
        "  ESTABLISHED  <--- SYN,ACK ---------------",
        "               ---- ACK ------------------>  queue full: dropped",
        "               ---- data ----------------->  dropped",
        "   1 s         <--- SYN,ACK ---------------  the same again",
        "               ---- ACK, data ------------>  dropped",
        "   3 s         <--- SYN,ACK ---------------  …",
        "               ---- data ----------------->  request expired",
        "  CLOSED       <--- RST seq=ISN+1 ----------",
      ],
      proof: [
        "The SYN,ACK passes again by its timer, with its first TSecr, although ACKs and data of the caller, three in all or more, had passed longer than a round trip before; or two had, and the server never goes on. Just three, and the server goes on: possible, for three losses in a row look the same.",
        "Or a RST without ACK flag and with SEQ = the server's ISN+1 follows the handshake's ACK within a round trip.",
        "Or, behind SYN cookies, the ACK and the data that follows it are ignored for two seconds and three repetitions or more, while no SYN,ACK is repeated: possible at most, for nothing of it is the server's own.",
      ],
      lookAlikes: [
        "handshake-ack-lost: one or two ACKs missed, then it completes. A queue that was full for a moment looks just so.",
        "A path that holds segments up for a second (a full buffer): the server's later segments echo the TSval of what it seemed to ignore.",
        "Loss of everything in the caller's direction beyond the capture looks the same to the end; the server's counters decide.",
        "Behind SYN cookies there is no request to repeat: a way that is cut after the SYN,ACK looks the same.",
        "TCP_DEFER_ACCEPT: the bare ACK is dropped by intention, but the first data is taken.",
        "connection-refused: the RST answers the SYN and has the ACK flag.",
        "syn-flood: the queue of half-open requests is full, not that of completed ones.",
      ],
      confirmation: [
        .init(
          "ss -ltn",
          "on the server: Recv-Q is the accept queue's length, Send-Q its limit; full when Recv-Q exceeds Send-Q"
        ),
        .init(
          "nstat -az TcpExtListenOverflows TcpExtListenDrops",
          "on the server: ListenOverflows grows with every ACK or SYN dropped for it"),
        .init(
          "nstat -az TcpExtTCPReqQFullDrop",
          "on the server: standing still tells it from a full queue of half-open requests"),
        .init("sysctl net.core.somaxconn net.ipv4.tcp_abort_on_overflow", "the limit and the mode"),
      ],
      remedies: [
        "Find why the program does not accept: a blocked event loop, too few workers, EMFILE in accept(), a long pause of the garbage collector, a stopped process.",
        "Raise both the program's backlog (listen()'s argument) and net.core.somaxconn; the smaller counts. A program must call listen() again to take a new value.",
        "Spread the load: more processes with SO_REUSEPORT, each with a queue of its own.",
      ],
      myths: [
        "tcp_max_syn_backlog does not enlarge the accept queue.",
        "tcp_abort_on_overflow=1 cures nothing: callers fail at once instead of waiting for the moment at which there is room.",
        "SYN cookies do not help; they are about half-open requests.",
      ],
      references: [
        "RFC 9293 §3.10.7.4 (SYN-RECEIVED)",
        "Linux Documentation/networking/ip-sysctl.rst: somaxconn, tcp_abort_on_overflow, tcp_synack_retries",
        "Linux listen(2), accept(2)",
      ])
  }
}
