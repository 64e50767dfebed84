# Moonstone. Licence: see LICENSE.
"""The measurements behind the table of docs/performance.md, in groups. Each yields rows."""
import json
import pathlib
import statistics
import subprocess
import tempfile
import time

from server import Server
from table import Row

SCENARIO_S_MAX = 600
SEED_S = 0.01
STARTS = 5
# Threads of a tenant that nobody asks anything give up their isolates after five seconds.
TENANT_IDLE_S = 8
TENANTS = 20
SLOW_SYNC_MS = 2


def at_least(bound, unit="/s"):
    return f"≥ {bound:,}{unit}", lambda value: value >= bound


def at_most(bound, unit):
    return f"≤ {bound:,}{unit}", lambda value: value <= bound


def row(what, measured, value=None, goal=None, **facts):
    if goal is None:
        return Row(what, measured, facts=facts)
    text, is_reached = goal
    return Row(what, measured, text, is_reached(value), facts)


class Failed(Exception):
    """A program that measures has ended without a result, and says why."""


def run_json(command):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True,
                          timeout=SCENARIO_S_MAX)
    if done.returncode != 0:
        raise Failed(done.stderr.strip() or f"{' '.join(map(str, command))}: {done.returncode}")
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


class Bench:
    """`folder`: on the disk that is measured. Each group has a server and a database of its own."""

    def __init__(self, build, folder, seconds):
        self.build = build
        self.folder = pathlib.Path(folder)
        self.seconds = seconds

    def server(self, **options):
        return Server(self.build / "bin" / "moonstone", tempfile.mkdtemp(dir=self.folder),
                      **options)

    def load(self, server, scenario, *options, seconds=None):
        return run_json([self.build / "bench" / "load", scenario, *options, "--url", server.url,
                         "--pid", server.pid, "--seconds", seconds or self.seconds, "--json"])[0]

    # --- groups -----------------------------------------------------------------------------------

    def engine(self):
        """The engine without JavaScript beside raw prepared statements."""
        folder = tempfile.mkdtemp(dir=self.folder)
        pairs = run_json([self.build / "bench" / "against_raw", folder, self.seconds])
        goals = {"insert": at_least(80, " %"), "point read": at_least(77, " %")}
        for pair in pairs:
            share = 100 * pair["engine_per_second"] / pair["raw_per_second"]
            yield row(f"engine {pair['scenario']}, of raw prepared statements", f"{share:.0f} %",
                      share, goals.get(pair["scenario"]), **pair)

    def start(self):
        """Until the first query is answered, and what a process takes then."""
        for how, bound in (("start", 100), ("dev", 600)):
            server = self.server(how=how)
            times, sizes = [], []
            for _ in range(1 + STARTS):  # the first one makes bundle and database
                times.append(1000 * server.start())
                sizes.append(server.resident_mib())
                server.stop()
            ms = statistics.median(times[1:])
            yield row(f"moonstone {how} to the first answer, warm bundle", f"{ms:.0f} ms", ms,
                      at_most(bound, " ms"), ms=ms)
            if how == "start":
                mib = statistics.median(sizes)
                yield row("memory of a process with an empty database", f"{mib:.0f} MiB", mib,
                          at_most(90, " MiB"), mib=mib)

    def memory(self):
        """Before anything else has run: what a server has used and keeps would hide a part."""
        with self.server() as server:
            server.query("counters:value", {}, tenant="first")
            before = server.resident_mib()
            for number in range(TENANTS):
                server.query("counters:value", {}, tenant=f"t{number}")
            time.sleep(TENANT_IDLE_S)
            each = (server.resident_mib() - before) / TENANTS
            yield row("memory of an open tenant, idle", f"{each:.1f} MiB", each, at_most(2, " MiB"),
                      mib=each)
        with self.server() as server:
            facts = self.load(server, "idle-memory", "--connections", 10_000, seconds=1)
            kib = facts["bytes_per_connection"] / 1024
            yield row("memory of an idle socket, 10,000 of them", f"{kib:.1f} KiB", kib,
                      at_most(8, " KiB"), **facts)

    def requests(self):
        """As fast as 160 sockets get their answers."""
        goals = {"query-10-equal": at_least(25_000), "query-10-distinct": at_least(12_000),
                 "insert": at_least(12_000)}
        with self.server() as server:
            for scenario, what in (
                    ("query-10-equal", "query of 10 documents, equal arguments"),
                    ("query-10-distinct", "query of 10 documents, distinct arguments"),
                    ("query-100-equal", "query of 100 documents, equal arguments"),
                    ("query-100-distinct", "query of 100 documents, distinct arguments"),
                    ("insert", "durable insert of one document"),
                    ("counter", "increment of one counter")):
                facts = self.load(server, scenario)
                yield rate_row(f"{what}, 160 sockets", facts, goals.get(scenario))
            facts = self.load(server, "counter", "--connections", 1_000)
            yield rate_row("increment of one counter, 1,000 sockets", facts)

    def sync(self):
        """What group commit makes of a slow disk."""
        slow = {"LD_PRELOAD": str(self.build / "bench" / "slow_sync.so"),
                "BENCH_SYNC_MS": str(SLOW_SYNC_MS)}
        with self.server(environment=slow) as server:
            facts = self.load(server, "insert")
            yield rate_row(f"insert with {SLOW_SYNC_MS} ms added to each sync, 160 sockets", facts,
                           at_least(8_000))

    def contention(self):
        """Transfers between 100,000 accounts, in turns, so that both meet the same machine."""
        sums = {"transfer-uniform": [], "transfer-contended": []}
        with self.server() as server:
            for _ in range(2):
                for scenario, found in sums.items():
                    found.append(self.load(server, scenario))
        rates = {}
        for scenario, found in sums.items():
            rates[scenario] = statistics.mean(facts["per_second"] for facts in found)
            yield rate_row(scenario.replace("-", ", ") + ", 160 sockets", found[-1])
        ratio = rates["transfer-contended"] / rates["transfer-uniform"]
        yield row("contended against uniform transfers", f"{ratio:.2f}", ratio,
                  at_least(0.95, ""), ratio=ratio)

    def fan_out(self):
        """From the write until the last subscriber has heard."""
        with self.server() as server:
            for count, goal in ((1, None), (100, None), (500, at_most(4, " ms")),
                                (10_000, at_most(70, " ms"))):
                facts = self.load(server, "fan-out", "--subscriptions", count)
                whom = "one subscriber" if count == 1 else f"{count:,} subscribers"
                yield row(f"one write to {whom}, last push",
                          f"{facts['p50_ms']:.1f} ms", facts["p50_ms"], goal, **facts)

    def subscriptions(self):
        """What a write costs beside subscriptions that it does not touch: half of them ranges."""
        with self.server() as server:
            self.load(server, "query-10-equal", seconds=SEED_S)
            alone = []
            for count in (0, 10_000, 100_000, 0):
                facts = self.load(server, "none-touched", "--subscriptions", count)
                if count == 0:
                    alone.append(facts)
                    continue
                yield row(f"write that touches none of {count:,} subscriptions",
                          f"{facts['p50_ms']:.2f} ms", **facts)
                last = facts
            for key, what in (("p50_ms", "p50"), ("server_cpu_us_per_request", "processor time")):
                ratio = last[key] / statistics.mean(facts[key] for facts in alone)
                yield row(f"the last one against no subscriptions, {what}", f"{ratio:.2f}", ratio,
                          at_most(1.05, ""), ratio=ratio)
            for count in (10_000, 100_000):
                facts = self.load(server, "one-touched", "--subscriptions", count)
                is_exact = facts["pushes"] == facts["answers"]
                yield row(f"write that touches one of {count:,} subscriptions",
                          f"{facts['pushes'] / facts['answers']:.0f} push", is_exact,
                          ("1 push", bool), **facts)

    def storm(self):
        with self.server() as server:
            self.load(server, "query-10-equal", seconds=SEED_S)
            facts = self.load(server, "reconnect-storm", "--connections", 5_000)
            yield row("5,000 sockets lost at once, until all have their result again",
                      f"{facts['max_ms']:,.0f} ms", **facts)

    def neighbours(self):
        """200 mutations per second of 16 sockets, each of which touches the neighbour."""
        for scenario, what in (("beside-slow-subscriber", "a socket that does not read"),
                               ("beside-slow-query", "a live query of 200 ms")):
            with self.server() as server:
                facts = self.load(server, scenario, seconds=max(5, self.seconds))
                ratio = facts["p99_ratio"]
                yield row(f"mutations beside {what}, p99 against calm", f"{ratio:.2f}", ratio,
                          at_most(1.2, ""), **facts)


def rate_row(what, facts, goal=None):
    rate = facts["per_second"]
    return row(what, f"{rate:,.0f}/s", rate, goal, **facts)


GROUPS = ["engine", "start", "memory", "requests", "sync", "contention", "fan_out",
          "subscriptions", "storm", "neighbours"]
