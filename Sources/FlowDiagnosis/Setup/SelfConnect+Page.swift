extension SelfConnect {
  public var page: ExplanationPage {
    ExplanationPage(
      mechanism: [
        "connect() to a port of the own host needs a source port too. When the destination port lies in the ephemeral range and nobody holds it, the kernel may pick just that port as the source. The SYN then leaves a socket whose address and port are those it is sent to, and the loopback interface hands it to that very socket.",
        "A socket in SYN-SENT that receives a SYN without ACK must treat it as a simultaneous open: it goes to SYN-RECEIVED, answers SYN,ACK, receives that as well and is ESTABLISHED. No server took part. connect() reports success, and every byte written can be read back.",
        "It takes a loop: one attempt hits with a chance of one in some ten thousand, but a program that retries every few milliseconds until its service is up gets there. From then on the client holds the service's port, and the service may fail to start with EADDRINUSE.",
      ],
      ladder: [
        "  connect(127.0.0.1:50002), source port 50002 chosen",
        "  SYN-SENT      ---- SYN seq=x ---->      to itself",
        "  SYN-RECEIVED  ---- SYN,ACK seq=x ack=x+1 ---->",
        "  ESTABLISHED   ---- ACK ---->            connect() = 0",
        "                ---- data ---->           read() returns it",
      ],
      proof: [
        "Source address and port equal destination address and port.",
        "The SYN,ACK has the sequence number of the SYN: one initial sequence number, because there is one socket.",
      ],
      lookAlikes: [
        "A loopback connection between two ports of one address, or one port of two addresses (127.0.0.1 and 127.0.0.2), is ordinary.",
        "A SYN alone with equal ends that arrives from a network is a forgery (LAND); hosts drop it, and no SYN,ACK follows.",
        "simultaneous-open: the same states, but two sockets and two initial sequence numbers.",
      ],
      confirmation: [
        .init(
          "ss -Htan state established | awk '$3 == $4'",
          "lists the sockets connected to themselves: local and peer are equal"),
        .init(
          "sysctl net.ipv4.ip_local_port_range net.ipv4.ip_local_reserved_ports",
          "whether the service's port lies in the range and is not reserved"),
      ],
      remedies: [
        "Give services ports below the ephemeral range (Linux default 32768-60999), or reserve theirs: sysctl -w net.ipv4.ip_local_reserved_ports=PORT. Reserved ports are still free for an explicit bind().",
        "In the client, compare getsockname() with getpeername() after connect() and close when they are equal; wait between attempts.",
        "Start the service first, or let a supervisor hold its listening socket (socket activation).",
      ],
      myths: [
        "SO_REUSEADDR in the client does not prevent it; nor does a longer listen backlog: there is no listener.",
        "An odd service port only helps by accident: Linux prefers even source ports for connect() with the default range, but takes odd ones when it finds no even one free.",
      ],
      references: [
        "RFC 9293 §3.5, figure 7 (simultaneous open)", "RFC 9293 §3.10.7.3, fourth check",
      ])
  }
}
