"""Connection set-up: one SYN, one answer, and what becomes of them."""

import time

from lab import exchange, finish, receive
from matches import from_client, is_bare_ack, is_syn, is_syn_ack
from scenario import scenario
from segment import ACK, RST


@scenario("setup/self-connect", at="lo", topology="direct")
def self_connect(lab):
    """A program tries a local port again and again until the service is up. The port lies in the
    ephemeral range and nobody listens, so the kernel at last picks it as the source port: the SYN
    meets its own sender, a simultaneous open with oneself, and what is sent comes back."""
    lab.addresses.add("127.0.0.1")
    lab.client.sysctl(ip_local_port_range="50000 50003")
    lab.record()
    for attempt in range(200):
        one = lab.socket("client")
        try:
            one.connect(("127.0.0.1", 50002))
            break
        except ConnectionRefusedError:
            one.close()
    else:
        raise RuntimeError("two hundred attempts and no self-connect")
    one.sendall(b"PING\r\n")
    receive(one, 6)
    one.close()
    time.sleep(0.05)


@scenario("setup/self-connect", "look-alike", at="lo", topology="direct")
def self_connect_look_alike(lab):
    """Loopback connections of two sockets each: one between two ports of one address, one between
    the same port of two addresses. Ordinary."""
    lab.addresses.update(("127.0.0.1", "127.0.0.2"))
    for source, destination in ((("127.0.0.1", 50001), ("127.0.0.1", 50002)),
                                (("127.0.0.1", 50001), ("127.0.0.2", 50001))):
        listener = lab.socket("client", destination[1], destination[0])
        listener.listen()
        if lab.sniffer is None:
            lab.record()
        one = lab.socket("client", source[1], source[0])
        one.connect(destination)
        far = lab.accept(listener)
        exchange(one, far, 1)
        finish(one, far)
        listener.close()


def mix_up(segment):
    """As when a middlebox hands out the answer to another client's SYN."""
    value, echo = segment.timestamps
    segment.timestamps = (value, echo - 987_654_321)


@scenario("setup/synack-tsecr-mismatch", kind="rewritten", client="10.0.0.5", server="10.0.0.9")
def tsecr_mismatch(lab):
    """The path changes the TSecr of the first SYN/ACK to a value that the client never sent. The
    client's kernel answers RST with SEQ = ISS+1 and tries again when its timer runs out after one
    second; the second SYN/ACK is left alone."""
    listener = lab.listen(80)
    lab.wire.change(is_syn_ack, mix_up, times=1)
    lab.record()
    near, far = lab.open(listener, 40080)
    exchange(near, far)
    finish(near, far)


@scenario("setup/synack-tsecr-mismatch", "every-time", kind="rewritten")
def tsecr_mismatch_every_time(lab):
    """Every SYN/ACK comes back with a wrong TSecr: the client resets each and gives up
    (tcp_syn_retries=1, two linear time-outs)."""
    lab.client.sysctl(tcp_syn_retries=1, tcp_syn_linear_timeouts=2)
    lab.listen(443)
    lab.wire.change(is_syn_ack, mix_up)
    lab.record()
    lab.try_connect(443, 40443)


@scenario("setup/synack-tsecr-mismatch", "look-alike", kind="rewritten")
def tsecr_mismatch_look_alike(lab):
    """Two connections whose SYN/ACK does not echo the newest SYN, and both are fine: the first has
    TSecr 0, the second SYN/ACK is delayed beyond the client's time-out and so echoes the first of
    two SYNs."""
    listener = lab.listen(80)
    lab.record()

    def zero(segment):
        segment.timestamps = (segment.timestamps[0], 0)

    lab.wire.change(is_syn_ack, zero, times=1)
    near, far = lab.open(listener, 40180)
    exchange(near, far)
    finish(near, far)
    lab.wire.delay(is_syn_ack, 1.2, times=1)
    near, far = lab.open(listener, 40181)
    exchange(near, far)
    time.sleep(0.5)
    finish(near, far)


