"""How the connections of lossy.py end: each manner is a list of ways, of which one is drawn for each."""

import contextlib
import socket
import threading
import time

from lab import abort, receive

# Seconds that an end waits for what a lost RST will never bring.
PATIENCE = 1


def hear(one, count, patience=20):
    """Waits for the other's end, a RST or the end of patience."""
    one.settimeout(patience)
    with contextlib.suppress(OSError):
        receive(one, count)


def closing(first, second, choice):
    """close(), and the other after a while."""
    first.close()
    hear(second, 1)
    time.sleep(choice.random() * 0.02)
    second.close()


def half_closing(first, second, choice):
    """shutdown(): its FIN-WAIT-2 stays a socket's, so that the record shows when the other's FIN arrives."""
    first.shutdown(socket.SHUT_WR)
    hear(second, 1)
    time.sleep(choice.random() * 0.02)
    if choice.random() < 0.5:
        second.sendall(b"." * choice.randrange(1, 3000))
    second.close()
    hear(first, 1 << 20)
    first.close()


def crossing(first, second, choice):
    """FINs may cross, or just not."""
    first.shutdown(socket.SHUT_WR)
    time.sleep(choice.random() * 0.003)
    second.shutdown(socket.SHUT_WR)
    hear(first, 1)
    hear(second, 1)
    first.close()
    second.close()


def at_once(first, second, choice):
    """Both close in the same moment, with data on the way or not."""
    barrier = threading.Barrier(2)
    if choice.random() < 0.3:
        first.sendall(b"!" * choice.randrange(1, 2000))
    if choice.random() < 0.3:
        second.sendall(b"!" * choice.randrange(1, 2000))

    def shut(one):
        barrier.wait()
        one.shutdown(socket.SHUT_WR)

    thread = threading.Thread(target=shut, args=(second,))
    thread.start()
    shut(first)
    thread.join()
    for one in (first, second):
        hear(one, 1 << 20)
        one.close()


def going_on(first, second, choice):
    """One closes its half, the other goes on sending for a while."""
    first.shutdown(socket.SHUT_WR)
    hear(second, 1)
    for _ in range(choice.randrange(1, 8)):
        time.sleep(choice.random() * 0.1)
        second.sendall(b"." * choice.randrange(1, 5000))
    if choice.random() < 0.3:
        second.shutdown(socket.SHUT_WR)
        hear(first, 1 << 20)
        first.close()
        second.close()
    else:
        second.close()
        hear(first, 1 << 20)
        first.close()


def aborting(first, second, choice):
    """SO_LINGER 0 after the last answer."""
    abort(first)
    hear(second, 1, PATIENCE)
    second.close()


def aborting_sender(first, second, choice):
    """The same with data on the way that is not acknowledged yet."""
    first.sendall(b"!" * choice.randrange(1, 20_000))
    abort(first)
    hear(second, 1 << 20, PATIENCE)
    second.close()


def aborting_second(first, second, choice):
    """One closes its half, the other aborts."""
    first.shutdown(socket.SHUT_WR)
    hear(second, 1, PATIENCE)
    time.sleep(choice.random() * 0.02)
    abort(second)
    hear(first, 1 << 20, PATIENCE)
    first.close()


def aborting_half(first, second, choice):
    """One closes its half and aborts while the other goes on sending."""
    first.shutdown(socket.SHUT_WR)
    hear(second, 1, PATIENCE)
    with contextlib.suppress(OSError):
        second.sendall(b"." * choice.randrange(1, 3000))
    time.sleep(choice.random() * 0.01)
    abort(first)
    time.sleep(choice.random() * 0.05)
    with contextlib.suppress(OSError):
        second.sendall(b".")
    hear(second, 1, PATIENCE)
    second.close()


def unread(first, second, choice):
    """close() of a socket in which data lies that nobody has read: the kernel aborts."""
    second.sendall(b"." * choice.randrange(1, 3000))
    time.sleep(0.01 + choice.random() * 0.05)
    first.close()
    hear(second, 1, PATIENCE)
    second.close()


MANNERS = {
    "mixed": [crossing] + 4 * [half_closing] + 5 * [closing],
    "abort": [aborting, aborting_sender, aborting_second, aborting_half, unread],
    "half-close": [going_on],
    "simultaneous": [at_once],
}

# What a manner is called when it is told of.
FINDINGS = {
    "abort": {"rst-close", "rst-after-fin"},
    "half-close": {"half-close"},
}
