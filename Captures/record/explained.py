"""Gaps after which a state is told that the kernel was not in, because the packets left do not tell better:
case by case, with the reason. What is told then must not be told as proved.

gaps.py fails when something does not hold that is not here, and when something here holds by now.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Case:
    # The end of the capture's path.
    capture: str
    # The frame that is taken out.
    frame: int
    # The end about which a wrong state is told.
    end: str
    why: str


REFUSED = ("the server did not take the ACK that completes the handshake, for its accept queue was full; "
           "only the RST that is missing told so")
EXPIRED = ("the server took neither the handshake's ACK nor the data that came again and again, and the request "
           "expired; it had acknowledged nothing after its last SYN,ACK, which a path that loses the data "
           "looks like too, and the RST that told so is missing")

CASES = [
    *(Case("lab/acceptq_overflow_abort.pcap", frame, "10.77.26.2:8080", REFUSED)
      for frame in range(43, 48)),
    *(Case("lab/acceptq_overflow_drop.pcap", frame, "10.77.25.2:8080", EXPIRED) for frame in (104, 105)),
]


def find(capture, frame, end):
    return next((case for case in CASES if capture.endswith("/" + case.capture)
                 and (case.frame, case.end) == (frame, end)), None)
