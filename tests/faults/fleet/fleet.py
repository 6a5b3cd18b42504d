"""Weft's processes, each alone (`weft api`, `weft worker`), kept running; and PostgreSQL behind a proxy for each of them."""
import base64
import hashlib
import http.client
import json
import os
import pathlib
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
import uuid

from . import pair as postgres
from . import wire

ROOT = pathlib.Path(__file__).resolve().parents[3]
WEFT = os.environ.get("WEFT_BIN", str(ROOT / "build" / "release" / "bin" / "weft"))
PASSWORD = "a long enough pass phrase"
RESTART_S = 0.2


class Member:
    """One process: how it is started, and since when it runs."""

    def __init__(self, fleet, kind, number, options=(), environment=None):
        self.fleet, self.kind, self.number = fleet, kind, number
        self.name = f"{kind}-{number + 1}"
        self.options, self.environment = list(options), environment or {}
        self.process, self.is_wanted, self.starts = None, False, 0
        self.listener = None
        if kind != "worker":
            self.listener = socket.create_server(("127.0.0.1", 0), backlog=512)
            self.port = self.listener.getsockname()[1]

    @property
    def pid(self):
        return self.process.pid if self.process and self.process.poll() is None else 0

    def start(self):
        plane = "worker" if self.kind == "worker" else "api"
        folder = self.fleet.folder
        port = self.fleet.ports[self.name]
        environment = {"PATH": os.environ["PATH"], "WEFT_SHARED_KEY_FILE": str(folder / "keys" / "shared.key"),
                       "WEFT_DATABASE_URL": f"host=127.0.0.1 port={port} dbname=weft user=weft_{plane} "
                                            f"password={self.fleet.password} sslmode=disable gssencmode=disable"}
        command = [WEFT, plane, f"--name={self.name}", f"--number={self.number}", "--blobs", str(folder / "blobs"), *self.options]
        fds = []
        if plane == "worker":
            environment["WEFT_VAULT_KEY_FILE"] = str(folder / "keys" / "vault.key")
        else:
            fds = [self.listener.fileno()]
            command += [f"--listen=127.0.0.1:{self.port}", f"--listen-fd={fds[0]}"]
        with (folder / "log" / f"{self.name}.log").open("ab") as log:
            self.process = subprocess.Popen(command, env=environment | self.environment, stdin=subprocess.DEVNULL, stdout=log,
                                            stderr=subprocess.STDOUT, pass_fds=fds, start_new_session=True)
        self.is_wanted = True
        self.starts += 1

    def tell(self, number):
        if pid := self.pid:
            try:
                os.kill(pid, number)
                return True
            except ProcessLookupError:
                pass
        return False

    def stop(self, number=signal.SIGKILL, seconds=30):
        self.is_wanted = False
        if self.tell(number):
            self.tell(signal.SIGCONT)
            try:
                self.process.wait(seconds)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait(seconds)


