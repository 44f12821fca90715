"""Stalls: group E of the catalogue."""

import time

from lab import exchange, finish, receive
from matches import from_client, has_data
from scenario import scenario


@scenario("stalls/delayed-ack-stall", client="10.0.2.5", server="10.0.2.9")
def delayed_ack(lab):
    """Write, write, read with Nagle's algorithm on: the client's second small write waits for the
    ACK of the first, which the server delays by 40 ms, for it has nothing to send yet. Twelve
    rounds, after four exchanges of one write each."""
    listener = lab.listen(8080)
    lab.record()
    near, far = lab.open(listener, 45001, TCP_NODELAY=0)
    exchange(near, far, 4, pause=0.05)
    for _ in range(12):
        near.sendall(b"POST /a HTTP/1.1\r\n\r\n")
        near.sendall(b"value=1\r\n")
        receive(far, 29)
        far.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")
        receive(near, 27)
    finish(near, far)


@scenario("stalls/delayed-ack-stall", "look-alike")
def delayed_ack_look_alike(lab):
    """Each answer takes 40 ms as well, but the request is complete at once: the program thinks."""
    listener = lab.listen(8080)
    lab.record()
    near, far = lab.open(listener, 45002)
    for _ in range(12):
        near.sendall(b"GET /slow HTTP/1.1\r\n\r\n")
        receive(far, 22)
        time.sleep(0.04)
        far.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")
        receive(near, 27)
    finish(near, far)


def transfer(lab, source_port, pause, count=40_000):
    """The client sends more than the server's buffer holds; the server begins to read late."""
    listener = lab.listen(9000, SO_RCVBUF=4096)
    lab.record()
    near, far = lab.open(listener, source_port, SO_SNDBUF=200_000)
    near.sendall(b"d" * count)
    time.sleep(pause)
    receive(far, count)
    finish(near, far)


@scenario("stalls/zero-window-stall")
def zero_window(lab):
    """The server's program does not read for five seconds. Its window closes, the client's kernel
    probes it with growing pauses, and when the program reads the window opens again."""
    transfer(lab, 45100, 5)


@scenario("stalls/zero-window-stall", "look-alike")
def zero_window_look_alike(lab):
    """Nothing is sent for five seconds either, but the window stays wide open: the sender has
    nothing to send."""
    listener = lab.listen(9000)
    lab.record()
    near, far = lab.open(listener, 45101)
    near.sendall(b"d" * 6000)
    receive(far, 6000)
    time.sleep(5)
    near.sendall(b"d" * 6000)
    receive(far, 6000)
    finish(near, far)


def big(segment):
    """More than a path with an MTU of 1,400 carries."""
    return len(segment.raw) - 14 > 1400


@scenario("stalls/path-mtu-blackhole", client="10.0.3.5", server="10.0.3.9")
def blackhole(lab):
    """Set-up and small segments pass; full-sized ones vanish in a tunnel with a smaller MTU, and the
    ICMP message that should say so never comes. The client repeats the first one until it gives up
    (tcp_retries2=5). A later connection shows that the path is well."""
    lab.client.sysctl(tcp_retries2=5)
    listener = lab.listen(80)
    lab.record()
    lab.wire.drop(big)
    near, far = lab.open(listener, 45200)
    exchange(near, far)
    near.sendall(b"POST /upload HTTP/1.1\r\n\r\n" + b"u" * 5000)
    time.sleep(22)
    lab.later()


@scenario("stalls/path-mtu-blackhole", "probing")
def blackhole_probed(lab):
    """The same path, but the client's kernel looks for the hole itself (tcp_mtu_probing=1): after
    some repetitions it sends smaller segments, and those get through."""
    lab.client.sysctl(tcp_mtu_probing=1, tcp_retries1=3)
    listener = lab.listen(80)
    lab.record()
    lab.wire.drop(big)
    near, far = lab.open(listener, 45201)
    exchange(near, far)
    near.sendall(b"POST /upload HTTP/1.1\r\n\r\n" + b"u" * 5000)
    receive(far, 5025)
    finish(near, far)


@scenario("stalls/path-mtu-blackhole", "look-alike")
def blackhole_look_alike(lab):
    """A full-sized segment and its first two repetitions are lost, the third gets through unchanged:
    plain loss, no matter of size."""
    listener = lab.listen(80)
    lab.record()
    near, far = lab.open(listener, 45202)
    exchange(near, far)
    lab.wire.drop(big, times=7)
    near.sendall(b"POST /upload HTTP/1.1\r\n\r\n" + b"u" * 5000)
    receive(far, 5025)
    finish(near, far)


@scenario("stalls/timestamp-regression", kind="rewritten", at="server")
def timestamp_regression(lab):
    """In the midst of a connection two of the client's segments carry a TSval 500 s behind, as from
    another host on the same 4-tuple. The server's PAWS check drops them; the client repeats them
    with its right clock."""
    listener = lab.listen(80)
    lab.record()
    near, far = lab.open(listener, 45300)
    exchange(near, far, 2)

    def back(segment):
        segment.timestamps = (segment.timestamps[0] - 500_000, segment.timestamps[1])

    for _ in range(2):
        lab.wire.change(from_client(has_data), back, times=1)
        exchange(near, far)
    exchange(near, far)
    finish(near, far)


@scenario("stalls/timestamp-regression", "look-alike", at="server")
def timestamp_regression_look_alike(lab):
    """A segment overtaken by others on the path arrives with an older TSval than they had: a
    few milliseconds behind, and in sequence order nothing goes backwards."""
    listener = lab.listen(80)
    lab.record()
    near, far = lab.open(listener, 45301)
    exchange(near, far, 2)
    for _ in range(2):
        lab.wire.delay(from_client(has_data), 0.012, times=1)
        for part in (b"GET ", b"/ ", b"HTTP/1.1\r\n\r\n"):
            near.sendall(part)
            time.sleep(0.004)
        exchange(near, far, request=b"", answer=b"HTTP/1.1 204 No Content\r\n\r\n")
        receive(far, 18)
    finish(near, far)
