"""A 4-tuple used again: group B of the catalogue."""

import socket
import time

from lab import exchange, finish, vanish
from scenario import scenario


def is_final_ack(segment):
    """The active closer's answer to the FIN of a server that closes second."""
    return segment.side == "client" and segment.has_ack and not (
        segment.payload or segment.fin or segment.syn or segment.rst)


def last_ack(lab, listener, port, lose):
    """A connection closed by the client, which keeps no TIME-WAIT; its final ACK gets lost."""
    lab.client.sysctl(tcp_max_tw_buckets=0)
    near, far = lab.open(listener, port)
    exchange(near, far)
    near.close()
    far.recv(1)
    time.sleep(0.02)
    rule = lab.wire.drop(is_final_ack, times=1) if lose else None
    far.close()
    time.sleep(0.03)
    return rule


@scenario("reuse/rst-on-reuse", client="10.0.0.5", server="10.0.0.9")
def rst_on_reuse(lab):
    """The client closes first but keeps no TIME-WAIT (tcp_max_tw_buckets=0), and its final ACK is
    lost: the server stays in LAST-ACK. The client connects again from the same port. The server's
    old socket answers the SYN with the old connection's ACK; the client, in SYN-SENT, answers RST
    with SEQ = that ACK; the old socket dies, the SYN is repeated and now connects."""
    listener = lab.listen(80)
    lab.record()
    last_ack(lab, listener, 40000, lose=True)
    near, far = lab.open(listener, 40000)
    exchange(near, far)
    finish(near, far)


@scenario("reuse/rst-on-reuse", "established")
def over_established(lab):
    """The client crashes without a packet (TCP_REPAIR) and connects again from the same port,
    while the server still holds the old connection in ESTABLISHED."""
    listener = lab.listen(3306)
    lab.record()
    near, far = lab.open(listener, 40306)
    exchange(near, far, 2)
    time.sleep(0.1)
    vanish(near)
    time.sleep(0.3)
    near, far = lab.open(listener, 40306)
    exchange(near, far)
    finish(near, far)


@scenario("reuse/rst-on-reuse", "close-wait")
def over_close_wait(lab):
    """The client has sent FIN, the server has not closed (CLOSE-WAIT). The client forgets its half
    and connects again from the same port."""
    listener = lab.listen(6379)
    lab.record()
    near, far = lab.open(listener, 40379)
    exchange(near, far, 1)
    near.shutdown(socket.SHUT_WR)
    far.recv(1)
    time.sleep(0.3)
    vanish(near)
    near, far = lab.open(listener, 40379)
    exchange(near, far)
    finish(near, far)


@scenario("reuse/rst-on-reuse", "look-alike")
def rst_on_reuse_look_alike(lab):
    """The same reuse without the loss: the final ACK arrived, the server holds nothing, and the SYN
    from the old port is answered at once."""
    listener = lab.listen(80)
    lab.record()
    last_ack(lab, listener, 40001, lose=False)
    near, far = lab.open(listener, 40001)
    exchange(near, far)
    finish(near, far)
