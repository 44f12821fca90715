"""Tear-down: group C of the catalogue."""

import contextlib
import socket
import time

from lab import abort, exchange, finish, receive, vanish
from reuse import is_final_ack
from scenario import scenario


def to_last_ack(lab, listener, port, times):
    """A connection closed by the client whose final ACK is lost `times` times."""
    near, far = lab.open(listener, port)
    exchange(near, far)
    near.close()
    far.recv(1)
    time.sleep(0.02)
    lab.wire.drop(is_final_ack, times=times)
    far.close()


@scenario("teardown/missing-final-ack", client="10.0.0.15", server="10.0.0.19")
def missing_final_ack(lab):
    """The final ACK is lost beyond the capture point (we sit at the client). The server repeats its
    FIN after its retransmission time-out; the client answers from TIME-WAIT, which starts anew."""
    listener = lab.listen(80)
    lab.record()
    to_last_ack(lab, listener, 42000, 1)
    time.sleep(1)


@scenario("teardown/missing-final-ack", "given-up")
def given_up(lab):
    """Every final ACK is lost: the server repeats its FIN (tcp_orphan_retries=4), is answered each
    time and hears nothing, and gives up in LAST-ACK. A later connection shows that the capture
    went on."""
    lab.server.sysctl(tcp_orphan_retries=4)
    listener = lab.listen(80)
    lab.record()
    to_last_ack(lab, listener, 42001, None)
    time.sleep(12)
    lab.wire.clear()
    lab.later()


@scenario("teardown/missing-final-ack", "look-alike", at="server")
def missing_final_ack_look_alike(lab):
    """Captured at the server: its FIN is repeated as well, but because the FIN itself got lost, for
    no ACK of it came by in between. In a second connection the ACK of the FIN is merely 100 ms
    late, and nothing is repeated."""
    listener = lab.listen(80)
    lab.record()
    lab.wire.drop(lambda s: s.side == "server" and s.fin, times=1)
    near, far = lab.open(listener, 42002)
    exchange(near, far)
    finish(near, far, 0.1)
    time.sleep(0.6)
    near, far = lab.open(listener, 42003)
    exchange(near, far)
    near.close()
    far.recv(1)
    time.sleep(0.02)
    lab.wire.delay(is_final_ack, 0.1)
    far.close()
    time.sleep(0.3)
