# Moonstone. Licence: see LICENSE.
"""What was measured, beside what it should be: rows, and three ways to print them."""
import dataclasses
import json
import os
import pathlib
import statistics
import subprocess
import sys
import time

SYNCS = 200
BLOCK = b"x" * 4096
# The columns of numbers: key of the report, caption, decimals.
NUMBERS = [("p50_ms", "p50 ms", 2), ("p99_ms", "p99 ms", 2),
           ("server_cpu_us_per_request", "server µs", 1),
           ("generator_cpu_us_per_request", "generator µs", 1)]


@dataclasses.dataclass
class Row:
    what: str
    measured: str
    goal: str = ""
    is_reached: bool | None = None  # None: there is no goal
    facts: dict = dataclasses.field(default_factory=dict)

    def cells(self):
        numbers = [f"{self.facts[key]:,.{decimals}f}" if key in self.facts else ""
                   for key, _, decimals in NUMBERS]
        mark = {True: "ok", False: "MISSED", None: ""}[self.is_reached]
        return [self.what, self.goal, self.measured, *numbers, mark]


    def as_facts(self):
        return {"what": self.what, "goal": self.goal, "measured": self.measured,
                "reached": self.is_reached, **self.facts}


# Caption and width of each column of rows.
COLUMNS = [("what", 58), ("goal", 10), ("measured", 13),
           *((caption, max(9, len(caption) + 1)) for _, caption, _ in NUMBERS), ("reached", 7)]


def sync_ms(folder):
    """The median time of an fdatasync after a write of 4 KiB."""
    times = []
    with open(pathlib.Path(folder) / "sync", "wb", buffering=0) as file:
        for _ in range(SYNCS):
            file.write(BLOCK)
            begun = time.perf_counter()
            os.fdatasync(file.fileno())
            times.append(1000 * (time.perf_counter() - begun))
    return statistics.median(times)


def machine(folder):
    """The facts without which a figure means nothing, as one line."""
    root = pathlib.Path(__file__).resolve().parent
    commit = subprocess.run(["git", "describe", "--always", "--dirty"], cwd=root,
                            capture_output=True, text=True).stdout.strip()
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return ", ".join([
        time.strftime("%Y-%m-%d"), commit or "no commit",
        f"{os.cpu_count()} cores, {memory:.0f} GiB, Linux {os.uname().release.split('-')[0]}",
        f"median sync of 4 KiB {sync_ms(folder):.2f} ms",
        f"load average {os.getloadavg()[0]:.2f} before"])


class Text:
    def __init__(self, columns):
        self.columns = columns

    def head(self, line):
        print(line)
        self.add([caption for caption, _ in self.columns], {})

    def add(self, cells, _facts):
        (first, width), *rest = zip(cells, (width for _, width in self.columns))
        print(f"{first:{width}}", *(f"{cell:>{width}}" for cell, width in rest), flush=True)


class Markdown:
    def __init__(self, columns):
        self.captions = [caption for caption, _ in columns]

    def head(self, line):
        print(f"{line}:\n")
        print("| " + " | ".join(self.captions) + " |")
        print("|---|" + "---:|" * (len(self.captions) - 1))

    def add(self, cells, _facts):
        print("| " + " | ".join(cells) + " |", flush=True)


class Json:
    def __init__(self, _columns):
        pass

    def head(self, line):
        print(json.dumps({"machine": line}), flush=True)

    def add(self, _cells, facts):
        print(json.dumps(facts), flush=True)


def add_arguments(parser):
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--markdown", action="store_const", const=Markdown, dest="form",
                      help="a table for docs/performance.md")
    form.add_argument("--json", action="store_const", const=Json, dest="form",
                      help="one line of JSON per row, with all that the generator reports")
    parser.set_defaults(form=Text)


def warn_if_busy():
    if os.getloadavg()[0] > 0.5:
        print("bench: the machine is busy: only processor time per request means something",
              file=sys.stderr)
