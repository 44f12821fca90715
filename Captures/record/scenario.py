"""The list of scenarios, and what each promises of its capture."""

import itertools
from dataclasses import dataclass, field

ALL = []
_networks = itertools.count(1)


@dataclass
class Scenario:
    """One capture: how to make it, what must be found in it, what must not."""

    folder: str                 # group/diagnosis-id
    file: str                   # name without .pcap
    play: object                # function of a Lab, or of a path, for derived captures
    text: str
    kind: str = "recorded"      # recorded, rewritten, derived
    shows: list = field(default_factory=list)
    silent: list = field(default_factory=list)
    healthy: bool = False
    lab: dict = field(default_factory=dict)
    options: list = field(default_factory=list)     # arguments the program must be run with

    @property
    def name(self):
        return f"{self.folder}/{self.file}"

    @property
    def needs_lab(self):
        return self.kind in ("recorded", "rewritten")


def scenario(folder, file="capture", kind="recorded", shows=None, silent=(), healthy=False,
             options=(), **lab):
    """Registers a scenario. A look-alike is silent for its folder's id, others show it."""
    identifier = folder.split("/")[-1]
    look_alike = file.startswith("look-alike")
    if shows is None:
        shows = [] if look_alike or healthy else [identifier]
    silent = list(silent) or ([identifier] if look_alike else [])

    def register(play):
        number = next(_networks)
        lab.setdefault("client", f"10.0.{number}.5")
        lab.setdefault("server", f"10.0.{number}.9")
        text = " ".join((play.__doc__ or "").split())
        ALL.append(Scenario(folder, file, play, text, kind, list(shows), silent, healthy, lab,
                            list(options)))
        return play
    return register