class Fleet:
    def __init__(self, apis=2, ingresses=0, workers=2, lease_ms=5_000, runs_max=16, with_standby=False, shim=None,
                 worker_environment=None, api_environment=None, folder=None):
        self.scratch = None
        if folder is None:
            self.scratch = tempfile.mkdtemp(prefix="weft-faults-")
            folder = self.scratch
        self.folder = pathlib.Path(folder)
        self.folder.chmod(0o755)
        for each in ("log", "keys", "blobs"):
            (self.folder / each).mkdir(exist_ok=True)
        self.password = secrets.token_hex(12)
        self.pair = postgres.Pair(self.folder / "postgres", shim, with_standby)
        self.wire = wire.Wire()
        self.wire.tell("target", self.pair.primary.socket)
        self.make_keys()
        self.migrate()
        limits = [f"--limit-{name}=off" for name in ("address", "principal", "tenant", "cost", "trigger", "trigger-bytes")]
        worker = [f"--lease-ms={lease_ms}", f"--runs-max={runs_max}", "--egress-allow=127.0.0.1/32"]
        self.members = [Member(self, "api", n, limits, api_environment) for n in range(apis)]
        self.members += [Member(self, "ingress", apis + n, limits, api_environment) for n in range(ingresses)]
        self.members += [Member(self, "worker", n, worker, worker_environment) for n in range(workers)]
        self.ports = {member.name: self.wire.tell("open", member.name)["port"] for member in self.members}
        self.is_over = threading.Event()
        self.unexpected = []  # ends of processes that nobody had asked for
        self.expected = set()
        self.keeper = threading.Thread(target=self.keep, daemon=True)

    def make_keys(self):
        if os.geteuid() == 0:  # as `weft serve` shares it
            os.chown(self.folder / "blobs", 199_999, 199_999)
            (self.folder / "blobs").chmod(0o2770)
        for name in ("shared", "vault"):
            path = self.folder / "keys" / f"{name}.key"
            path.touch(0o600)
            path.write_text(f"{uuid.uuid4()} {base64.b64encode(secrets.token_bytes(32)).decode()}\n")

    def migrate(self):
        url = f"host={self.pair.primary.sockets} dbname=weft user=postgres"
        done = subprocess.run([WEFT, "migrate"], capture_output=True, text=True, env={
            "PATH": os.environ["PATH"], "WEFT_DATABASE_URL": url, "WEFT_API_PASSWORD": self.password,
            "WEFT_WORKER_PASSWORD": self.password})
        assert done.returncode == 0, done.stderr

    def of(self, *kinds):
        return [member for member in self.members if member.kind in kinds]

    def start(self, *kinds):
        for member in self.of(*kinds) if kinds else self.members:
            member.start()
        if not self.keeper.is_alive():
            self.keeper.start()
        self.wait_ready()

    def wait_ready(self, seconds=60):
        until = time.monotonic() + seconds
        for member in self.of("api", "ingress"):
            while member.is_wanted and self.status(member) != 200:
                assert time.monotonic() < until, self.tail(member)
                time.sleep(0.05)

    def status(self, member):
        try:
            connection = http.client.HTTPConnection("127.0.0.1", member.port, timeout=5)
            connection.request("GET", "/readyz")
            return connection.getresponse().status
        except (OSError, http.client.HTTPException):
            return 0

    def tail(self, member, size=3_000):
        return (self.folder / "log" / f"{member.name}.log").read_text(errors="replace")[-size:]

    def keep(self):
        """What dies is started again."""
        while not self.is_over.wait(RESTART_S):
            for member in self.members:
                if member.is_wanted and member.process and member.process.poll() is not None:
                    code = member.process.returncode
                    if code not in (-signal.SIGKILL, 0):
                        self.unexpected.append((time.time(), member.name, code))
                    member.start()

    def claim_tenants(self, count):
        """An installation is claimed once: for each further tenant those who own it already are put aside meanwhile."""
        tenants, sql = [], self.pair.primary.sql
        sql("create table public.owners as table weft.app_user with no data")
        for n in range(count):
            sql("set session_replication_role = replica; with o as (delete from weft.app_user returning *) "
                "insert into public.owners select * from o")
            token = secrets.token_urlsafe(32)
            digest = hashlib.sha256(token.encode()).hexdigest()
            sql("insert into weft.claim_link (id, token_hash, expires_at) values (gen_random_uuid(), "
                f"'\\x{digest}', clock_timestamp() + interval '1 hour')")
            tenants.append(Tenant(self, token, f"Tenant {chr(65 + n)}", f"owner{n}@example.com"))
        sql("insert into weft.app_user select * from public.owners; drop table public.owners")
        return tenants

    def close(self):
        self.is_over.set()
        if self.keeper.is_alive():
            self.keeper.join()
        for member in self.members:
            member.stop()
        self.pair.stop()
        self.wire.close()
        if self.scratch:
            shutil.rmtree(self.scratch, ignore_errors=True)


class Refused(Exception):
    def __init__(self, status, text):
        super().__init__(f"{status}: {text[:300]!r}")
        self.status = status


