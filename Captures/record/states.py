"""The kernel's own record of socket states: the tracepoint sock:inet_sock_set_state."""

import os
import re
import time

TRACEFS = "/sys/kernel/tracing"
EVENT = re.compile(r"\s(\d+\.\d+): inet_sock_set_state: .*sport=(\d+) dport=(\d+) saddr=(\S+) "
                   r"daddr=(\S+) saddrv6=(\S+) daddrv6=(\S+) oldstate=TCP_(\w+) newstate=TCP_(\w+)")
NAMES = {"CLOSE": "CLOSED", "SYN_SENT": "SYN-SENT", "SYN_RECV": "SYN-RECEIVED",
         "NEW_SYN_RECV": "SYN-RECEIVED", "FIN_WAIT1": "FIN-WAIT-1", "FIN_WAIT2": "FIN-WAIT-2",
         "CLOSE_WAIT": "CLOSE-WAIT", "LAST_ACK": "LAST-ACK", "TIME_WAIT": "TIME-WAIT"}


def available():
    return os.path.isdir(f"{TRACEFS}/events/sock/inet_sock_set_state")


class StateTrace:
    """A trace instance of its own, so that several recordings can run at once."""

    def __init__(self, name):
        self.path = f"{TRACEFS}/instances/{name}"
        os.mkdir(self.path)
        # TAI is wall-clock time but for a whole number of seconds: the captures' clock.
        self._set("trace_clock", "tai")
        self._set("events/sock/inet_sock_set_state/filter", "protocol == 6")
        self._set("events/sock/inet_sock_set_state/enable", "1")
        self._set("tracing_on", "1")

    def _set(self, name, value):
        with open(f"{self.path}/{name}", "w") as file:
            file.write(value)

    def hold(self, megabytes):
        """Makes room for so much of the record on each processor."""
        self._set("buffer_size_kb", str(1024 * megabytes))

    def close(self):
        try:
            self._set("tracing_on", "0")
            self._set("events/sock/inet_sock_set_state/enable", "0")
            os.rmdir(self.path)
        except OSError:
            pass

    def transitions(self, addresses):
        """The state changes between or at these addresses, oldest first."""
        offset = round(time.clock_gettime(time.CLOCK_TAI) - time.clock_gettime(time.CLOCK_REALTIME))
        found = []
        with open(f"{self.path}/trace") as file:
            for line in file:
                match = EVENT.search(line)
                if not match:
                    continue
                at, sport, dport, source, destination, source6, destination6, old, new = match.groups()
                # An IPv4 socket shows as ::ffff:a.b.c.d in the IPv6 fields; an IPv6 one as 0.0.0.0 in
                # the others, or as 127.0.0.6 where a listener made it.
                if source6.startswith("::ffff:"):
                    local, remote = source, destination
                else:
                    local, remote = source6, destination6
                if local not in addresses and remote not in addresses:
                    continue
                found.append({"time": round(float(at) - offset, 6), "local": endpoint(local, sport),
                              "remote": endpoint(remote, dport), "from": name(old), "to": name(new)})
        return sorted(found, key=lambda row: row["time"])


def endpoint(address, port):
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def name(state):
    return NAMES.get(state, state)
