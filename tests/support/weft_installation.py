"""A claimed installation of its own, and what tests of whole runs ask of it."""
import contextlib
import http.client
import json
import os
import pathlib
import re
import subprocess
import tempfile

from weft_serve import Serve, eventually

PASSWORD = "a long enough pass phrase"


class Installation:
    """A claimed `weft serve`; its owner's token makes the calls."""

    def __init__(self, *options, **environment):
        self.scratch = tempfile.TemporaryDirectory(prefix="weft-tests-")
        os.chmod(self.scratch.name, 0o755)
        options = ("--limit-principal=off", "--limit-tenant=off", *options)  # who polls asks often
        self.serve = Serve(pathlib.Path(self.scratch.name) / "data", options=options, **environment)
        self.host, port = self.serve.ready()["url"].removeprefix("http://").split(":")
        self.port = int(port)
        claim = re.search(r"/claim#token=([\w-]+)", self.serve.output())[1]
        status, headers, _ = self.send("POST", "/api/v1/auth/claim", {
            "token": claim, "email": "owner@example.com", "name": "Owner", "password": PASSWORD, "tenant_name": "T"})
        assert status == 201, status
        cookie = next(line.split(";")[0] for line in headers.get_all("set-cookie") if "weft_session=" in line)
        self.headers = {"cookie": cookie, "x-weft-csrf": "1"}
        self.viewer = self.token("viewer")
        self.reader = self.token("viewer", ["run.read"])
        self.starter = self.token("builder", ["run.read", "run.start"])
        self.decider = self.token("viewer", ["approval.decide"])
        self.headers = {"authorization": "Bearer " + self.token("owner")}
        self.flows = 0

    def token(self, role, scopes=None):
        narrowed = {"scopes": scopes} if scopes else {}
        return self.call("POST", "/tokens", {"name": role, "role": role} | narrowed)["token"]

    def close(self):
        self.serve.stop()
        self.scratch.cleanup()

    def send(self, method, path, body=None, **headers):
        connection = http.client.HTTPConnection(self.host, self.port, timeout=30)
        with contextlib.closing(connection):
            content = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
            connection.request(method, path, content, {"content-type": "application/json"} | headers)
            answer = connection.getresponse()
            text = answer.read()
            return answer.status, answer.headers, text

    def call(self, method, path, body=None):
        status, _, text = self.send(method, "/api/v1" + path, body, **self.headers)
        assert status < 300, (path, status, text)
        return json.loads(text or "null")

    def admin(self, sql):
        """Runs SQL as the superuser of the private cluster."""
        arguments = pathlib.Path(f"/proc/{self.serve.pid('PostgreSQL')}/cmdline").read_text()
        password = (self.serve.folder / "secrets" / "postgres").read_text().strip()
        host = arguments.split("unix_socket_directories=")[1].split("\0")[0]
        done = subprocess.run(["psql", "-h", host, "-U", "postgres", "-d", "weft", "-At", "-c", sql],
                              env=os.environ | {"PGPASSWORD": password}, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def publish(self, steps, **more):
        self.flows += 1
        key = f"flow-{self.flows}"
        flow = self.call("POST", "/workflows", {"key": key, "name": key, "definition": {
            "name": key, "steps": steps, **more}})
        self.call("POST", f"/workflows/{flow['id']}/publish", {})
        return flow["id"]

    def start(self, flow, value=None):
        return self.call("POST", f"/workflows/{flow}/runs", {"input": value or {}})["run_id"]

    def run(self, run):
        return self.call("GET", f"/runs/{run}")

    def step(self, run, step):
        return self.call("GET", f"/runs/{run}/steps/{step}")

    def waiting(self, run):
        return eventually("the run waits", lambda: (seen := self.run(run))["state"] == "waiting" and seen)

    def ended(self, run):
        try:
            return eventually("the run has ended", lambda: (seen := self.run(run))["finished_at"] and seen)
        except AssertionError as late:  # rare, and then this is all there is to learn from
            tables = {"workflow_run": "id", "job": "run_id", "run_wait": "run_id", "step_run": "run_id", "run_event": "run_id"}
            late.add_note("\n".join(
                f"{table}: " + self.admin(f"select row_to_json(t) from weft.{table} t where {key} = '{run}'")
                for table, key in tables.items()))
            late.add_note(self.serve.output()[-4000:])
            raise
