"""Tear-down: FINs, final ACKs and half-closed connections."""

import socket
import time

from lab import exchange, receive
from matches import from_client, from_server, is_bare_ack, is_fin, port
from scenario import scenario


def client_first(lab, listener, source_port, pause=0.02):
    """A connection of which the client has closed its half, and the server's socket."""
    near, far = lab.open(listener, source_port)
    exchange(near, far)
    near.close()
    far.recv(1)
    time.sleep(pause)
    return far


def lose_final_ack(lab, listener, source_port, times):
    """The server closes second, and the final ACK is lost `times` times."""
    far = client_first(lab, listener, source_port)
    lab.wire.drop(from_client(is_bare_ack), times=times)
    far.close()


@scenario("teardown/missing-final-ack", client="10.0.0.15", server="10.0.0.19")
def missing_final_ack(lab):
    """The final ACK is lost beyond the capture point (we sit at the client). The server repeats its
    FIN after its retransmission time-out; the client answers from TIME-WAIT, which starts anew."""
    listener = lab.listen(80)
    lab.record()
    lose_final_ack(lab, listener, 42000, 1)
    time.sleep(1)


@scenario("teardown/missing-final-ack", "given-up")
def given_up(lab):
    """Every final ACK is lost: the server repeats its FIN (tcp_orphan_retries=4), is answered each
    time and hears nothing, and gives up in LAST-ACK. A later connection shows that the capture
    went on."""
    lab.server.sysctl(tcp_orphan_retries=4)
    listener = lab.listen(80)
    lab.record()
    lose_final_ack(lab, listener, 42001, None)
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
    lab.wire.drop(from_server(is_fin), times=1)
    client_first(lab, listener, 42002, 0.1).close()
    time.sleep(0.8)
    far = client_first(lab, listener, 42003)
    lab.wire.delay(from_client(is_bare_ack), 0.1)
    far.close()
    time.sleep(0.3)


@scenario("teardown/time-wait-missing", client="10.0.0.55", server="10.0.0.59")
def time_wait_missing(lab):
    """The client closes first and keeps no TIME-WAIT (tcp_max_tw_buckets=0); its final ACK is lost.
    The server's repeated FIN meets nobody and is answered by RST."""
    lab.client.sysctl(tcp_max_tw_buckets=0)
    listener = lab.listen(80)
    lab.record()
    lose_final_ack(lab, listener, 43000, 1)
    time.sleep(1)


@scenario("teardown/time-wait-missing", "look-alike")
def time_wait_missing_look_alike(lab):
    """The same loss, but the client is in TIME-WAIT and answers the repeated FIN with its ACK."""
    listener = lab.listen(80)
    lab.record()
    lose_final_ack(lab, listener, 43001, 1)
    time.sleep(1)


@scenario("teardown/fin-lost")
def fin_lost(lab):
    """The client's FIN is lost, repeated after its time-out and acknowledged then."""
    listener = lab.listen(80)
    lab.record()
    lab.wire.drop(from_client(is_fin), times=1)
    client_first(lab, listener, 43080, 0.1).close()
    time.sleep(0.2)


@scenario("teardown/fin-lost", "twice")
def fin_lost_twice(lab):
    """The client's FIN is lost twice while the server sends on: what it sends acknowledges no FIN
    before the third, and the ACK of that echoes its timestamp."""
    listener = lab.listen(80)
    lab.record()
    near, far = lab.open(listener, 43085)
    exchange(near, far)
    lab.wire.drop(from_client(is_fin), times=2)
    near.shutdown(socket.SHUT_WR)
    for pause in (0.1, 0.3):
        time.sleep(pause)
        far.sendall(b"tick\n" * 20)
        receive(near, 100)
    far.recv(1)
    far.close()
    receive(near, 1)
    near.close()
    time.sleep(0.2)


@scenario("teardown/fin-lost", "look-alike", at="server")
def fin_lost_look_alike(lab):
    """Captured at the server: the client's FIN comes twice as well, but the first one arrived and
    was acknowledged; it was the ACK that got lost."""
    listener = lab.listen(80)
    lab.record()
    near, far = lab.open(listener, 43081)
    exchange(near, far)
    time.sleep(0.1)
    lab.wire.drop(from_server(is_bare_ack), times=1)
    near.close()
    far.recv(1)
    time.sleep(0.8)
    far.close()
    time.sleep(0.2)


@scenario("teardown/fin-unanswered")
def fin_unanswered(lab):
    """After the last exchange the path to the server is dead. The client's FIN is repeated
    (tcp_orphan_retries=4) and never acknowledged. A later connection shows that the capture went
    on."""
    lab.client.sysctl(tcp_orphan_retries=4)
    listener = lab.listen(80)
    lab.record()
    near, far = lab.open(listener, 43180)
    exchange(near, far)
    time.sleep(0.1)
    lab.wire.drop(port(43180))
    near.close()
    time.sleep(14)
    lab.later()


