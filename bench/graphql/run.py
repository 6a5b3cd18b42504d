#!/usr/bin/env python3
"""Weft's GraphQL beside pgbench with the same SQL and beside PostGraphile, in one run on one database.

    tools/build weft && bench/graphql/run.py [--rounds 3] [--seconds 5] [--without-peer] [--live]

Every system answers over HTTP keep-alive with 16 connections, row security on. Read ratios before absolutes. Needs the
Debian packages of tools/packages.txt, wrk and, for the peer, npm. Everything it starts lives in one temporary folder.
"""
import argparse
import contextlib
import json
import os
import pathlib
import pwd
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
WEFT = pathlib.Path(os.environ.get("WEFT_BIN", ROOT / "build/release/bin/weft"))
POSTGRES = pathlib.Path("/usr/lib/postgresql/15/bin")
CONNECTIONS = 16
WARM_UP_SECONDS = 2  # the round that is not counted, in which every answer is looked at

POINT = "query P($tenant: Int!, $id: bigint!) { run_by_pk(tenant_id: $tenant, id: $id) { id state workflow_id created_at finished_at } }"
NESTED = ("{ run(order_by: {id: desc}, limit: 50) { id state created_at "
          "steps(order_by: {position: asc}, limit: 10) { position name state duration_ms } } }")
PEER_POINT = ("query P($tenant: Int!, $id: BigInt!) { runByTenantIdAndRowId(tenantId: $tenant, rowId: $id) "
              "{ rowId state workflowId createdAt finishedAt } }")
PEER_NESTED = ("{ allRuns(orderBy: ROW_ID_DESC, first: 50) { nodes { rowId state createdAt "
               "stepsByTenantIdAndRunId(orderBy: POSITION_ASC, first: 10) { nodes { position name state durationMs } } } } }")


def as_postgres() -> None:
    if os.geteuid() == 0:
        user = pwd.getpwnam("postgres")
        os.setgroups([])
        os.setgid(user.pw_gid)
        os.setuid(user.pw_uid)


class Cluster:
    """A private PostgreSQL with durable commits, on a unix socket."""

    def __init__(self, folder: pathlib.Path) -> None:
        self.folder = folder
        shutil.chown(folder, "postgres") if os.geteuid() == 0 else None
        folder.chmod(0o755)
        data = folder / "data"
        quiet = {"stdout": subprocess.DEVNULL, "preexec_fn": as_postgres, "check": True}
        subprocess.run([POSTGRES / "initdb", "-D", data, "-A", "trust", "-U", "postgres", "--locale=C.UTF-8"], **quiet)
        settings = {"listen_addresses": "", "unix_socket_directories": str(folder), "shared_buffers": "1GB",
                    "wal_level": "logical", "max_wal_size": "4GB", "jit": "off", "max_connections": "200"}
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        self.process = subprocess.Popen([POSTGRES / "postgres", "-D", data, *options], preexec_fn=as_postgres,
                                        stderr=(folder / "log").open("w"))
        for _ in range(100):
            if subprocess.run([POSTGRES / "pg_isready", "-q", "-h", folder]).returncode == 0:
                break
            time.sleep(0.1)
        self.psql("postgres", "-c", "create database bench")

    def psql(self, database: str, *arguments: str) -> str:
        command = ["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-h", self.folder, "-U", "postgres", "-At", database, *arguments]
        return subprocess.run(command, check=True, text=True, stdout=subprocess.PIPE).stdout

    def url(self, user: str) -> str:
        return f"postgresql://{user}@/bench?host={self.folder}"

    def stop(self) -> None:
        self.process.send_signal(signal.SIGINT)
        self.process.wait(30)


def started(command: list, ready: str, **options) -> tuple[subprocess.Popen, str]:
    """Starts a server and waits for the line that `ready` matches; gives the match's first group."""
    child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **options)
    for line in child.stdout:
        if match := re.search(ready, line):
            return child, match[1]
    sys.exit(f"{command[0]} did not start")


