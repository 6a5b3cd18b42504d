"""One build of Weft with a flow, for bench/compare and bench/start: what it does, and what its processes take."""
import contextlib
import json
import os
import pathlib
import re
import sys
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests/support"))
from weft_serve import Serve, eventually  # noqa: E402

HERTZ = os.sysconf("SC_CLK_TCK")
BODY = '{"order":7,"qty":3,"price":5}'
PASSWORD = "only on this machine, 2026"


class Build:
    """One `weft serve` with the flow in both modes."""

    def __init__(self, name, weft, folder, upstream, options):
        self.name = name
        limits = [part for limit in ("address", "principal", "tenant", "cost", "trigger", "trigger-bytes")
                  for part in (f"--limit-{limit}", "off")]
        self.serve = Serve(folder, options=["--egress-allow", "127.0.0.0/8", *limits, *options], weft=weft)
        self.serve.ready()
        claim = eventually("the claim token", lambda: re.search(r"(http://\S+?)/claim#token=([\w-]+)", self.serve.output()))
        self.url, self.cookie, self.token = claim[1], "", ""
        self.call("/auth/claim", {"token": claim[2], "email": "o@example.com", "name": "O", "password": PASSWORD,
                                  "tenant_name": "Bench"})
        self.token = self.call("/tokens", {"name": "bench", "role": "owner"})["token"]
        self.hooks = {mode: self.make_flow(mode, upstream) for mode in ("sync", "async")}

    def call(self, path, body):
        request = urllib.request.Request(self.url + "/api/v1" + path, json.dumps(body).encode(), {
            "content-type": "application/json", "x-weft-csrf": "1", "cookie": self.cookie,
            **({"authorization": "Bearer " + self.token} if self.token else {})})
        with urllib.request.urlopen(request, timeout=30) as answer:
            self.cookie = answer.headers.get("set-cookie", self.cookie).split(";")[0]
            return json.loads(answer.read() or b"null")

    def make_flow(self, mode, upstream):
        steps = [
            {"id": "a", "uses": "core/map", "with": {"order": "{{ input.order }}", "total": "{{ input.qty * input.price }}"}},
            {"id": "h", "needs": ["a"], "uses": "core/http",
             "with": {"url": upstream, "method": "POST", "body": "{{ steps.a.output }}"}},
            {"id": "b", "needs": ["h"], "uses": "core/map",
             "with": {"ok": True, "answer": "{{ steps.h.output.body.value + 1 }}", "order": "{{ steps.a.output.order }}"}}]
        if mode == "sync":
            steps.append({"id": "r", "needs": ["b"], "uses": "core/respond",
                          "with": {"status": 200, "body": "{{ steps.b.output }}"}})
        flow = self.call("/workflows", {"key": mode, "name": mode, "definition": {
            "name": mode, "steps": steps, "output": "{{ steps.b.output }}"}})
        self.call(f"/workflows/{flow['id']}/publish", {})
        trigger = self.call(f"/workflows/{flow['id']}/triggers", {
            "kind": "webhook", "name": mode, "config": {"signature": {"scheme": "none"}, "mode": mode}})
        self.call(f"/triggers/{trigger['id']}/activate", {})
        url = trigger["url"] if trigger["url"].startswith("http") else self.url + trigger["url"]
        answer = urllib.request.urlopen(urllib.request.Request(url, BODY.encode(), {"content-type": "application/json"}))
        wanted = (200, {"ok": True, "answer": 43, "order": 7}) if mode == "sync" else (202, None)
        got = (answer.status, json.loads(answer.read()) if mode == "sync" else None)
        assert got == wanted, f"{self.name} {mode}: {got}"
        return url

    def finished(self):
        query = "{runs_aggregate(where:{state:{_in:[\"success\",\"failed\",\"canceled\"]}}){aggregate{count}}}"
        request = urllib.request.Request(self.url + "/v1/graphql", json.dumps({"query": query}).encode(), {
            "content-type": "application/json", "authorization": "Bearer " + self.token})
        return json.loads(urllib.request.urlopen(request).read())["data"]["runs_aggregate"]["aggregate"]["count"]

    def settle(self):
        """Waits until nothing is under way, and gives the number of runs."""
        last = -1
        while (now := self.finished()) != last:
            last = now
            time.sleep(0.3)
        return last

    def processes(self):
        """All of them: process id, what it is, and its line of /proc/PID/stat after the name."""
        children, stats = {}, {}
        for entry in pathlib.Path("/proc").iterdir():
            if entry.name.isdigit():
                with contextlib.suppress(OSError):
                    name, rest = (entry / "stat").read_text().split("(", 1)[1].rsplit(") ", 1)
                    stats[int(entry.name)] = (name, rest.split())
                    children.setdefault(int(rest.split()[1]), []).append(int(entry.name))
        known = {pid: kind for kind, pid in self.serve.state()["processes"].items()}
        todo = [(self.serve.process.pid, "serve")]
        while todo:
            pid, kind = todo.pop()
            if pid not in stats:
                continue
            name, fields = stats[pid]
            kind = known.get(pid, kind).split("-")[0]  # several workers are one kind
            if "runner" in name:
                kind = "sandbox"
            elif kind == "PostgreSQL" or name.startswith("postgres"):
                kind = "postgres"
            yield pid, kind, fields
            todo += [(child, kind) for child in children.get(pid, [])]

    def cpu(self):
        """Seconds so far by what a process is, ended children included."""
        out = {}
        for _, kind, fields in self.processes():
            out[kind] = out.get(kind, 0) + sum(int(field) for field in fields[11:15]) / HERTZ
        return out

    def memory(self):
        """Megabytes by what a process is, without PostgreSQL; shared pages are shared out."""
        out = {}
        for pid, kind, _ in self.processes():
            if kind != "postgres":
                out[kind] = out.get(kind, 0) + pss(pid)
        return out


def pss(pid):
    with contextlib.suppress(OSError):
        for line in pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) / 1024
    return 0
