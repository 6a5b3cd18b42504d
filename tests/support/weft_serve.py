"""A real `weft serve` for tests in Python: tests/serve, tests/limits, tests/security/attack."""
import contextlib
import json
import os
import pathlib
import signal
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
WEFT = os.environ.get("WEFT_BIN", str(ROOT / "build" / "release" / "bin" / "weft"))
# Under tools/sanitize processes have no system call filter, keep what they freed, and are several times as slow.
IS_SANITIZED = os.environ.get("PRESET") in ("asan", "tsan")
PATIENCE_S = 60


def eventually(what, condition, seconds=PATIENCE_S):
    """Polls a condition of another process; the one thing such a test can do. Returns its first true value."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.01)
    raise AssertionError(f"not within {seconds} s: {what}")


def is_alive(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def get(url, token=None):
    """Status and body of a GET."""
    request = urllib.request.Request(url, headers={"authorization": f"Bearer {token}"} if token else {})
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as refused:
        return refused.code, refused.read()


class Serve:
    """One `weft serve` on a folder."""

    def __init__(self, folder, listen="127.0.0.1:0", options=(), weft=None, **environment):
        self.folder = pathlib.Path(folder)
        self.log = tempfile.TemporaryFile("w+")
        clean = {k: v for k, v in os.environ.items() if not k.startswith("WEFT_")}
        self.process = subprocess.Popen([str(weft or WEFT), "serve", "--listen", listen, *options],
                                        env=clean | {"WEFT_DATA": str(folder)} | environment,
                                        stdout=self.log, stderr=subprocess.STDOUT)

    def output(self):
        self.log.seek(0)
        return self.log.read()

    def state(self):
        with contextlib.suppress(FileNotFoundError, json.JSONDecodeError):
            state = json.loads((self.folder / "serve.json").read_text())
            if state["pid"] == self.process.pid:
                return state
        return None

    def pid(self, name):
        state = self.state()
        return state["processes"].get(name, 0) if state else 0

    def ready(self):
        def check():
            if self.process.poll() is not None:
                raise AssertionError(f"serve ended with {self.process.returncode}:\n{self.output()}")
            state = self.state()
            # "worker", or "worker-1" and so on where there are several.
            kinds = {name.split("-")[0] for name in state["processes"]} if state else set()
            is_ready = {"api", "worker"} <= kinds and set(state["processes"]) - {"PostgreSQL"} <= set(state["ready"])
            return state if is_ready else None
        try:
            return eventually("api and worker are ready", check)
        except AssertionError:
            print(self.output())
            raise

    def stop(self, number=signal.SIGINT):
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(PATIENCE_S)

    def __del__(self):
        self.log.close()
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