def post(url: str, body: dict, headers: dict[str, str]) -> dict:
    request = urllib.request.Request(url, json.dumps(body).encode(), {"content-type": "application/json", **headers})
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)


def wrk(port: str, path: str, query: str, keys: str, seconds: float, rate_connections: int = CONNECTIONS, **headers: str) -> list[float]:
    """requests/s, p50, p95, p99 in ms"""
    environment = os.environ | {"QUERY": query, "GRAPHQL_PATH": path, "KEYS": keys, "CHECK": "yes" if seconds <= WARM_UP_SECONDS else "no", **headers}
    command = ["wrk", "-t1", f"-c{rate_connections}", f"-d{seconds:g}s", "-s", HERE / "load.lua", f"http://127.0.0.1:{port}"]
    done = subprocess.run(command, env=environment, text=True, capture_output=True)
    match = re.search(r"RESULT (.*)", done.stdout)
    if done.returncode != 0 or not match:
        sys.exit(f"wrk failed: {done.stdout}{done.stderr}")
    return [float(part) for part in match[1].split()]


def pgbench(cluster: Cluster, script: str, seconds: float) -> float:
    file = cluster.folder / "script.sql"
    file.write_text(script)
    # The tenant is set once for a connection here and in each request by the others: pgbench's figure is a limit.
    environment = os.environ | {"PGOPTIONS": "-c app.tenant=7"}
    command = ["pgbench", "-n", "-M", "prepared", f"-c{CONNECTIONS}", "-j1", f"-T{seconds:g}", "-f", file,
               "-h", cluster.folder, "-U", "bench_api", "bench"]
    done = subprocess.run(command, env=environment, text=True, capture_output=True, check=True)
    return float(re.search(r"tps = ([\d.]+) \(without", done.stdout)[1])


def same_sql(port: str, query: str, variables: dict) -> str:
    """What the engine runs for a query, with pgbench's variables or constants for its parameters."""
    body = {"query": {"query": query, "variables": variables}, "user": {"x-hasura-role": "user", "x-hasura-tenant-id": "7"}}
    [plan] = post(f"http://127.0.0.1:{port}/v1/graphql/explain", body, {})
    sql = plan["sql"]
    for number, value in sorted(enumerate(plan["parameters"], 1), reverse=True):
        constant = ":id" if value == str(variables.get("id")) else "'" + str(value).replace("'", "''") + "'"
        sql = sql.replace(f"${number}::", f"{constant}::")
    return " ".join(sql.split()) + ";\n"


