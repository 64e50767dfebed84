# Moonstone. Licence: see LICENSE.
"""Servers for the programs beside this file, each on a free port of the loopback."""
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
# Load is not what these limits are there for.
NO_LIMITS = {"MOONSTONE_LIMITS_CONNECTIONS": "0", "MOONSTONE_LIMITS_HTTP_CONNECTIONS": "100000",
             "MOONSTONE_LIMITS_MESSAGES_PER_SECOND": "0"}


class Process:
    """A program that prints its address, `http://<host>:<port>`, once it serves."""

    def __init__(self, command, environment):
        self.command = [str(word) for word in command]
        self.environment = environment

    @property
    def url(self):
        return f"ws://127.0.0.1:{self.port}/ws"

    @property
    def pid(self):
        return self.process.pid

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, error, *_):
        if error is None:
            self.stop()
        else:
            self.process.kill()

    def start(self):
        self.process = subprocess.Popen(
            self.command, env=dict(os.environ, NO_COLOR="1", **self.environment),
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        watchdog = threading.Timer(START_S_MAX, self.process.kill)
        watchdog.start()
        try:
            self.port = self.read_port()
        finally:
            watchdog.cancel()
        # Read on, or the server would block when the pipe is full.
        threading.Thread(target=collections.deque, args=(self.process.stdout, 0),
                         daemon=True).start()

    def read_port(self):
        said = []
        for line in self.process.stdout:
            said.append(line)
            found = re.search(r"http://[0-9.]+:([0-9]+)", line)
            if found:
                return int(found[1])
        sys.exit("the server did not start:\n" + "".join(said))

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


class Server(Process):
    """Moonstone on a copy of the app in `folder`, which is made by the first one there."""

    def __init__(self, moonstone, folder, how="start", environment=None):
        app = pathlib.Path(folder) / "app"
        if not app.exists():
            shutil.copytree(APP, app)
        super().__init__([moonstone, how, app / "moonstone", "--port", "0"],
                         {**NO_LIMITS, **(environment or {})})

    def start(self):
        """Returns the seconds until the first query was answered."""
        begun = time.monotonic()
        super().start()
        self.query("counters:value", {})
        return time.monotonic() - begun

    def query(self, function, arguments, tenant=""):
        prefix = f"/t/{tenant}" if tenant else ""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}{prefix}/query",
            json.dumps({"fn": function, "args": arguments}).encode(),
            {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)["result"]
