"""The path between client and server: a userspace bridge that loses, delays, copies, changes.

It stands in a namespace of its own between two veth pairs and hands every frame on, unless a
rule says otherwise. Rules are asked in order; the first that matches decides.
"""

import heapq
import itertools
import os
import select
import socket
import threading
import time

from segment import Segment

ETH_P_ALL = 3
SOL_PACKET, PACKET_IGNORE_OUTGOING = 263, 23
OTHER = {"client": "server", "server": "client"}


class Wire(threading.Thread):
    """Forwards between the interfaces `client` and `server` of the namespace `space`."""

    def __init__(self, space):
        super().__init__(daemon=True)
        self.ends = {}
        with space.entered():
            for side in OTHER:
                end = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
                end.setsockopt(SOL_PACKET, PACKET_IGNORE_OUTGOING, 1)
                end.bind((side, 0))
                self.ends[side] = end
        self.lag = {"client": 0.0, "server": 0.0}
        self.seen = []
        self.remembers = True   # whether `seen` grows; `wait` needs it
        self.changed = threading.Condition()
        self._rules, self._queue, self._order = [], [], itertools.count()
        self._wake, self._woken = os.pipe()  # read end, write end
        self._running = True
        self.start()

    # Rules. `match` is asked with a Segment that also knows its `side` (who sent it).

    def drop(self, match, times=None):
        """Loses what matches, the first `times` times."""
        return self._rule(match, times, lambda segment: [])

    def change(self, match, how, times=None):
        """Lets `how` alter what matches; checksums are made right again."""
        def verdict(segment):
            how(segment)
            return [(0, segment.frame())]
        return self._rule(match, times, verdict)

    def delay(self, match, seconds, times=None):
        return self._rule(match, times, lambda segment: [(seconds, segment.raw)])

    def duplicate(self, match, seconds, times=None):
        """Hands on what matches at once and again after `seconds`."""
        return self._rule(match, times, lambda segment: [(0, segment.raw), (seconds, segment.raw)])

    def react(self, match, action, times=None, lose=False):
        """Calls `action` with what matches, then hands it on or loses it."""
        def verdict(segment):
            action(segment)
            return [] if lose else [(0, segment.raw)]
        return self._rule(match, times, verdict)

    def clear(self):
        """Takes all rules away: from here on the path is perfect."""
        with self.changed:
            self._rules.clear()

    def send(self, towards, segment, after=0.0):
        """Puts a segment of our own on the wire."""
        self._put(OTHER[towards], after, segment.frame())
        os.write(self._woken, b".")

    def wait(self, match, timeout=5.0, count=1):
        """The `count`-th segment that matched and reached the wire; waits for it, not for ever."""
        def found():
            return [segment for segment in self.seen if match(segment)]
        with self.changed:
            self.changed.wait_for(lambda: len(found()) >= count, timeout)
            matches = found()
        if len(matches) < count:
            raise TimeoutError("the wire never saw the segment this scenario waits for")
        return matches[count - 1]

    def close(self):
        self._running = False
        os.write(self._woken, b".")
        self.join(5)
        for end in self.ends.values():
            end.close()
        os.close(self._wake)
        os.close(self._woken)

    def _rule(self, match, times, verdict):
        rule = [match, times, verdict]
        with self.changed:
            self._rules.append(rule)
        return rule

    def _verdict(self, side, frame):
        segment = Segment.parse(frame)
        if segment is None:
            return [(0, frame)]
        segment.side, segment.raw = side, frame
        with self.changed:
            if self.remembers:
                self.seen.append(segment)
            for rule in self._rules:
                match, times, verdict = rule
                if times == 0 or not match(segment):
                    continue
                if times is not None:
                    rule[1] = times - 1
                result = verdict(segment)
                break
            else:
                result = [(0, frame)]
            self.changed.notify_all()
        return result

    def _put(self, side, after, frame):
        heapq.heappush(self._queue, (time.monotonic() + after, next(self._order), side, frame))

    def run(self):
        ends = {end: side for side, end in self.ends.items()}
        while self._running:
            rest = self._queue[0][0] - time.monotonic() if self._queue else 1.0
            ready, _, _ = select.select([*ends, self._wake], [], [], max(0.0, rest))
            for end in ready:
                if end == self._wake:
                    os.read(end, 4096)
                    continue
                side = ends[end]
                for after, frame in self._verdict(side, end.recv(65536)):
                    self._put(side, after + self.lag[side], frame)
            while self._queue and self._queue[0][0] <= time.monotonic():
                _, _, side, frame = heapq.heappop(self._queue)
                self.ends[OTHER[side]].send(frame)
