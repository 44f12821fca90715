"""The capture itself: group F of the catalogue. Most are derived from other recordings."""

import os

import pcapfile
from lab import exchange, finish
from scenario import scenario

HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def derived(folder, file, source, **promises):
    """A capture made of another one by a function from records to records."""
    def register(how):
        def play(target):
            link, records = pcapfile.read(f"{HERE}/{source}.pcap")
            pcapfile.write(target, how(records), link)
        play.__doc__ = how.__doc__ + f" Made of `{source}.pcap`."
        return scenario(folder, file, kind="derived", **promises)(play)
    return register


def by_client(record):
    return record.segment.source.endswith(".5")


@derived("healthy", "cut-final-ack", "healthy/client-close", healthy=True)
def cut_final_ack(records):
    """The capture was stopped just before the final ACK: nobody can say that it was missing."""
    return records[:-1]


@derived("healthy", "headers-only", "healthy/http-exchange", healthy=True)
def headers_only(records):
    """Headers only, as with a snap length of 66."""
    return [record.cut(66) for record in records]


@derived("capture/capture-one-sided", "capture", "healthy/client-close")
def one_sided(records):
    """Only the client's frames, as on an asymmetric path or with a filter on the source."""
    return [record for record in records if by_client(record)]


@derived("capture/capture-one-sided", "server-only", "healthy/http-exchange")
def one_sided_server(records):
    """Only the server's frames."""
    return [record for record in records if not by_client(record)]


@derived("capture/capture-one-sided", "look-alike", "setup/syn-unanswered/capture")
def one_sided_look_alike(records):
    """Only the client's frames too, but because nobody answered: SYN upon SYN, no sign that the
    client ever heard anything."""
    return records


@derived("capture/capture-gaps", "capture", "healthy/http-exchange")
def gaps(records):
    """The capturing host lost two data segments and an ACK; the client acknowledged all of it."""
    return [record for number, record in enumerate(records, 1) if number not in (8, 11, 12)]


LOST_END = ("close-wait-leak", "fin-wait-2-orphan", "fin-unanswered", "missing-final-ack")


@derived("capture/capture-gaps", "first-fin", "healthy/client-close", shows=[], silent=LOST_END)
def first_fin_gap(records):
    """The capturing host lost the client's FIN: the server's FIN acknowledges it, and the client goes
    on behind it."""
    return [record for number, record in enumerate(records, 1) if number != 12]


@derived("capture/capture-gaps", "second-fin", "healthy/server-close", shows=[], silent=LOST_END)
def second_fin_gap(records):
    """The capturing host lost the second FIN, the client's: only the server's ACK of it is there."""
    return [record for number, record in enumerate(records, 1) if number != 15]


@derived("capture/capture-gaps", "look-alike", "healthy/loss-and-recovery")
def gaps_look_alike(records):
    """A hole in the data as well, but the network lost the segment: it is asked for with SACK, sent
    again and seen."""
    return records


@scenario("capture/capture-duplicates", topology="router", at="router", client="10.6.0.5",
          server="10.7.0.9")
def duplicates(lab):
    """Captured on a router with `-i any`: every packet once when it comes in and once when it goes
    out, the TTL one less."""
    listener = lab.listen(80)
    lab.record()
    near, far = lab.open(listener, 46000)
    exchange(near, far, 2)
    finish(near, far)


@derived("capture/capture-duplicates", "mirror", "healthy/server-close")
def mirror(records):
    """A switch mirrors both the port where a frame enters and the one where it leaves: each frame
    twice, three microseconds apart, the same to the last byte."""
    return [copy for record in records for copy in (record, record.later(3_000))]


@derived("capture/capture-duplicates", "look-alike", "healthy/duplicate")
def duplicates_look_alike(records):
    """Three data segments come twice, for the network delivered them twice: only they, and the
    receiver answers each copy with a D-SACK."""
    return records


@derived("capture/capture-midstream", "capture", "healthy/server-close")
def midstream(records):
    """The capture began in mid-connection: no handshake was seen."""
    return records[4:]


@derived("capture/capture-midstream", "look-alike", "healthy/no-timestamps")
def midstream_look_alike(records):
    """The handshake was captured, but its SYN/ACK stands before the SYN in the file (two queues of
    one network card): the connection was seen from its beginning."""
    return [records[1], records[0], *records[2:]]


@derived("capture/capture-time-disorder", "capture", "healthy/client-close")
def disorder(records):
    """Frames of two queues written one after the other: their times go back by up to a
    millisecond, three times."""
    frames = list(records)
    for at in (2, 6, 9):
        frames[at], frames[at + 1] = frames[at + 1], frames[at]
    return frames


@derived("capture/capture-time-disorder", "late-fin", "healthy/client-close",
         silent=("simultaneous-close",))
def disorder_of_fins(records):
    """The client's FIN stands behind the server's, which answers it: the numbers tell the order."""
    return [*records[:11], records[12], records[11], *records[13:]]


@derived("capture/capture-time-disorder", "look-alike", "healthy/reorder")
def disorder_look_alike(records):
    """Segments out of order on the network; the times of the capture only go forward."""
    return records


@scenario("healthy", "both-sides-of-nat", healthy=True, topology="router", at="router",
          client="10.8.0.5", server="198.51.100.59")
def both_sides_of_nat(lab):
    """Captured with `-i any` on a router that masquerades: each connection is there twice, once with
    the client's address and once with the router's."""
    lab.router.nft("""
        add table ip nat
        add chain ip nat out { type nat hook postrouting priority 100; }
        add rule ip nat out oifname "server" masquerade random
    """)
    listener = lab.listen(443)
    lab.record()
    for source_port in (46100, 46101):
        near, far = lab.open(listener, source_port)
        exchange(near, far, 2)
        finish(near, far)
