"""Connection set-up: listeners that are full, flooded or out of reach."""

import contextlib
import threading
import time

from lab import exchange, finish, receive
from scenario import scenario
from segment import SYN, Segment


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


def knock(lab, ports):
    """Calls at once from several ports, to a listener that nobody accepts from."""
    sockets = [lab.socket("client", port) for port in ports]
    for one in sockets:
        one.setblocking(False)
        one.connect_ex((lab.server_address, 8080))
    time.sleep(0.05)
    return sockets


@scenario("setup/accept-queue-overflow", "cookies", client="192.0.2.85", server="192.0.2.89")
def accept_queue_overflow_cookies(lab):
    """The same while the listener answers with SYN cookies (tcp_syncookies=2): it holds no request
    whose SYN/ACK it could repeat, and sends no RST. Two of three clients repeat their data in vain."""
    lab.server.sysctl(tcp_syncookies=2)
    lab.wire.lag = {"client": 0.005, "server": 0.005}
    lab.listen(8080, backlog=3)
    lab.record()
    for number in range(3):
        lab.connect(8080, 43000 + number)
    for one in knock(lab, range(43010, 43013)):
        with contextlib.suppress(OSError):
            one.send(b"GET / HTTP/1.1\r\n\r\n")
    time.sleep(8)


@scenario("setup/accept-queue-overflow", "look-alike-cookies", client="192.0.2.95",
          server="192.0.2.99")
def accept_queue_overflow_cookies_look_alike(lab):
    """SYN cookies again, and the queue has room, but the path loses the request of each of two
    clients twice: the third one is taken at once."""
    lab.server.sysctl(tcp_syncookies=2)
    lab.wire.lag = {"client": 0.005, "server": 0.005}
    listener = lab.listen(8080)
    lab.record()
    for number in range(2):
        near, far = lab.open(listener, 43010 + number)
        lab.wire.drop(lambda segment: segment.side == "client" and segment.payload, times=2)
        exchange(near, far)
        finish(near, far)


@scenario("setup/accept-queue-overflow", "dropped-syns", silent=["syn-unanswered", "syn-lost"],
          client="192.0.2.105", server="192.0.2.109")
def accept_queue_overflow_dropped_syns(lab):
    """While its accept queue is full a listener drops SYNs as well. Two more clients call then: one
    in vain, the other one gets through when the program has accepted at last, after seven seconds."""
    lab.server.sysctl(tcp_synack_retries=5)
    lab.wire.lag = {"client": 0.005, "server": 0.005}
    listener = lab.listen(8080, backlog=3)
    lab.record()
    for number in range(3):
        lab.connect(8080, 43000 + number)
    for one in knock(lab, range(43010, 43013)):
        one.send(b"GET / HTTP/1.1\r\n\r\n")
    late = knock(lab, (43020, 43021))
    time.sleep(2.6)
    # This one gives up.
    late.pop(0).close()
    time.sleep(4.4)
    for _ in range(7):
        with contextlib.suppress(OSError):
            lab.accept(listener)
    time.sleep(8)


@scenario("setup/accept-queue-overflow", "look-alike-dropped-syns", shows=["syn-unanswered"],
          client="192.0.2.115", server="192.0.2.119")
def accept_queue_overflow_dropped_syns_look_alike(lab):
    """The program accepts slowly, and its queue has room all the time. A packet filter on the server
    drops the SYNs of one client meanwhile: that has nothing to do with the queue."""
    lab.server.nft("""
        add table ip filter
        add chain ip filter input { type filter hook input priority 0; }
        add rule ip filter input tcp sport 43120 drop
    """)
    lab.client.sysctl(tcp_syn_retries=2, tcp_syn_linear_timeouts=1)
    listener = lab.listen(8080, backlog=16)
    lab.record()
    sockets = [lab.connect(8080, 43100 + number) for number in range(4)]
    for one in sockets:
        one.sendall(b"GET / HTTP/1.1\r\n\r\n")
    lab.try_connect(8080, 43120)
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


@scenario("setup/syn-flood", kind="rewritten", at="server", snaplen=80,
          silent=["syn-unanswered"])
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
