"""A 4-tuple used again: group B of the catalogue."""

import socket
import time

from lab import abort, exchange, finish, vanish
from matches import from_client, from_server, has_data, is_bare_ack, is_fin, is_rst, is_syn
from scenario import scenario


def last_ack(lab, listener, port, lose):
    """A connection closed by the client, which keeps no TIME-WAIT; its final ACK may get lost."""
    lab.client.sysctl(tcp_max_tw_buckets=0)
    near, far = lab.open(listener, port)
    exchange(near, far)
    near.close()
    far.recv(1)
    time.sleep(0.02)
    if lose:
        lab.wire.drop(from_client(is_bare_ack), times=1)
    far.close()
    time.sleep(0.03)


def again(lab, listener, port):
    """A connection from `port`, one exchange, closed by the client."""
    near, far = lab.open(listener, port)
    exchange(near, far)
    finish(near, far)


def server_first(lab, listener, port, **options):
    """A connection closed by the server, which keeps its TIME-WAIT."""
    near, far = lab.open(listener, port, **options)
    exchange(near, far)
    finish(far, near)
    time.sleep(0.1)


@scenario("reuse/rst-on-reuse", client="10.0.0.5", server="10.0.0.9")
def rst_on_reuse(lab):
    """The client closes first but keeps no TIME-WAIT (tcp_max_tw_buckets=0), and its final ACK is
    lost: the server stays in LAST-ACK. The client connects again from the same port. The server's
    old socket answers the SYN with the old connection's ACK; the client, in SYN-SENT, answers RST
    with SEQ = that ACK; the old socket dies, the SYN is repeated and now connects."""
    listener = lab.listen(80)
    lab.record()
    last_ack(lab, listener, 40000, lose=True)
    again(lab, listener, 40000)


@scenario("reuse/rst-on-reuse", "second-attempt", client="10.0.20.5", server="10.0.20.9")
def second_attempt(lab):
    """As before, but the RST of the first attempt is lost, and the client gives that attempt up;
    the server's FINs are lost meanwhile. Its old socket, in LAST-ACK still, answers the next attempt
    as well. Three connections
    of one 4-tuple, and the third meets the first."""
    listener = lab.listen(80)
    lab.record()
    last_ack(lab, listener, 40020, lose=True)
    lab.wire.drop(from_client(is_rst), times=1)
    lab.wire.drop(from_server(is_fin))     # else the client's answer would end LAST-ACK
    lab.try_connect(80, 40020, timeout=0.3)
    time.sleep(0.3)
    lab.wire.clear()
    again(lab, listener, 40020)


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
    again(lab, listener, 40306)


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
    again(lab, listener, 40379)


@scenario("reuse/rst-on-reuse", "look-alike")
def rst_on_reuse_look_alike(lab):
    """The same reuse without the loss: the final ACK arrived, the server holds nothing, and the SYN
    from the old port is answered at once."""
    listener = lab.listen(80)
    lab.record()
    last_ack(lab, listener, 40001, lose=False)
    again(lab, listener, 40001)


def port_ahead_of_uptime(lab, to_port):
    """A source port whose random timestamp offset puts it ahead of the bare clock.

    Found by knocking at a port where nobody listens and looking at the SYNs.
    """
    uptime = time.clock_gettime(time.CLOCK_BOOTTIME) * 1000
    for port in range(41000, 41100):
        lab.try_connect(to_port, port)
        value = lab.wire.wait(lambda s: is_syn(s) and s.source_port == port).timestamps[0]
        if uptime + 10**8 < value < uptime + 2**31 - 10**8:
            return port
    raise RuntimeError("no source port with a fitting timestamp offset")


@scenario("reuse/paws-rejected-reuse", client="10.0.0.25", server="10.0.0.29")
def paws_rejected(lab):
    """The server closes first and keeps TIME-WAIT. The client's host restarts, so to speak: its
    timestamp clock begins anew (tcp_timestamps from 1 to 2), and it connects from the same port with
    a TSval behind the old connection's last. PAWS refuses the SYN, the ACK draws a RST, the RST ends
    TIME-WAIT, and the repeated SYN connects."""
    port = port_ahead_of_uptime(lab, 80)
    listener = lab.listen(80)
    lab.record()
    server_first(lab, listener, port)
    lab.client.sysctl(tcp_timestamps=2)
    again(lab, listener, port)