def two_callers(lab):
    """Sockets of two addresses that call one listener at the same time."""
    second = lab.client_address[:-1] + "6"
    lab.also("client", second)
    lab.wire.lag = {"client": 0.005, "server": 0.005}
    return [lab.socket("client", 40280 + number, address)
            for number, address in enumerate((lab.client_address, second))]


def call(lab, listener, sockets):
    """All of them call at once; when they have got through, each talks and closes."""
    lab.record()
    for one in sockets:
        one.setblocking(False)
        one.connect_ex((lab.server_address, 80))
    time.sleep(2.5)
    for _ in sockets:
        far = lab.accept(listener)
        near = next(one for one in sockets if one.getsockname() == far.getpeername())
        near.settimeout(20)
        exchange(near, far)
        finish(near, far)


@scenario("setup/synack-tsecr-mismatch", "two-callers", kind="rewritten", client="10.0.112.5",
          server="10.0.112.9")
def tsecr_mismatch_two_callers(lab):
    """Two callers at the same time, and a NAT that mixes their handshakes: the SYN/ACK to each echoes
    the TSval of the other one's SYN (exchanged here on the path). Both kernels answer RST and try
    again after a second, when the path leaves the answers alone."""
    listener = lab.listen(80)
    sockets = two_callers(lab)

    def exchanged(segment):
        other = next(one for one in lab.wire.seen
                     if one.names == "SYN" and one.source_port != segment.destination_port)
        segment.timestamps = (segment.timestamps[0], other.timestamps[0])

    lab.wire.change(is_syn_ack, exchanged, times=2)
    call(lab, listener, sockets)


@scenario("setup/synack-tsecr-mismatch", "look-alike-two-callers", client="10.0.113.5",
          server="10.0.113.9")
def tsecr_mismatch_two_callers_look_alike(lab):
    """Two callers at the same time, and the first SYN/ACK to each is lost: what comes later echoes
    the first of two SYNs, as it should."""
    listener = lab.listen(80)
    sockets = two_callers(lab)
    lab.wire.drop(is_syn_ack, times=2)
    call(lab, listener, sockets)


@scenario("setup/connection-refused", client="192.0.2.15", server="192.0.2.19")
def refused(lab):
    """Nobody listens on port 8443: the SYN is answered by RST,ACK with ACK = ISS+1."""
    lab.record()
    lab.try_connect(8443, 40843)


@scenario("setup/connection-refused", "look-alike", kind="rewritten")
def refused_look_alike(lab):
    """The first SYN is lost and a RST arrives whose ACK does not cover the SYN (forged here). It
    refuses nothing: the client's kernel ignores it, sends its SYN again and connects."""
    listener = lab.listen(8443)
    lab.record()

    def stray(segment):
        lab.wire.send("client", segment.answer(RST | ACK, 0, segment.seq + 50_001, window=0), 0.01)

    lab.wire.react(is_syn, stray, times=1, lose=True)
    near, far = lab.open(listener, 40844)
    exchange(near, far)
    finish(near, far)


@scenario("setup/syn-unanswered", client="192.0.2.25", server="192.0.2.29")
def unanswered(lab):
    """Every SYN is lost on the path. The client repeats it with the same ISS (tcp_syn_retries=2 and
    four linear time-outs) until connect() fails with ETIMEDOUT."""
    lab.client.sysctl(tcp_syn_retries=2)
    lab.listen(5432)
    lab.wire.drop(lambda s: True)
    lab.record()
    lab.try_connect(5432, 41432)


@scenario("setup/syn-unanswered", "look-alike")
def unanswered_look_alike(lab):
    """Two SYNs are lost, the third is answered: late, but answered."""
    listener = lab.listen(5432)
    lab.wire.drop(is_syn, times=2)
    lab.record()
    near, far = lab.open(listener, 41433)
    exchange(near, far)
    finish(near, far)


@scenario("setup/syn-lost", client="192.0.2.35", server="192.0.2.39")
def syn_lost(lab):
    """The first SYN is lost on the path. The SYN/ACK's TSecr is the TSval of the second SYN: the
    first never reached the server."""
    listener = lab.listen(443)
    lab.wire.drop(is_syn, times=1)
    lab.record()
    near, far = lab.open(listener, 42443)
    exchange(near, far)
    finish(near, far)


