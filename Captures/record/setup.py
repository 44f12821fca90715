"""Connection set-up: group A of the catalogue."""

import contextlib
import threading
import time

from lab import abort, exchange, finish, receive
from matches import from_client, from_server, is_bare_ack, is_syn, is_syn_ack, port
from scenario import scenario
from segment import ACK, RST, SYN, Segment


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


def burst(lab, abort_on_overflow):
    """Three clients fill all but one place of a listener's queue; then three more come at once.

    The queue holds four (backlog 3). A burst beyond the backlog would be answered with SYN cookies
    instead, and that looks otherwise.
    """
    lab.server.sysctl(tcp_abort_on_overflow=abort_on_overflow, tcp_synack_retries=2)
    lab.wire.lag = {"client": 0.005, "server": 0.005}
    lab.listen(8080, backlog=3)
    lab.record()
    for number in range(3):
        lab.connect(8080, 43000 + number)
    sockets = [lab.socket("client", 43010 + number) for number in range(3)]
    for one in sockets:
        one.setblocking(False)
        one.connect_ex((lab.server_address, 8080))
    time.sleep(0.05)
    for one in sockets:
        with contextlib.suppress(OSError):
            one.send(b"GET / HTTP/1.1\r\n\r\n")


@scenario("setup/accept-queue-overflow", client="192.0.2.65", server="192.0.2.69")
def accept_queue_overflow(lab):
    """The program does not accept, and the listener's queue has one place left when three clients
    come at once. For two of them the server ignores ACK and data and repeats its SYN/ACK with the
    first TSecr; when the request has expired (tcp_synack_retries=2), their data is answered by RST."""
    burst(lab, 0)
    time.sleep(15)


@scenario("setup/accept-queue-overflow", "abort")
def accept_queue_overflow_abort(lab):
    """The same with tcp_abort_on_overflow=1: right after the handshake's ACK a RST with SEQ = the
    server's ISN+1."""
    burst(lab, 1)
    time.sleep(1)


@scenario("setup/accept-queue-overflow", "look-alike")
def accept_queue_overflow_look_alike(lab):
    """The program accepts as late, three seconds, but the queue has room: the kernel acknowledges
    the requests meanwhile, no SYN/ACK is repeated. Slow, not full."""
    listener = lab.listen(8080, backlog=16)
    lab.record()
    sockets = [lab.connect(8080, 43100 + number) for number in range(4)]
    for one in sockets:
        one.sendall(b"GET / HTTP/1.1\r\n\r\n")
    time.sleep(3)
    for one in sockets:
        far = lab.accept(listener)
        receive(far, 18)
        far.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")
        finish(far, one)


@scenario("setup/host-unreachable", topology="router", client="10.1.0.5", server="203.0.113.9")
def host_unreachable(lab):
    """The router has no way to 203.0.113.77 and answers the SYN with ICMP host unreachable."""
    lab.router.ip("route", "add", "unreachable", "203.0.113.77/32")
    lab.record()
    lab.try_connect(443, 43443, to="203.0.113.77")


@scenario("setup/host-unreachable", "prohibited", topology="router", client="10.2.0.5",
          server="203.0.113.19")
def host_prohibited(lab):
    """A firewall on the router rejects the SYN with ICMP, communication administratively
    prohibited."""
    lab.router.nft("""
        add table ip filter
        add chain ip filter forward { type filter hook forward priority 0; }
        add rule ip filter forward tcp dport 25 reject with icmp type admin-prohibited
    """)
    lab.record()
    lab.try_connect(25, 43025)


@scenario("setup/host-unreachable", "ipv6", topology="router", client="2001:db8:1::5",
          server="2001:db8:2::9")
def host_unreachable_ipv6(lab):
    """The same over IPv6: ICMPv6 destination unreachable, from the router."""
    lab.router.ip("-6", "route", "add", "unreachable", "2001:db8:2::77/128")
    lab.record()
    lab.try_connect(443, 43443, to="2001:db8:2::77")


@scenario("setup/host-unreachable", "look-alike", topology="router", client="10.3.0.5",
          server="203.0.113.29")