@scenario("reuse/paws-rejected-reuse", "rfc1337")
def paws_rejected_for_ever(lab):
    """The same with tcp_rfc1337=1 at the server: the RST is ignored, SYN, ACK and RST go round
    until the client gives up (tcp_syn_retries=1, two linear time-outs)."""
    lab.server.sysctl(tcp_rfc1337=1)
    lab.client.sysctl(tcp_syn_retries=1, tcp_syn_linear_timeouts=2)
    port = port_ahead_of_uptime(lab, 80)
    listener = lab.listen(80)
    lab.record()
    server_first(lab, listener, port)
    lab.client.sysctl(tcp_timestamps=2)
    lab.try_connect(80, port)


@scenario("reuse/paws-rejected-reuse", "look-alike")
def paws_rejected_look_alike(lab):
    """The same reuse over TIME-WAIT, the clock runs on: the SYN's TSval is ahead and it is accepted
    at once."""
    listener = lab.listen(80)
    lab.record()
    server_first(lab, listener, 41000)
    again(lab, listener, 41000)


def back_to_back(lab, shift):
    """Two connections without timestamps over one 4-tuple; the second one's client numbers are
    moved by `shift` on the path."""
    lab.client.sysctl(tcp_timestamps=0)
    listener = lab.listen(1521)
    lab.record()
    server_first(lab, listener, 41521)

    def move(segment):
        if segment.side == "client":
            segment.seq = (segment.seq + shift) % 2**32
        else:
            segment.ack = (segment.ack - shift) % 2**32

    if shift:
        lab.wire.change(lambda s: s.side == "client" or s.has_ack, move)
    again(lab, listener, 41521)


@scenario("reuse/reuse-refused-in-time-wait", kind="rewritten", at="server")
def refused_in_time_wait(lab):
    """No timestamps. A firewall randomises sequence numbers (here: the path moves them back by 900
    million), so the new SYN's ISS is behind the old connection's RCV.NXT, and the server, in
    TIME-WAIT, cannot take it for new: ACK, RST, and the repeated SYN connects. Captured at the
    server, where the numbers are the ones it saw."""
    back_to_back(lab, -900_000_000)


@scenario("reuse/reuse-refused-in-time-wait", "look-alike", at="server")
def refused_in_time_wait_look_alike(lab):
    """No timestamps either, but the new ISS is ahead of the old RCV.NXT: accepted over TIME-WAIT."""
    back_to_back(lab, 0)


@scenario("reuse/reuse-in-time-wait", client="10.0.0.35", server="10.0.0.39")
def reuse_in_time_wait(lab):
    """The server closed first and is in TIME-WAIT; a SYN of the same 4-tuple with a newer TSval is
    accepted at once (RFC 6191), its SYN/ACK begins 65,537 beyond the old SND.NXT."""
    listener = lab.listen(8080)
    lab.record()
    server_first(lab, listener, 41880)
    again(lab, listener, 41880)


@scenario("reuse/reuse-in-time-wait", "look-alike")
def reuse_in_time_wait_look_alike(lab):
    """The old connection was aborted by the client (RST), so no side was in TIME-WAIT when the
    4-tuple came back."""
    listener = lab.listen(8080)
    lab.record()
    near, far = lab.open(listener, 41881)
    exchange(near, far)
    abort(near)
    time.sleep(0.1)
    far.close()
    again(lab, listener, 41881)


@scenario("reuse/port-reused-too-soon")
def reused_too_soon(lab):
    """The client closed first and should hold the 4-tuple in TIME-WAIT for a minute; its table is
    full (tcp_max_tw_buckets=0), and it connects from the same port 30 ms later. Nothing was lost, so
    nothing hurt."""
    listener = lab.listen(80)
    lab.record()
    last_ack(lab, listener, 42080, lose=False)
    again(lab, listener, 42080)


@scenario("reuse/port-reused-too-soon", "linger")
def reused_after_abort(lab):
    """The client aborts (SO_LINGER 0), which skips TIME-WAIT, and connects from the same port."""
    listener = lab.listen(80)
    lab.record()
    near, far = lab.open(listener, 42081)
    exchange(near, far)
    abort(near)
    time.sleep(0.1)
    far.close()
    again(lab, listener, 42081)