@scenario("teardown/fin-unanswered", "look-alike")
def fin_unanswered_look_alike(lab):
    """The FIN is lost three times, the fourth is acknowledged."""
    listener = lab.listen(80)
    lab.record()
    lab.wire.drop(from_client(is_fin), times=3)
    client_first(lab, listener, 43181, 0.1).close()
    time.sleep(0.2)


@scenario("teardown/close-wait-leak")
def close_wait_leak(lab):
    """Three clients close, the kernel acknowledges their FINs, and the server program forgets to
    close: CLOSE-WAIT for 75 s and still open when another connection shows that the capture went
    on. The clients' FIN-WAIT-2 has long timed out."""
    listener = lab.listen(8080)
    lab.record()
    for number in range(3):
        client_first(lab, listener, 43280 + number, 0.2)
    time.sleep(75)
    lab.later()


@scenario("teardown/close-wait-leak", "look-alike")
def close_wait_leak_look_alike(lab):
    """The server is in CLOSE-WAIT for twelve seconds and sends all the while, then closes: a half
    close put to use."""
    half_closed(lab, 43283, 12, 1.0)


def half_closed(lab, source_port, times, pause):
    listener = lab.listen(8080)
    lab.record()
    near, far = lab.open(listener, source_port)
    near.sendall(b"sort < words.txt\n")
    near.shutdown(socket.SHUT_WR)
    receive(far, 17)
    for number in range(times):
        time.sleep(pause)
        far.sendall(b"word %d\n" % number)
    far.close()
    while near.recv(4096):
        pass
    near.close()
    time.sleep(0.1)


@scenario("teardown/fin-wait-2-orphan")
def fin_wait_2_orphan(lab):
    """The client closes, the server does not. Linux keeps the orphan in FIN-WAIT-2 for 60 s
    (tcp_fin_timeout). Then the server sends after all, and a RST tells it that nobody is there."""
    listener = lab.listen(5000)
    lab.record()
    far = client_first(lab, listener, 43500)
    time.sleep(64)
    far.sendall(b"are you still there?\n")
    time.sleep(0.3)


@scenario("teardown/fin-wait-2-orphan", "look-alike")
def fin_wait_2_orphan_look_alike(lab):
    """The client has only shut down its writing side and so stays in FIN-WAIT-2 as long as it
    likes: the server's data after 64 s is accepted, then it closes too."""
    listener = lab.listen(5000)
    lab.record()
    near, far = lab.open(listener, 43501)
    exchange(near, far)
    near.shutdown(socket.SHUT_WR)
    far.recv(1)
    time.sleep(64)
    far.sendall(b"are you still there?\n")
    receive(near, 21)
    far.close()
    near.recv(1)
    near.close()
    time.sleep(0.1)


@scenario("teardown/simultaneous-close")
def simultaneous_close(lab):
    """Both programs close at the same moment, 100 ms apart on the wire: the FINs cross, both sides
    go through CLOSING."""
    closing(lab, 43600, 0.0)


@scenario("teardown/simultaneous-close", "look-alike")
def simultaneous_close_look_alike(lab):
    """The server closes as soon as it has the client's FIN: quick, one after the other."""
    closing(lab, 43601, None)


def closing(lab, source_port, wait):
    listener = lab.listen(80)
    lab.wire.lag = {"client": 0.05, "server": 0.05}
    lab.record()
    near, far = lab.open(listener, source_port)
    exchange(near, far)
    time.sleep(0.3)
    near.close()
    if wait is None:
        far.recv(1)
    far.close()
    time.sleep(0.5)


@scenario("teardown/half-close")
def half_close(lab):
    """The client sends its input and shuts down writing; the server goes on sending for a second
    and then closes in order."""
    half_closed(lab, 43700, 6, 0.2)


@scenario("teardown/half-close", "look-alike")
def half_close_look_alike(lab):
    """A long way: the client closes while an answer is on its way to it. Data after the FIN, but
    only what had been sent before the FIN arrived."""
    listener = lab.listen(8080)
    lab.wire.lag = {"client": 0.05, "server": 0.05}
    lab.record()
    near, far = lab.open(listener, 43701)
    exchange(near, far)
    time.sleep(0.2)
    far.sendall(b"the last words\n")
    near.shutdown(socket.SHUT_WR)
    receive(near, 15)
    far.recv(1)
    far.close()
    near.recv(1)
    near.close()
    time.sleep(0.2)
