"""The captures that a program of these folders works on."""
import os


def captures(paths):
    """Files named, and all captures below folders named, in order."""
    for path in paths:
        if os.path.isfile(path):
            yield path
        for folder, folders, names in sorted(os.walk(path)):
            folders.sort()
            for name in sorted(names):
                if ".pcap" in name or name.endswith(".cap"):
                    yield os.path.join(folder, name)
