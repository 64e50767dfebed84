# Moonstone. Licence: see LICENSE.
"""A server on a copy of bench/app, for the programs beside this file."""
import collections
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
import urllib.request

APP = pathlib.Path(__file__).resolve().parent / "app"
START_S_MAX = 60
STOP_S_MAX = 30


class Server:
    def __init__(self, moonstone, folder):
        self.moonstone = moonstone
        self.folder = pathlib.Path(folder) / "app"
        shutil.copytree(APP, self.folder)

    @property
    def url(self):
        return f"ws://127.0.0.1:{self.port}/ws"

    @property
    def pid(self):
        return self.process.pid

    def start(self):
        """Starts on any free port. Returns the seconds until the first query was answered."""
        environment = dict(os.environ, MOONSTONE_LIMITS_CONNECTIONS="0", NO_COLOR="1",
                           MOONSTONE_LIMITS_HTTP_CONNECTIONS="100000",
                           MOONSTONE_LIMITS_MESSAGES_PER_SECOND="0")
        begun = time.monotonic()
        self.process = subprocess.Popen(
            [self.moonstone, "start", self.folder / "moonstone", "--port", "0"],
            env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        watchdog = threading.Timer(START_S_MAX, self.process.kill)
        watchdog.start()
        try:
            self.port = self.read_port()
        finally:
            watchdog.cancel()
        # Read on, or the server would block when the pipe is full.
        threading.Thread(target=collections.deque, args=(self.process.stdout, 0),
                         daemon=True).start()
        self.query("counters:value", {})
        return time.monotonic() - begun

    def read_port(self):
        said = []
        for line in self.process.stdout:
            said.append(line)
            found = re.search(r"http://[0-9.]+:([0-9]+)", line)
            if found:
                return int(found[1])
        sys.exit("the server did not start:\n" + "".join(said))

    def query(self, function, arguments):
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/query",
            json.dumps({"fn": function, "args": arguments}).encode(),
            {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)["result"]

    def resident_mib(self):
        for line in pathlib.Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) / 1024
        return 0.0

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(STOP_S_MAX)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