class Caller:
    """A kept connection to one of several members; one for each thread."""

    def __init__(self, members, timeout=10, address="127.0.0.1"):
        self.members, self.timeout, self.connection, self.turn, self.source = members, timeout, None, 0, (address, 0)

    def send(self, method, path, body=None, headers=None):
        content = None if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        try:
            if self.connection is None:
                member = self.members[self.turn % len(self.members)]
                self.connection = http.client.HTTPConnection("127.0.0.1", member.port, timeout=self.timeout, source_address=self.source)
            self.connection.request(method, path, content, {"content-type": "application/json"} | (headers or {}))
            answer = self.connection.getresponse()
            return answer.status, answer.headers, answer.read()
        except (OSError, http.client.HTTPException):
            if self.connection:
                self.connection.close()
            self.connection = None
            self.turn += 1
            raise


class Tenant:
    """An owner's token, and what is made with it."""

    def __init__(self, fleet, claim, name, email):
        self.fleet, self.name = fleet, name
        # An address may claim ten times; there is no end of them here.
        caller = Caller(fleet.of("api"), address=f"127.0.1.{1 + int(email[5:email.index('@')]) % 250}")
        status, headers, text = caller.send("POST", "/api/v1/auth/claim", {
            "token": claim, "email": email, "name": name, "password": PASSWORD, "tenant_name": name})
        assert status == 201, (status, text)
        cookie = next(line.split(";")[0] for line in headers.get_all("set-cookie") if "session=" in line)
        made = caller.send("POST", "/api/v1/tokens", {"name": "t", "role": "owner"}, {"cookie": cookie, "x-weft-csrf": "1"})
        assert made[0] == 201, made
        self.headers = {"authorization": "Bearer " + json.loads(made[2])["token"]}
        self.caller = caller
        self.id = fleet.pair.primary.sql(f"select id from weft.tenant where name = '{name}'")

    def call(self, method, path, body=None, caller=None, headers=None):
        status, _, text = (caller or self.caller).send(method, "/api/v1" + path, body, self.headers | (headers or {}))
        if status >= 300:
            raise Refused(status, text)
        return json.loads(text or b"null")

    def publish(self, key, definition):
        flow = self.call("POST", "/workflows", {"key": key, "name": key, "definition": {"name": key, **definition}})
        self.call("POST", f"/workflows/{flow['id']}/publish", {})
        return flow["id"]

    def hook(self, flow, name="hook"):
        made = self.call("POST", f"/workflows/{flow}/triggers", {
            "kind": "webhook", "name": name, "config": {"signature": {"scheme": "none"}, "mode": "async"}})
        self.call("POST", f"/triggers/{made['id']}/activate", {})
        return made["id"], "/hooks/" + made["url"].rsplit("/", 1)[1]

    def schedule(self, flow, name, **config):
        made = self.call("POST", f"/workflows/{flow}/triggers", {"kind": "schedule", "name": name, "config": config})
        self.call("POST", f"/triggers/{made['id']}/activate", {})
        return made["id"]

    def vendor(self, url, canary, key="shop"):
        """An app with one keyed action, and a connection that holds `canary`."""
        app = self.call("POST", "/apps", {"key": key, "name": key})
        version = self.call("POST", f"/apps/{app['id']}/versions", {"manifest": {
            "base_url": url, "auth": {"kind": "api_key", "in": "header", "name": "x-api-key"}}})
        for name, path in (("order", "/orders/{{ input.id }}"), ("mirror", "/mirror/{{ input.id }}")):
            self.call("POST", f"/app-versions/{version['id']}/actions", {"key": name, "name": name, "definition": {
                "method": "POST", "path": path, "effect": "keyed", "timeout": "10s",
                "input": {"type": "object", "required": ["id"], "properties": {"id": {"type": "string"}}},
                "output": {"type": "object"},
                "retry": {"attempts": 5, "backoff": "exponential", "initial": "200ms", "max": "5s"}}})
        self.call("POST", f"/app-versions/{version['id']}/publish", {})
        self.call("POST", "/connections", {"key": key, "name": key, "app_id": app["id"], "fields": {"api_key": canary}})
