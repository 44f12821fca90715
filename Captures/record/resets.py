"""Tear-down: resets, real and forged."""

import time

from lab import abort, exchange, finish
from matches import from_server, has_data
from scenario import scenario
from segment import RST, SYN
from teardown import client_first, half_closed


@scenario("teardown/rst-close")
def rst_close(lab):
    """The client aborts (SO_LINGER 0): RST,ACK at SND.NXT instead of a FIN."""
    listener = lab.listen(80)
    lab.record()
    near, far = lab.open(listener, 43800)
    exchange(near, far, 2)
    time.sleep(0.1)
    abort(near)
    time.sleep(0.1)


@scenario("teardown/rst-close", "unread")
def rst_close_unread(lab):
    """The server program closes without having read the request: the kernel answers RST, and its
    ACK covers data that nobody read."""
    listener = lab.listen(80)
    lab.record()
    near, far = lab.open(listener, 43801)
    near.sendall(b"POST /upload HTTP/1.1\r\n\r\n" + b"x" * 500)
    time.sleep(0.1)
    far.close()
    time.sleep(0.1)


@scenario("teardown/rst-close", "look-alike", kind="rewritten")
def rst_close_look_alike(lab):
    """A RST arrives whose sequence number is far outside the window (forged here). The client
    ignores it, and the connection ends in order."""
    listener = lab.listen(80)
    lab.record()
    near, far = lab.open(listener, 43802)
    exchange(near, far)
    last = lab.wire.wait(from_server(has_data))
    lab.wire.send("client", last.copy(flags=RST, ack=0, seq=(last.end + 2**31) % 2**32, payload=b"",
                                      options=[], window=0))
    time.sleep(0.1)
    exchange(near, far)
    finish(near, far)


@scenario("teardown/rst-after-fin")
def rst_after_fin(lab):
    """The client closes both directions at once; the server goes on sending and its data is
    answered by a RST without ACK flag, SEQ = the data's ACK."""
    listener = lab.listen(80)
    lab.record()
    far = client_first(lab, listener, 43900, 0.1)
    far.sendall(b"and another thing\n")
    time.sleep(0.2)


@scenario("teardown/rst-after-fin", "look-alike")
def rst_after_fin_look_alike(lab):
    """The client shuts down its writing side only; the server's data is accepted."""
    half_closed(lab, 43901, 2, 0.1)


def inject_reset(lab, near, far, beyond, ttl):
    """A forged RST for the client, `beyond` bytes past what it expects."""
    exchange(near, far)
    time.sleep(0.1)
    last = lab.wire.wait(from_server(has_data))
    lab.wire.send("client", last.copy(flags=RST, ack=0, seq=last.end + beyond, payload=b"", options=[],
                                      window=0, ttl=ttl, ip_id=31337))
    time.sleep(0.1)


@scenario("teardown/forged-reset", kind="rewritten")
def forged_reset(lab):
    """A middlebox sends the client a RST in the server's name, with the exact sequence number but
    another TTL. The client believes it; the server knows nothing and goes on sending, and is reset
    by the client."""
    listener = lab.listen(80)
    lab.record()
    near, far = lab.open(listener, 44000)
    inject_reset(lab, near, far, 0, 243)
    far.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    time.sleep(0.2)


@scenario("teardown/forged-reset", "look-alike")
def forged_reset_look_alike(lab):
    """The server itself aborts: the same TTL as before, and it falls silent."""
    listener = lab.listen(80)
    lab.record()
    near, far = lab.open(listener, 44001)
    exchange(near, far)
    time.sleep(0.1)
    abort(far)
    time.sleep(0.2)


@scenario("teardown/challenge-ack", kind="rewritten")
def challenge_ack(lab):
    """A forged RST within the window but not at its edge: the client answers with a challenge ACK
    (RFC 5961) and the connection goes on."""
    listener = lab.listen(80)
    lab.record()
    near, far = lab.open(listener, 44100)
    inject_reset(lab, near, far, 1000, 64)
    exchange(near, far)
    finish(near, far)


@scenario("teardown/challenge-ack", "syn", kind="rewritten")
def challenge_ack_syn(lab):
    """A forged SYN in an established connection draws a challenge ACK, and the connection goes on."""
    listener = lab.listen(80)
    lab.record()
    near, far = lab.open(listener, 44101)
    exchange(near, far)
    time.sleep(0.1)
    last = lab.wire.wait(from_server(has_data))
    lab.wire.send("client", last.copy(flags=SYN, seq=(last.end + 777_777) % 2**32, ack=0, payload=b""))
    time.sleep(0.1)
    exchange(near, far)
    finish(near, far)


@scenario("teardown/challenge-ack", "look-alike")
def challenge_ack_look_alike(lab):
    """Bare ACKs that answer keepalive probes: no RST and no SYN drew them."""
    listener = lab.listen(80)
    lab.record()
    near, far = lab.open(listener, 44102, SO_KEEPALIVE=1, TCP_KEEPIDLE=1, TCP_KEEPINTVL=1)
    exchange(near, far)
    time.sleep(2.3)
    finish(near, far)
