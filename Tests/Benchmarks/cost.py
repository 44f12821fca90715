"""What the scripts here share: building, generated captures, and what a command costs."""
import os
import statistics
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
REPOSITORY = os.path.dirname(os.path.dirname(HERE))
SCRATCH = os.environ.get("BENCHMARKS_SCRATCH", os.path.join(HERE, ".build"))
CAPTURES = os.path.join(SCRATCH, "captures")


def built(name):
    """A program of this package, up to date."""
    subprocess.run(
        ["swift", "build", "-q", "-c", "release", "--package-path", HERE, "--scratch-path", SCRATCH,
         "--product", name],
        check=True, stdout=sys.stderr)
    return os.path.join(SCRATCH, "release", name)


def capture(generator, mode, **options):
    """A generated capture, made once."""
    words = [f"--{name.replace('_', '-')}={value}" for name, value in options.items()]
    os.makedirs(CAPTURES, exist_ok=True)
    path = os.path.join(CAPTURES, "".join([mode, *words]).replace("=", "-") + ".pcap")
    if not os.path.exists(path):
        subprocess.run([generator, mode, *words, "--output", path + ".part"], check=True)
        os.replace(path + ".part", path)
    return path


class Cost:
    """Seconds of CPU and of the clock, and the most memory, in bytes, of one run."""

    def __init__(self, command):
        started = os.times().elapsed
        child = os.fork()
        if child == 0:
            null = os.open(os.devnull, os.O_RDWR)
            for descriptor in (0, 1):
                os.dup2(null, descriptor)
            try:
                os.execvp(command[0], command)
            finally:
                os._exit(127)
        _, status, usage = os.wait4(child, 0)
        if status != 0:
            sys.exit(f"{' '.join(command)}: status {status}")
        self.elapsed = os.times().elapsed - started
        self.cpu = usage.ru_utime + usage.ru_stime
        self.memory = usage.ru_maxrss * 1024


class Ratio:
    """Medians of a command's costs over those of the yardstick, run right before it each time."""

    def __init__(self, command, reference, rounds):
        pairs = [(Cost(reference), Cost(command)) for _ in range(rounds + 1)][1:]
        self.cpu = statistics.median(ours.cpu / base.cpu for base, ours in pairs)
        self.elapsed = statistics.median(ours.elapsed / base.elapsed for base, ours in pairs)
        self.seconds = statistics.median(ours.cpu for _, ours in pairs)
        self.memory = max(ours.memory for _, ours in pairs)
