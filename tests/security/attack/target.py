"""What is attacked: a whole `weft serve` on a PostgreSQL of its own, with an owner, and a second tenant that owns real
objects of every kind."""
import http.client
import json
import os
import pathlib
import re
import socket
import subprocess
import tempfile
import uuid

from weft_serve import Serve, eventually, get

CANARY = "canary-7f3a9c"  # in every name of the other tenant: nobody else may ever be shown it
MIB = 1 << 20
MANIFEST = {"base_url": "http://127.0.0.1:9/v2", "auth": {"kind": "bearer"}}
ACTION = {"method": "GET", "path": "/x", "input": {"type": "object"}, "output": {}}


class Target:
    """Answers are (status, headers, body bytes)."""

    def __init__(self, *, egress=()):
        self.scratch = tempfile.TemporaryDirectory(prefix="weft-attack-")
        os.chmod(self.scratch.name, 0o755)
        self.database = f"attack_{uuid.uuid4().hex[:12]}"
        admin = os.environ["WEFT_TEST_DATABASE_URL"]
        self.sql(f"create database {self.database}", url=admin)
        self.url_of_database = re.sub(r"dbname=\S+", f"dbname={self.database}", admin)
        # What is measured here is what a request may do, not how many a second: the limits have tests of their own.
        free = {name: "off" for name in ("WEFT_LIMIT_ADDRESS", "WEFT_LIMIT_PRINCIPAL", "WEFT_LIMIT_TENANT", "WEFT_LIMIT_COST",
                                         "WEFT_LIMIT_TRIGGER", "WEFT_LIMIT_TRIGGER_BYTES")}
        self.serve = Serve(pathlib.Path(self.scratch.name) / "data", options=[f"--egress-allow={one}" for one in egress],
                           WEFT_DATABASE_URL=self.url_of_database, WEFT_METRICS_LISTEN="127.0.0.1:0", **free)
        self.host, port = self.serve.ready()["url"].removeprefix("http://").split(":")
        self.port = int(port)
        claim = re.search(r"/claim#token=([\w-]+)", self.serve.output())[1]
        status, headers, _ = self.call("POST", "/api/v1/auth/claim", {
            "token": claim, "email": "owner@example.com", "name": "Owner", "password": "a long enough pass phrase",
            "tenant_name": "First"})
        assert status == 201, status
        self.cookie = next(line.split(";")[0] for line in headers.get_all("set-cookie") if "session=" in line)
        self.token = self.create("/tokens", {"name": "owner", "role": "owner"}, cookie=self.cookie)["token"]

    def close(self):
        self.serve.stop()
        self.scratch.cleanup()

    # ---- requests

    def call(self, method, path, body=None, *, token=None, cookie=None, headers=None, timeout=30):
        content = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        sent = {"content-type": "application/json"} if content is not None else {}
        if token:
            sent["authorization"] = f"Bearer {token}"
        if cookie:
            sent |= {"cookie": cookie, "x-weft-csrf": "1"}
        connection = http.client.HTTPConnection(self.host, self.port, timeout=timeout)
        try:
            connection.request(method, path, content, sent | (headers or {}))
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()
        finally:
            connection.close()

    def create(self, path, body, **who):
        status, _, text = self.call("POST", "/api/v1" + path, body, **(who or {"token": self.token}))
        assert status < 300, (path, status, text)
        return json.loads(text or b"null")

    def graphql(self, query, variables=None, *, token=None):
        status, _, text = self.call("POST", "/v1/graphql", {"query": query, "variables": variables or {}},
                                    token=token or self.token)
        return status, json.loads(text)

    def raw(self, data, seconds=15):
        """Sends bytes and returns what comes until the peer closes or `seconds` have passed."""
        out = b""
        with socket.create_connection((self.host, self.port), 10) as client:
            client.settimeout(seconds)
            try:
                client.sendall(data)
                client.shutdown(socket.SHUT_WR)
                while chunk := client.recv(65536):
                    out += chunk
            except OSError:
                pass
        return out

    def operations(self):
        """(name, method, path) of every operation, from the document that anyone may read."""
        document = json.loads(self.call("GET", "/api/v1/openapi.json")[2])
        return [(operation["operationId"], method.upper(), path)
                for path, methods in document["paths"].items() for method, operation in methods.items()]

    # ---- the database and the processes

    def sql(self, text, url=None):
        done = subprocess.run(["psql", "-XqAt", "-v", "ON_ERROR_STOP=1", url or self.url_of_database], input=text,
                              capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def memory(self, process="api"):
        """Resident bytes."""
        status = pathlib.Path(f"/proc/{self.serve.pid(process)}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+) kB", status)[1]) * 1024

    def cpu_seconds(self, process="api"):
        fields = pathlib.Path(f"/proc/{self.serve.pid(process)}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def stalls(self):
        """How often something has held the api's loop, by the upper bound of the bucket in seconds: not cumulated."""
        state = eventually("the api says where its metrics are", lambda: (s := self.serve.state()) and "api" in s["metrics"] and s)
        text = get(state["metrics"]["api"])[1].decode()
        found = re.findall(r'^weft_loop_stall_seconds_bucket\{le="([^"]+)"\} (\d+)', text, re.M)
        assert found, "no weft_loop_stall_seconds"
        out, before = {}, 0
        for bound, count in found:
            out[float(bound)], before = int(count) - before, int(count)
        return out

    def is_alive(self):
        return self.call("GET", "/healthz", timeout=10)[0] == 200

    # ---- the other tenant

    def other_tenant(self):
        """Moves everything that the first tenant made to a second one; returns its id and {kind: id}."""
        ids = self.make_objects()
        other = str(uuid.uuid4())
        keep = ("tenant", "membership", "session", "api_token", "app_user", "tenant_key")
        tables = self.sql("select table_name from information_schema.columns where table_schema = 'weft' "
                          "and column_name = 'tenant_id' and table_name in (select tablename from pg_tables "
                          "where schemaname = 'weft')").split()
        first = self.sql("select id from weft.tenant")
        moves = "".join(f"update weft.{table} set tenant_id = '{other}' where tenant_id = '{first}';"
                        for table in sorted(set(tables)) if table not in keep)
        # As in a restore: no trigger fires, so that even what never changes can be moved.
        self.sql(f"set session_replication_role = replica; insert into weft.tenant (id, slug, name) "
                 f"values ('{other}', 'other', '{CANARY}'); {moves}")
        ids |= {"tenant": other}
        self.sql("select pg_notify('weft_trigger', '')")
        return ids

    def make_objects(self):
        app = self.create("/apps", {"key": "shop", "name": CANARY})
        version = self.create(f"/apps/{app['id']}/versions", {"manifest": MANIFEST})
        action = self.create(f"/app-versions/{version['id']}/actions", {"key": "get", "name": CANARY, "definition": ACTION})
        self.create(f"/app-versions/{version['id']}/publish", {})
        connection = self.create("/connections", {"app_id": app["id"], "key": "main", "name": CANARY,
                                                  "fields": {"token": CANARY + "-secret"}})
        flow = self.create("/workflows", {"key": "flow", "name": CANARY, "definition": {
            "name": "flow", "steps": [{"id": "one", "uses": "core/map", "with": {"x": CANARY}}]}})
        published = self.create(f"/workflows/{flow['id']}/publish", {})
        trigger = self.create(f"/workflows/{flow['id']}/triggers", {
            "kind": "webhook", "name": CANARY, "config": {"signature": {"scheme": "none"}, "mode": "async"}})
        run = self.create(f"/workflows/{flow['id']}/runs", {"input": {"x": CANARY}})["run_id"]
        eventually("the run has ended", lambda: json.loads(
            self.call("GET", f"/api/v1/runs/{run}", token=self.token)[2])["state"] == "success")
        return {"app": app["id"], "app_version": version["id"], "action": action["id"], "connection": connection["id"],
                "workflow": flow["id"], "workflow_version": published["id"], "trigger": trigger["id"], "run": run}

    def fingerprint(self, tenant):
        """Of every row of a tenant, table by table; but for what workers make by themselves."""
        tables = self.sql("select distinct table_name from information_schema.columns where table_schema = 'weft' and "
                          "column_name = 'tenant_id' and table_name in (select tablename from pg_tables where "
                          "schemaname = 'weft') and table_name not in ('tenant_queue', 'tenant_key') order by 1").split()
        parts = " union all ".join(f"select '{table}' as t, md5(coalesce(string_agg(r::text, ',' order by r::text), '')) as m "
                                   f"from weft.{table} r where tenant_id = '{tenant}'" for table in tables)
        return self.sql(f"select t, m from ({parts}) x order by 1")
