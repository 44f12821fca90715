"""Network namespaces: made, wired, entered and taken down again."""

import contextlib
import ctypes
import os
import subprocess

CLONE_NEWNET = 0x40000000
libc = ctypes.CDLL(None, use_errno=True)


def run(*words):
    """Runs a command; its error output becomes the exception's text."""
    done = subprocess.run(words, capture_output=True, text=True, timeout=30)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(words)}: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout


class Namespace:
    """One network namespace made by this program, with its loopback up."""

    def __init__(self, name):
        self.name = name
        run("ip", "netns", "add", name)
        self.handle = os.open(f"/run/netns/{name}", os.O_RDONLY | os.O_CLOEXEC)
        self.ip("link", "set", "lo", "up")

    def ip(self, *words):
        return run("ip", "-n", self.name, *words)

    def run(self, *words):
        return run("ip", "netns", "exec", self.name, *words)

    def nft(self, script):
        """Loads nftables rules, one command a line."""
        done = subprocess.run(["ip", "netns", "exec", self.name, "nft", "-f", "-"], text=True,
                              input=script, capture_output=True, timeout=30)
        if done.returncode != 0:
            raise RuntimeError(f"nft in {self.name}: {done.stderr.strip()}")

    def sysctl(self, **values):
        """Sets net.ipv4 values (`tcp_timestamps=0`), or others by their full dotted name."""
        with self.entered():
            for key, value in values.items():
                path = key.replace(".", "/") if "." in key else f"net/ipv4/{key}"
                with open(f"/proc/sys/{path}", "w") as file:
                    file.write(str(value))

    @contextlib.contextmanager
    def entered(self):
        """The calling thread lives in this namespace; sockets made here stay here."""
        home = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        _setns(self.handle)
        try:
            yield
        finally:
            _setns(home)
            os.close(home)

    def delete(self):
        os.close(self.handle)
        subprocess.run(["ip", "netns", "del", self.name], capture_output=True, timeout=30)


def _setns(handle):
    if libc.setns(handle, CLONE_NEWNET) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"setns: {os.strerror(number)}")


def cable(one, one_name, other, other_name, offloads=False):
    """A veth pair between two namespaces, up, with or without offloads."""
    run("ip", "link", "add", one_name, "netns", one.name, "type", "veth",
        "peer", "name", other_name, "netns", other.name)
    for space, name in ((one, one_name), (other, other_name)):
        # Nothing but the scenario's own segments: no router solicitations, no address detection.
        space.sysctl(**{f"net.ipv6.conf.{name}.accept_dad": 0,
                        f"net.ipv6.conf.{name}.router_solicitations": 0})
        if not offloads:
            space.run("ethtool", "-K", name, "tx", "off", "rx", "off", "sg", "off",
                      "tso", "off", "gso", "off", "gro", "off")
        space.ip("link", "set", name, "up")


def address(space, name, value):
    length = "64" if ":" in value else "24"
    space.ip("addr", "add", f"{value}/{length}", "dev", name, *(["nodad"] if ":" in value else []))


def hardware_address(space, name):
    words = space.ip("-o", "link", "show", name).split()
    return words[words.index("link/ether") + 1]


def acquaint(one, one_name, one_address, other, other_name, other_address):
    """Fixed neighbour entries, so that no ARP or neighbour discovery is needed."""
    one.ip("neigh", "replace", other_address, "lladdr", hardware_address(other, other_name),
           "dev", one_name, "nud", "permanent")
    other.ip("neigh", "replace", one_address, "lladdr", hardware_address(one, one_name),
             "dev", other_name, "nud", "permanent")