@scenario("setup/syn-lost", "look-alike")
def syn_lost_look_alike(lab):
    """Captured at the client, two SYNs and one SYN/ACK too; but its TSecr is the TSval of the first
    SYN: that one arrived, and the answer to it was lost."""
    listener = lab.listen(443)
    lab.wire.drop(is_syn_ack, times=1)
    lab.record()
    near, far = lab.open(listener, 42444)
    exchange(near, far)
    finish(near, far)


@scenario("setup/syn-ack-lost", client="192.0.2.45", server="192.0.2.49")
def syn_ack_lost(lab):
    """The first SYN/ACK is lost before the capture point (we sit at the client). The second has the
    first SYN's TSval as its TSecr, so the server had the request all along."""
    listener = lab.listen(443)
    lab.wire.drop(is_syn_ack, times=1)
    lab.record()
    near, far = lab.open(listener, 42445)
    exchange(near, far)
    finish(near, far)


@scenario("setup/syn-ack-lost", "at-server", at="server")
def syn_ack_lost_at_server(lab):
    """The same seen at the server: two SYN/ACKs pass and are lost, each followed by a SYN again."""
    listener = lab.listen(443)
    lab.wire.drop(is_syn_ack, times=2)
    lab.record()
    near, far = lab.open(listener, 42446)
    exchange(near, far)
    finish(near, far)


@scenario("setup/syn-ack-lost", "look-alike")
def syn_ack_lost_look_alike(lab):
    """A SYN is lost, its repetition is answered at once with the newest TSval: no SYN/ACK was lost."""
    listener = lab.listen(443)
    lab.wire.drop(is_syn, times=1)
    lab.record()
    near, far = lab.open(listener, 42447)
    exchange(near, far)
    finish(near, far)


@scenario("setup/handshake-ack-lost", client="192.0.2.55", server="192.0.2.59")
def handshake_ack_lost(lab):
    """A mail server speaks first, the client waits. The handshake's last ACK is lost beyond us, the
    server repeats its SYN/ACK after a second, and the client's next ACK completes the handshake."""
    listener = lab.listen(25)
    lab.wire.drop(from_client(is_bare_ack), times=1)
    lab.record()
    near = lab.connect(25, 42525)
    far = lab.accept(listener)
    far.sendall(b"220 mail.example.net ESMTP\r\n")
    receive(near, 28)
    exchange(near, far, request=b"QUIT\r\n", answer=b"221 Bye\r\n")
    finish(far, near)


@scenario("setup/handshake-ack-lost", "at-server", at="server", client="192.0.2.75",
          server="192.0.2.79")
def handshake_ack_lost_at_server(lab):
    """Captured at the server, in front of its own packet filter, which drops the handshake's last
    ACK: the network had delivered it. The repeated SYN/ACK repairs it."""
    lab.wire.lag = {"client": 0.005, "server": 0.005}
    lab.server.nft("""
        add table ip lossy
        add chain ip lossy input { type filter hook input priority 0; }
        add rule ip lossy input tcp dport 25 tcp flags == ack limit rate 1/hour burst 1 packets drop
    """)
    listener = lab.listen(25)
    lab.record()
    near = lab.connect(25, 42527)
    far = lab.accept(listener)
    far.sendall(b"220 mail.example.net ESMTP\r\n")
    receive(near, 28)
    exchange(near, far, request=b"QUIT\r\n", answer=b"221 Bye\r\n")
    finish(far, near)


@scenario("setup/handshake-ack-lost", "look-alike")
def handshake_ack_lost_look_alike(lab):
    """The network delivers the SYN/ACK twice, five milliseconds apart: a copy of one frame (same
    IP identification, same TSval), long before any retransmission timer. No ACK was lost."""
    listener = lab.listen(25)
    lab.wire.duplicate(is_syn_ack, 0.005, times=1)
    lab.record()
    near, far = lab.open(listener, 42526)
    far.sendall(b"220 mail.example.net ESMTP\r\n")
    receive(near, 28)
    exchange(near, far, request=b"QUIT\r\n", answer=b"221 Bye\r\n")
    finish(far, near)
