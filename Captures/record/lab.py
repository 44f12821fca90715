"""One recording: namespaces, a path, tcpdump, and the sockets that a scenario plays with."""

import contextlib
import os
import re
import signal
import socket
import subprocess
import tempfile
import time

import states
from netns import Namespace, acquaint, address, cable, hardware_address
from wire import Wire

SNAPLEN = 128
# Neighbour discovery and the like are no part of any scenario; ICMP errors are.
FILTER = "tcp or icmp or (icmp6 and ip6[40] < 128)"
TCP_REPAIR, TCP_REPAIR_ON = 19, 1


class Lab:
    """What a scenario is given. `topology` is wire, direct or router; `at` says where tcpdump
    listens: client, server, lo (the client's loopback), router."""

    def __init__(self, tag, client, server, topology="wire", at="client", offloads=False,
                 snaplen=SNAPLEN):
        self.client_address, self.server_address = client, server
        self.addresses = {client, server}
        self.family = socket.AF_INET6 if ":" in client else socket.AF_INET
        self.wire, self.sniffer, self.trace = None, None, None
        self.router, self._sockets, self._spaces, self._stop = None, [], {}, contextlib.ExitStack()
        self.folder = tempfile.mkdtemp(prefix="record-")
        self.snaplen = snaplen
        try:
            for side in ("client", "server"):
                self.add_space(side, f"{tag}-{side}")
            self.client, self.server = self._spaces["client"], self._spaces["server"]
            getattr(self, f"_{topology}")(tag, offloads)
            if states.available():
                self.trace = states.StateTrace(tag)
            self.place = {"client": (self.client, "eth0"), "server": (self.server, "eth0"),
                          "lo": (self.client, "lo"), "router": (self.router, "any")}[at]
        except BaseException:
            self.close()
            raise

    def add_space(self, side, name):
        self._spaces[side] = space = Namespace(name)
        return space

    def _direct(self, tag, offloads):
        cable(self.client, "eth0", self.server, "eth0", offloads)
        self._meet(self.client, "eth0", self.client_address, self.server, "eth0", self.server_address)

    def _wire(self, tag, offloads):
        middle = self.add_space("path", f"{tag}-path")
        middle.sysctl(**{"net.ipv6.conf.all.disable_ipv6": 1, "net.ipv6.conf.default.disable_ipv6": 1})
        cable(self.client, "eth0", middle, "client", offloads)
        cable(self.server, "eth0", middle, "server", offloads)
        self._meet(self.client, "eth0", self.client_address, self.server, "eth0", self.server_address)
        self.wire = Wire(middle)
        self.ethernet = bytes.fromhex((hardware_address(self.server, "eth0")
                                       + hardware_address(self.client, "eth0")).replace(":", ""))

    def _router(self, tag, offloads):
        """Client and server in networks of their own; the router's addresses end in .1."""
        self.router = self.add_space("router", f"{tag}-router")
        self.router.sysctl(ip_forward=1, **{"net.ipv6.conf.all.forwarding": 1})
        for side in ("client", "server"):
            self.attach(side, getattr(self, f"{side}_address"), offloads)

    def attach(self, side, own, offloads=False):
        """Puts the namespace `side` behind the router."""
        space, gateway = self._spaces[side], own[:max(own.rfind("."), own.rfind(":")) + 1] + "1"
        cable(space, "eth0", self.router, side, offloads)
        self._meet(space, "eth0", own, self.router, side, gateway)
        space.ip("route", "add", "default", "via", gateway)
        self.addresses.add(own)

    def _meet(self, one, one_name, one_address, other, other_name, other_address):
        address(one, one_name, one_address)
        address(other, other_name, other_address)
        acquaint(one, one_name, one_address, other, other_name, other_address)

    def also(self, side, own):
        """A second address for the client or the server."""
        one, other = (self.client, self.server) if side == "client" else (self.server, self.client)
        address(one, "eth0", own)
        other.ip("neigh", "replace", own, "lladdr", hardware_address(one, "eth0"), "dev", "eth0",
                 "nud", "permanent")
        self.addresses.add(own)

    def spoofed_route(self, network):
        """The server's answers to `network` reach the client's host, which ignores them."""
        self.server.ip("route", "add", network, "via", self.client_address, "dev", "eth0")

    # Recording.

    def record(self):
        """Starts tcpdump; scenarios call it when what they want to show begins."""
        space, name = self.place
        self.path = os.path.join(self.folder, "capture.pcap")
        self.sniffer = subprocess.Popen(
            ["ip", "netns", "exec", space.name, "tcpdump", "-Z", "root", "-U", "-n", "-i", name,
             "--immediate-mode", "--time-stamp-precision=nano", "-s", str(self.snaplen),
             "-w", self.path, FILTER], stderr=subprocess.PIPE, text=True)
        for line in self.sniffer.stderr:
            if "listening on" in line:
                return
        raise RuntimeError("tcpdump did not start")

    def stop(self):
        """Ends tcpdump; the capture's path. Fails if tcpdump lost frames."""
        time.sleep(0.3)
        self.sniffer.send_signal(signal.SIGINT)
        said = self.sniffer.communicate(timeout=10)[1]
        self.sniffer = None
        lost = re.search(r"(\d+) packets? dropped by kernel", said)
        if lost and lost.group(1) != "0":
            raise RuntimeError(f"tcpdump lost {lost.group(1)} frames")
        return self.path

    def close(self):
        for one in self._sockets:
            with contextlib.suppress(OSError):
                one.close()
        if self.sniffer:
            self.sniffer.kill()
            self.sniffer.wait()
        if self.wire:
            self.wire.close()
        if self.trace:
            self.trace.close()
        for space in self._spaces.values():
            space.delete()
        subprocess.run(["rm", "-r", "--", self.folder])

    # Sockets.

    def socket(self, side="client", port=None, address=None, **options):
        """A TCP socket in a namespace, bound to `port` if one is named."""
        with self._spaces[side].entered():
            one = socket.socket(self.family, socket.SOCK_STREAM)
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for name, value in options.items():
            level = socket.SOL_SOCKET if name.startswith("SO_") else socket.IPPROTO_TCP
            one.setsockopt(level, getattr(socket, name), value)
        if port is not None or address:
            one.bind((address or "", port or 0))
        one.settimeout(20)
        self._sockets.append(one)
        return one

    def listen(self, port, backlog=16, side="server", **options):
        one = self.socket(side, port, **options)
        one.listen(backlog)
        return one

    def connect(self, port, source_port=None, side="client", timeout=20, source=None, to=None,
                **options):
        one = self.socket(side, source_port, source, **options)
        one.settimeout(timeout)
        try:
            one.connect((to or self.server_address, port))
        except OSError:
            one.close()
            self.forget(one)
            raise
        one.settimeout(20)
        return one

    def accept(self, listener):
        one = listener.accept()[0]
        one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        one.settimeout(20)
        self._sockets.append(one)
        return one

    def forget(self, *sockets):
        """Closed sockets need no care any more."""
        for one in sockets:
            self._sockets.remove(one)

    def open(self, listener, source_port=None, **options):
        """A connection, both ends of it."""
        near = self.connect(listener.getsockname()[1], source_port, **options)
        return near, self.accept(listener)

    def try_connect(self, *words, **options):
        """The same, where failing is part of the scenario; the socket or None."""
        with contextlib.suppress(OSError):
            return self.connect(*words, **options)
        return None

    def later(self, port=7777, source_port=47777):
        """Another connection, elsewhere: shows that the capture still ran."""
        near, far = self.open(self.listen(port), source_port)
        exchange(near, far)
        finish(near, far)


def vanish(one):
    """Closes a socket without a packet, as if its host had crashed (TCP_REPAIR)."""
    one.setsockopt(socket.IPPROTO_TCP, TCP_REPAIR, TCP_REPAIR_ON)
    one.close()


def abort(one):
    """Closes with linger 0: RST instead of FIN."""
    one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    one.close()


def receive(one, count):
    """Exactly `count` bytes, or what came before the end."""
    data = b""
    while len(data) < count:
        more = one.recv(count - len(data))
        if not more:
            break
        data += more
    return data


def exchange(near, far, rounds=1, request=b"GET / HTTP/1.1\r\n\r\n",
             answer=b"HTTP/1.1 204 No Content\r\n\r\n", pause=0.01):
    """Requests from `near`, answers from `far`, one after the other."""
    for _ in range(rounds):
        near.sendall(request)
        receive(far, len(request))
        far.sendall(answer)
        receive(near, len(answer))
        time.sleep(pause)


def finish(first, second, pause=0.02):
    """An orderly close: `first` closes, `second` reads the end and closes as well."""
    first.close()
    with contextlib.suppress(OSError):
        while second.recv(65536):
            pass
    time.sleep(pause)
    second.close()
    time.sleep(pause)
