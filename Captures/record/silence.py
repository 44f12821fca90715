"""Tear-down: a side that is gone."""

import time

from lab import exchange, finish, vanish
from matches import anything, from_client, has_data, port
from scenario import scenario


@scenario("teardown/half-open-connection", client="10.0.0.65", server="10.0.0.69")
def half_open(lab):
    """The server loses the connection without a packet, as if it had crashed (TCP_REPAIR); after
    two idle seconds the client's next request is answered by RST."""
    listener = lab.listen(5432)
    lab.record()
    near, far = lab.open(listener, 44200)
    exchange(near, far, 2)
    time.sleep(0.1)
    vanish(far)
    time.sleep(2)
    near.sendall(b"SELECT 1;\n")
    time.sleep(0.2)


@scenario("teardown/half-open-connection", "silence")
def half_open_silence(lab):
    """A firewall forgets the idle connection and drops what follows: the client repeats its request
    until it gives up (tcp_retries2=5). A later connection shows that the path is well."""
    lab.client.sysctl(tcp_retries2=5)
    listener = lab.listen(5432)
    lab.record()
    near, far = lab.open(listener, 44201)
    exchange(near, far, 2)
    time.sleep(5)
    lab.wire.drop(port(44201))
    near.sendall(b"SELECT 1;\n")
    time.sleep(22)
    lab.later()


@scenario("teardown/half-open-connection", "look-alike")
def half_open_look_alike(lab):
    """Idle as long, five seconds, and the next request is answered: nobody forgot anything."""
    listener = lab.listen(5432)
    lab.record()
    near, far = lab.open(listener, 44202)
    exchange(near, far, 2)
    time.sleep(5)
    exchange(near, far)
    finish(near, far)


@scenario("teardown/keepalive-dead-peer")
def keepalive_dead(lab):
    """The path dies while the connection is idle. The client's keepalive probes (each second, four
    of them) go unanswered, and its kernel ends the connection with a RST."""
    listener = lab.listen(22)
    lab.record()
    near, far = lab.open(listener, 44300, SO_KEEPALIVE=1, TCP_KEEPIDLE=1, TCP_KEEPINTVL=1, TCP_KEEPCNT=4)
    exchange(near, far)
    time.sleep(0.1)
    lab.wire.drop(anything)
    time.sleep(6.5)


@scenario("teardown/keepalive-dead-peer", "look-alike")
def keepalive_dead_look_alike(lab):
    """Two probes are lost, the third is answered: the connection lives on."""
    listener = lab.listen(22)
    lab.record()
    near, far = lab.open(listener, 44301, SO_KEEPALIVE=1, TCP_KEEPIDLE=1, TCP_KEEPINTVL=1, TCP_KEEPCNT=4)
    exchange(near, far)
    time.sleep(0.1)
    lab.wire.drop(from_client(anything), times=2)
    time.sleep(3.5)
    exchange(near, far)
    finish(near, far)


@scenario("teardown/retransmission-timeout")
def retransmission_timeout(lab):
    """In the midst of an exchange the server's host falls silent: the client's data is repeated
    with doubling pauses until it gives up (tcp_retries2=5) without a packet. A later connection to
    another port shows that the capture went on."""
    lab.client.sysctl(tcp_retries2=5)
    listener = lab.listen(80)
    lab.record()
    near, far = lab.open(listener, 44400)
    exchange(near, far, 2)
    lab.wire.drop(port(44400))
    near.sendall(b"PUT /a HTTP/1.1\r\n\r\n")
    time.sleep(22)
    lab.later()


@scenario("teardown/retransmission-timeout", "look-alike")
def retransmission_timeout_look_alike(lab):
    """Four losses in a row, with doubling pauses, and then it gets through."""
    listener = lab.listen(80)
    lab.record()
    near, far = lab.open(listener, 44401)
    exchange(near, far, 2)
    lab.wire.drop(from_client(has_data), times=4)
    exchange(near, far)
    finish(near, far)