def flow(cluster: Cluster, options: argparse.Namespace) -> None:
    weft, port = started(
        [WEFT, "graphql", "--database-url", cluster.url("bench_api"), "--metadata", HERE / "metadata.yaml",
         "--session-setting", "app.tenant=x-hasura-tenant-id", "--listen", "127.0.0.1:0", "--stringify-numeric"],
        r"http://127\.0\.0\.1:(\d+)")
    ours = {"TENANT_HEADER": "x-hasura-tenant-id", "ROLE_HEADER": "user"}
    point_sql = "\\set id random(3000, 4999) * 100 + 7\n" + same_sql(port, POINT, {"tenant": 7, "id": "400007"})
    nested_sql = same_sql(port, NESTED, {})
    if options.show_sql:
        print(point_sql, nested_sql, sep="\n")
    peer = None
    if not options.without_peer:
        bin_folder = subprocess.run([ROOT / "web/tools/prepare.sh"], check=True, text=True, stdout=subprocess.PIPE).stdout.strip()
        npm = shutil.which("npm")
        if not (HERE / "node_modules").exists():
            subprocess.run([npm, "ci", "--prefix", HERE, "--ignore-scripts", "--no-audit", "--no-fund"], check=True)
        peer, peer_port = started([f"{bin_folder}/node", HERE / "postgraphile.mjs", cluster.url("bench_api")], r"^(\d+)$",
                                  env=os.environ | {"GRAPHILE_ENV": "production", "NODE_ENV": "production"})
        theirs = {"TENANT_HEADER": "x-tenant"}
    rows: dict[str, list[list[float]]] = {}
    try:
        for round_number in range(options.rounds + 1):  # the first warms up
            seconds = options.seconds if round_number else WARM_UP_SECONDS
            taken = {
                "weft point": wrk(port, "/v1/graphql", POINT, "point", seconds, **ours),
                "pgbench point": [pgbench(cluster, point_sql, seconds)],
                "weft nested": wrk(port, "/v1/graphql", NESTED, "nested", seconds, **ours),
                "pgbench nested": [pgbench(cluster, nested_sql, seconds)],
                "weft point, half load": wrk(port, "/v1/graphql", POINT, "point", seconds, CONNECTIONS // 4, **ours),
                "weft nested, half load": wrk(port, "/v1/graphql", NESTED, "nested", seconds, 1, **ours),
            }
            if peer:
                taken["postgraphile point"] = wrk(peer_port, "/graphql", PEER_POINT, "point", seconds, **theirs)
                taken["postgraphile nested"] = wrk(peer_port, "/graphql", PEER_NESTED, "nested", seconds, **theirs)
            if round_number:
                for name, values in taken.items():
                    rows.setdefault(name, []).append(values)
        memory = int(re.search(r"VmRSS:\s+(\d+)", pathlib.Path(f"/proc/{weft.pid}/status").read_text())[1]) // 1024
    finally:
        for child in (weft, peer):
            if child:
                child.terminate()
                child.wait(10)
    median = {name: [statistics.median(column) for column in zip(*values)] for name, values in rows.items()}
    print(f"{'medians of ' + str(options.rounds):28} {'per s':>10} {'p50 ms':>8} {'p95 ms':>8} {'p99 ms':>8}")
    for name, values in median.items():
        print(f"{name:28} {values[0]:10,.0f} " + " ".join(f"{value:8.2f}" for value in values[1:]))
    for kind in ("point", "nested"):
        ratio = [median[f"weft {kind}"][0] / median[f"{other} {kind}"][0]
                 for other in ("pgbench", "postgraphile") if f"{other} {kind}" in median]
        print(f"ratio {kind}: {ratio[0]:.2f} of pgbench" + (f", {ratio[1]:.1f}x PostGraphile" if len(ratio) > 1 else ""))
    print(f"weft's memory after the load: {memory} MB")


def live(cluster: Cluster, options: argparse.Namespace) -> None:
    """10,000 idle subscriptions, then changes by another program; see live.mjs."""
    weft, port = started(
        [WEFT, "graphql", "--database-url", cluster.url("postgres"), "--metadata", HERE / "metadata.yaml",
         "--session-setting", "app.tenant=x-hasura-tenant-id", "--listen", "127.0.0.1:0", "--stringify-numeric",
         "--replication"], r"http://127\.0\.0\.1:(\d+)")
    try:
        node = ["node", HERE / "live.mjs", port, str(weft.pid), str(cluster.folder), str(options.subscriptions),
                str(options.changes)]
        subprocess.run(node, check=True)
    finally:
        weft.terminate()
        weft.wait(10)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=5, help="more than 2")
    parser.add_argument("--without-peer", action="store_true")
    parser.add_argument("--show-sql", action="store_true")
    parser.add_argument("--live", action="store_true", help="measure subscriptions instead")
    parser.add_argument("--subscriptions", type=int, default=10_000)
    parser.add_argument("--changes", type=int, default=500, help="a second")
    options = parser.parse_args()
    if not shutil.which("wrk"):
        sys.exit("install Debian's wrk first")
    with contextlib.ExitStack() as stack:
        folder = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="weft-bench-")))
        cluster = Cluster(folder)
        stack.callback(cluster.stop)
        print("filling 500,000 runs and 2,000,000 steps", flush=True)
        cluster.psql("bench", "-f", str(HERE / "schema.sql"))
        live(cluster, options) if options.live else flow(cluster, options)


if __name__ == "__main__":
    main()
