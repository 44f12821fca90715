"""Connection set-up: group A of the catalogue."""

import contextlib
import socket
import time

from lab import exchange, finish, receive, vanish
from scenario import scenario
from segment import ACK, RST, SYN


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


def is_syn_ack(segment):
    return segment.syn and segment.has_ack


def is_syn(segment):
    return segment.syn and not segment.has_ack


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
    with contextlib.suppress(OSError):
        lab.connect(443, 40443)


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
    finish(near, far)


@scenario("setup/connection-refused", client="192.0.2.15", server="192.0.2.19")
def refused(lab):
    """Nobody listens on port 8443: the SYN is answered by RST,ACK with ACK = ISS+1."""
    lab.record()
    with contextlib.suppress(ConnectionRefusedError):
        lab.connect(8443, 40843)


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
    with contextlib.suppress(OSError):
        lab.connect(5432, 41432)


@scenario("setup/syn-unanswered", "look-alike")
def unanswered_look_alike(lab):
    """Two SYNs are lost, the third is answered: late, but answered."""
    listener = lab.listen(5432)
    lab.wire.drop(is_syn, times=2)
    lab.record()
    near, far = lab.open(listener, 41433)
    exchange(near, far)
    finish(near, far)