@scenario("reuse/port-reused-too-soon", "tw-reuse")
def reused_by_sysctl(lab):
    """The client closed first and has one free port only; tcp_tw_reuse=1 lets it connect over its
    own TIME-WAIT after a second. Its SYN has a TSecr that is not zero."""
    lab.client.sysctl(tcp_tw_reuse=1, ip_local_port_range="42082 42082")
    listener = lab.listen(80)
    lab.record()
    near, far = lab.open(listener)
    exchange(near, far)
    finish(near, far)
    time.sleep(2.2)
    again(lab, listener, None)


@scenario("reuse/port-reused-too-soon", "look-alike")
def reused_too_soon_look_alike(lab):
    """The same port again after 65 s, when TIME-WAIT had ended."""
    listener = lab.listen(80)
    lab.record()
    near, far = lab.open(listener, 42083)
    exchange(near, far)
    finish(near, far)
    time.sleep(65)
    again(lab, listener, 42083)


def keep(lab, match):
    """Remembers the frames that match; the list of them."""
    kept = []
    lab.wire.react(match, lambda segment: kept.append(segment.copy()))
    return kept


@scenario("reuse/stale-segment", kind="rewritten", at="server")
def stale_segment(lab):
    """A data segment of the old incarnation of a 4-tuple is delivered a second time, in the middle
    of the new one, as if it had been held up on a long way. Its TSval is old: PAWS drops it and the
    server answers with an ACK."""
    listener = lab.listen(80)
    kept = keep(lab, from_client(has_data))
    lab.record()
    last_ack(lab, listener, 42180, lose=False)
    near, far = lab.open(listener, 42180)
    exchange(near, far)
    lab.wire.send("server", kept[0])
    time.sleep(0.1)
    exchange(near, far)
    finish(near, far)


@scenario("reuse/stale-segment", "old-syn", kind="rewritten", at="server")
def stale_syn(lab):
    """The old incarnation's SYN is delivered again after everything has closed: the listener
    answers SYN/ACK, the client knows nothing of it and resets."""
    listener = lab.listen(80)
    kept = keep(lab, from_client(is_syn))
    lab.record()
    last_ack(lab, listener, 42181, lose=False)
    time.sleep(0.2)
    lab.wire.send("server", kept[0])
    time.sleep(0.3)
    again(lab, listener, 42182)


@scenario("reuse/stale-segment", "look-alike", kind="rewritten", at="server")
def stale_segment_look_alike(lab):
    """A data segment of the *same* connection is delivered a second time 100 ms later: an ordinary
    duplicate, answered with a D-SACK. The 4-tuple was used before, too."""
    listener = lab.listen(80)
    lab.record()
    last_ack(lab, listener, 42183, lose=False)
    near, far = lab.open(listener, 42183)
    kept = keep(lab, from_client(has_data))
    exchange(near, far)
    time.sleep(0.1)
    lab.wire.send("server", kept[0])
    time.sleep(0.1)
    exchange(near, far)
    finish(near, far)


@scenario("reuse/time-wait-assassination", kind="rewritten", client="10.0.0.45",
          server="10.0.0.49")
def assassination(lab):
    """The client is in TIME-WAIT when an old data segment of the server is delivered again. The
    client answers ACK, the server, long closed, answers RST, and the RST ends TIME-WAIT after a
    fraction of its minute (RFC 1337)."""
    listener = lab.listen(80)
    kept = keep(lab, from_server(has_data))
    lab.record()
    near, far = lab.open(listener, 42280)
    exchange(near, far)
    finish(near, far)
    time.sleep(1)
    lab.wire.send("client", kept[0])
    time.sleep(0.3)


@scenario("reuse/time-wait-assassination", "look-alike")
def assassination_look_alike(lab):
    """A segment arrives in TIME-WAIT and is answered by ACK as well, but it is the server's FIN
    again, for the final ACK was lost; the ACK is welcome and no RST follows."""
    listener = lab.listen(80)
    lab.record()
    near, far = lab.open(listener, 42281)
    exchange(near, far)
    near.close()
    far.recv(1)
    time.sleep(0.02)
    lab.wire.drop(from_client(is_bare_ack), times=1)
    far.close()
    time.sleep(1)
