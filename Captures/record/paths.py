"""Connection set-up: what a path between the ends makes of it."""

import threading
import time

from lab import exchange, finish, receive
from matches import is_syn, is_syn_ack
from scenario import scenario


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