def host_unreachable_look_alike(lab):
    """The connection stands when the route fails for a moment: ICMP host unreachable quotes a data
    segment, which is no answer to a SYN. The data is repeated, the route is back, all well."""
    listener = lab.listen(443)
    lab.record()
    near, far = lab.open(listener, 43444)
    exchange(near, far)
    time.sleep(0.1)
    lab.router.ip("route", "add", "unreachable", "203.0.113.29/32")
    near.sendall(b"GET /2 HTTP/1.1\r\n\r\n")
    time.sleep(0.1)
    lab.router.ip("route", "del", "unreachable", "203.0.113.29/32")
    receive(far, 19)
    exchange(near, far)
    finish(near, far)


def forged_syn(lab, source, source_port, seq, to_port):
    """A SYN as a stranger would send it."""
    lab.wire.send("server", Segment(
        source, source_port, lab.server_address, to_port, SYN, seq, window=64240, ip_id=seq % 65521,
        options=[(2, b"\x05\xb4"), (4, b""), (8, (seq // 3).to_bytes(4, "big") + bytes(4)), (1, b""),
                 (3, b"\x07")],
        ethernet=lab.ethernet))


@scenario("setup/handshake-never-completed", kind="rewritten", at="server")
def handshake_never_completed(lab):
    """A SYN with a forged source address: the server's SYN/ACK goes to a host that never asked and
    ignores it, and is repeated to the end (tcp_synack_retries=3). A later connection shows that the
    capture went on."""
    lab.server.sysctl(tcp_synack_retries=3)
    lab.spoofed_route("198.51.100.0/24")
    lab.listen(80)
    lab.record()
    forged_syn(lab, "198.51.100.77", 44321, 0x2A3B4C5D, 80)
    time.sleep(16)
    lab.later()


@scenario("setup/handshake-never-completed", "look-alike", kind="rewritten", at="server")
def handshake_never_completed_look_alike(lab):
    """A port scan: SYN, SYN/ACK, and the scanner resets. Never completed either, but the server got
    an answer at once and repeats nothing."""
    lab.listen(80)
    lab.record()
    for number in range(3):
        forged_syn(lab, lab.client_address, 44400 + number, 0x11223344 + number * 7919, 80)
        time.sleep(0.2)


@scenario("setup/syn-flood", kind="rewritten", at="server", snaplen=80)
def syn_flood(lab):
    """Three hundred SYNs with forged source addresses within a second, SYN cookies off, a backlog
    of 64. An honest client's SYNs go unanswered in between; one before the flood connects."""
    lab.server.sysctl(tcp_syncookies=0, tcp_max_syn_backlog=64, tcp_synack_retries=3)
    flood(lab)


@scenario("setup/syn-flood", "cookies", kind="rewritten", at="server", snaplen=80)
def syn_flood_cookies(lab):
    """The same with SYN cookies: every SYN is answered, the honest client connects."""
    lab.server.sysctl(tcp_max_syn_backlog=64, tcp_synack_retries=1)
    flood(lab)


def flood(lab):
    """A connection, the flood, and in its midst a client that the server has not met before (known
    ones have a reserved place)."""
    lab.spoofed_route("198.18.0.0/15")
    stranger = lab.client_address[:-1] + "7"
    lab.also("client", stranger)
    listener = lab.listen(80, backlog=64)
    lab.record()
    near, far = lab.open(listener, 45000)
    exchange(near, far)
    finish(near, far)
    for number in range(300):
        forged_syn(lab, f"198.18.{number % 7}.{number * 37 % 250 + 1}", 1024 + number * 211 % 60000,
                   (number * 2654435761) % 2**32, 80)
        time.sleep(0.003)
        if number == 150:
            waiter = threading.Thread(target=lab.try_connect, args=(80, 45001),
                                      kwargs={"timeout": 1.5, "source": stranger})
            waiter.start()
    waiter.join()
    time.sleep(0.5)


@scenario("setup/syn-flood", "look-alike", at="server", snaplen=80)
def syn_flood_look_alike(lab):
    """A burst of sixty honest connections: as many SYNs a second, and every handshake
    completes."""
    listener = lab.listen(80, backlog=128)
    lab.record()
    for number in range(60):
        near, far = lab.open(listener, 46000 + number)
        exchange(near, far, pause=0)
        near.close()
        far.close()


@scenario("setup/synack-wrong-ack", kind="rewritten", client="192.0.2.75", server="192.0.2.79")
def synack_wrong_ack(lab):
    """The path changes the ACK number of the first SYN/ACK, as a NAT or an old firewall that mixes
    two handshakes up. The client answers RST with SEQ = that number, and its next SYN connects."""
    listener = lab.listen(80)

    def shift(segment):
        segment.ack = (segment.ack + 7_654_321) % 2**32

    lab.wire.change(is_syn_ack, shift, times=1)
    lab.record()
    near, far = lab.open(listener, 46080)
    exchange(near, far)
    finish(near, far)


@scenario("setup/synack-wrong-ack", "look-alike")
def synack_wrong_ack_look_alike(lab):
    """Fast Open: the SYN carries data, and the SYN/ACK acknowledges SYN and data, so its ACK is far
    above ISS+1. That is as it should be."""
    for side in (lab.client, lab.server):
        side.sysctl(tcp_fastopen=3)
    listener = lab.listen(80, TCP_FASTOPEN=16)
    lab.record()
    for source_port in (46180, 46181):
        near = lab.socket("client", source_port)
        near.settimeout(None)
        near.sendto(b"GET / HTTP/1.1\r\n\r\n", 0x20000000, (lab.server_address, 80))
        far = lab.accept(listener)
        receive(far, 18)
        far.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")
        receive(near, 27)
        finish(near, far)


def two_hosts_behind_nat(lab):
    """Ports from 50000 on belong to a second host, whose timestamp clock is 5,000 s behind."""
    lab.client.sysctl(tcp_timestamps=2)

    def second(segment):
        return max(segment.source_port, segment.destination_port) >= 50000 and segment.timestamps

    def shift(segment):
        value, echo = segment.timestamps
        behind = 5_000_000
        segment.timestamps = ((value - behind, echo) if segment.side == "client"
                              else (value, (echo + behind) if echo else 0))

    lab.wire.change(second, shift)


@scenario("setup/nat-timestamp-drop", kind="rewritten", at="server")
def nat_timestamp_drop(lab):
    """Two hosts behind one NAT address, one clock 5,000 s behind the other's. The server, as Linux
    before 4.12 did with tcp_tw_recycle, drops SYNs whose TSval is behind the newest seen from that
    address (here a firewall rule does it): one host connects each time, the other never does.
    Captured at the server, before its firewall. The second host's clock is made by rewriting."""
    two_hosts_behind_nat(lab)
    lab.client.sysctl(tcp_syn_retries=1, tcp_syn_linear_timeouts=1)
    lab.server.nft("""
        add table ip recycle
        add chain ip recycle input { type filter hook input priority 0; }
        add rule ip recycle input tcp sport >= 50000 tcp flags syn drop
    """)
    listener = lab.listen(80)
    lab.record()
    for number in range(4):
        near, far = lab.open(listener, 40000 + number)
        exchange(near, far)
        finish(far, near)
        lab.try_connect(80, 50000 + number, timeout=2)
    near, far = lab.open(listener, 40009)
    exchange(near, far)
    finish(far, near)


@scenario("setup/nat-timestamp-drop", "look-alike", kind="rewritten", at="server")
def nat_timestamp_drop_look_alike(lab):
    """The same two hosts behind one NAT address, their TSvals going back and forth from port to
    port, and every SYN is answered; one SYN of the host that is ahead is lost behind the capture
    point and succeeds when repeated. Ordinary loss."""
    two_hosts_behind_nat(lab)
    listener = lab.listen(80)
    lab.record()
    for number in range(4):
        for base in (40000, 50000):
            if (number, base) == (2, 40000):
                lab.server.nft("""
                    add table ip loss
                    add chain ip loss input { type filter hook input priority 0; }
                    add rule ip loss input tcp flags syn drop
                """)
                threading.Timer(0.5, lab.server.nft, ["delete table ip loss"]).start()
            near, far = lab.open(listener, base + number)
            exchange(near, far)
            finish(far, near)


def both_at_once(lab, near, far, near_to, far_to):
    """Both sockets connect at the same moment; the path is long enough for the SYNs to cross."""
    lab.wire.lag = {"client": 0.05, "server": 0.05}
    lab.record()
    for one in (near, far):
        one.setblocking(False)
    near.connect_ex((lab.server_address, near_to))
    far.connect_ex((lab.client_address, far_to))
    time.sleep(0.4)
    for one in (near, far):
        one.settimeout(5)


@scenario("setup/simultaneous-open", client="192.0.2.85", server="192.0.2.89")
def simultaneous_open(lab):
    """Both ends connect from fixed ports at the same moment, as in hole punching. The SYNs cross,
    both ends go from SYN-SENT to SYN-RECEIVED and answer SYN/ACK."""
    near, far = lab.socket("client", 47000), lab.socket("server", 47001)
    both_at_once(lab, near, far, 47001, 47000)
    exchange(near, far)
    finish(near, far, 0.15)


@scenario("setup/simultaneous-open", "look-alike")
def simultaneous_open_look_alike(lab):
    """Two hosts connect to each other's service at the same moment: SYNs cross, but they belong to
    two connections, each opened the usual way."""
    servers = lab.listen(47001), lab.listen(47000, side="client")
    near, far = lab.socket("client", 47100), lab.socket("server", 47101)
    both_at_once(lab, near, far, 47001, 47000)
    for one, listener in ((near, servers[0]), (far, servers[1])):
        other = lab.accept(listener)
        exchange(one, other)
        finish(one, other, 0.15)


@scenario("setup/slow-handshake", client="192.0.2.95", server="192.0.2.99")
def slow_handshake(lab):
    """Six connections, each set up within a millisecond, but the fourth: its SYN/ACK takes 700 ms,
    less than a retransmission timer. Nothing was lost; the answer was late."""
    listener = lab.listen(443)
    lab.record()
    for number in range(6):
        if number == 3:
            lab.wire.delay(is_syn_ack, 0.7, times=1)
        near, far = lab.open(listener, 48000 + number)
        exchange(near, far)
        finish(near, far)


@scenario("setup/slow-handshake", "look-alike")
def slow_handshake_look_alike(lab):
    """A long way, 400 ms there and back, for every handshake and every exchange alike: far, not
    slow."""
    listener = lab.listen(443)
    lab.wire.lag = {"client": 0.2, "server": 0.2}
    lab.record()
    for number in range(4):
        near, far = lab.open(listener, 48100 + number)
        exchange(near, far)
        finish(near, far, 0.45)


def strip(kinds):
    def how(segment):
        segment.options = [(kind, body) for kind, body in segment.options if kind not in kinds]
    return how


@scenario("setup/options-stripped", kind="rewritten", client="10.4.0.5", server="10.4.0.9")
def options_stripped(lab):
    """Two clients and two servers. Timestamps and SACK are agreed on three of the four paths; on
    the one from 10.4.0.5 to 10.4.0.9 a middlebox removes the options from SYNs, and the server
    answers without them although both ends offer them elsewhere. Captured at the clients."""
    paths(lab, "10.4.0.6", "10.4.0.10")


@scenario("setup/options-stripped", "look-alike", client="10.5.0.5", server="10.5.0.9")
def options_stripped_look_alike(lab):
    """The server has timestamps and SACK switched off and so answers everybody without them: a
    setting, not a path."""
    lab.server.sysctl(tcp_timestamps=0, tcp_sack=0)
    paths(lab, "10.5.0.6", "10.5.0.10")


def paths(lab, second_client, second_server):
    """Two connections on each of the four paths between two clients and two servers."""
    lab.also("client", second_client)
    lab.also("server", second_server)
    listener = lab.listen(443)
    lab.wire.change(lambda s: is_syn(s) and second_client != s.source and second_server != s.destination
                    and second_client == "10.4.0.6", strip({4, 8}))
    lab.record()
    for number in range(2):
        for source in (lab.client_address, second_client):
            for destination in (lab.server_address, second_server):
                near = lab.connect(443, source=source, to=destination)
                far = lab.accept(listener)
                exchange(near, far)
                finish(near, far)
