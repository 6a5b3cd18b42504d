"""What must be true afterwards, asked of the database, the processes' logs and the API; a table of what was found."""
import json
import pathlib
import random
import subprocess
import time

from .fleet import Caller, Refused

ENDED = "('success', 'failed', 'canceled')"
HEALTHY_S = 2.0  # a small run, from its delivery to its end


class Table:
    """Lines of what was found; those with a limit pass or fail."""

    def __init__(self, is_quiet=False):
        self.is_quiet, self.failures = is_quiet, []

    @property
    def failed(self):
        return len(self.failures)

    def say(self, what, found):
        if not self.is_quiet:
            print(f"        {what:<66} {found}", flush=True)

    def check(self, what, found, limit=0, is_good=None):
        good = found <= limit if is_good is None else is_good
        if not good:
            self.failures.append(what)
        if not self.is_quiet:
            print(f"  {'ok  ' if good else 'FAIL'}  {what:<66} {found}", flush=True)


def alive(sql):
    return int(sql(f"select count(*) from weft.workflow_run where state not in {ENDED}"))


def wait_ended(fleet, seconds):
    """How long it took until every run had ended; the number of those that had not."""
    began = time.monotonic()
    while (left := alive(fleet.pair.primary.sql)) and time.monotonic() < began + seconds:
        time.sleep(0.25)
    return time.monotonic() - began, left


def recovery(probes, since):
    """Seconds from `since` to the first of three healthy probes in a row; None when there were none."""
    row = 0
    first = None
    for posted, took in probes:
        if posted < since:
            continue
        row = row + 1 if took is not None and took <= HEALTHY_S else 0
        first = posted + took if row == 1 else first
        if row == 3:
            return max(0.0, first - since)
    return None


def check_ledger(table, sql, ledger):
    rows = [line.split("|") for line in sql("select tenant_id, id, state from weft.workflow_run", seconds=300).splitlines()]
    runs = {run: (tenant, state) for tenant, run, state in rows}
    table.check("acknowledged and not there", sum(run not in runs for run in ledger.acked.values()))
    table.check("there, but as another tenant's", sum(
        runs[run][0] != tenant for (tenant, _), run in ledger.acked.items() if run in runs))
    table.check("deliveries that were answered with two runs", ledger.changed_answers)
    hooked = int(sql("select count(*) from weft.workflow_run r join weft.trigger t on t.id = r.trigger_id where t.kind = 'webhook'"))
    known = len(set(ledger.acked.values()))
    # A probe that was not answered is not repeated: its run may be there.
    unanswered = sum(took is None for _, took in ledger.probes)
    table.check("runs of webhooks beyond those acknowledged (probes without answer may be)", hooked - known, unanswered)
    lost = sum(runs.get(run, (0, "missing"))[1] not in ("success", "failed", "canceled") for run in ledger.answers)
    table.check("waits that were answered and go on waiting", lost)


def check_ends(table, sql, left):
    table.check("runs that have not ended", left)
    table.check("runs with two ends", int(sql(
        "select count(*) from (select from weft.run_event where kind = 'finished' group by tenant_id, run_id having count(*) > 1) x")))
    table.check("runs that have ended and have a job, or have no job and go on", int(sql(
        f"select count(*) from weft.workflow_run r full join weft.job j on (j.tenant_id, j.run_id) = (r.tenant_id, r.id) "
        f"where (r.state in {ENDED}) = (j.run_id is not null) or r.id is null")))
    table.check("runs that have ended and are not charged once", abs(int(sql(
        f"select (select count(*) from weft.workflow_run where state in {ENDED}) - (select coalesce(sum(runs), 0) from weft.usage_part)"))))
    for line in sql("select state || coalesce('/' || failure_kind, '') || coalesce(': ' || left(error ->> 'message', 70), ''), count(*) "
                    "from weft.workflow_run group by 1 order by 2 desc").splitlines():
        table.say("runs " + line.rsplit("|", 1)[0], line.rsplit("|", 1)[1])


def check_crons(table, sql, since, until, every):
    """Between the two instants, without what is less than `every` seconds from them: each schedule has fired once at each slot."""
    first, last = (int(since) // every + 2) * every, (int(until) // every - 1) * every
    slots = max(0, (last - first) // every + 1)
    window = f"s between to_timestamp({first}) and to_timestamp({last})"
    schedules = int(sql("select count(*) from weft.trigger where kind = 'schedule'"))
    fires = ("(select e.tenant_id, e.trigger_id, case t.kind when 'schedule' then e.dedupe_key::timestamptz end as s, e.run_id, e.received_at "
             "from weft.trigger_event e join weft.trigger t on t.id = e.trigger_id where t.kind = 'schedule') f")
    fired, distinct = map(int, sql(f"select count(*), count(distinct (trigger_id, s)) from {fires} where {window}").split("|"))
    table.say("schedules x slots", f"{schedules} x {slots}")
    table.check("slots of schedules that did not fire", schedules * slots - distinct)
    table.check("slots that fired twice", fired - distinct)
    table.check("slots where there are none", int(sql(f"select count(*) from {fires} where extract(epoch from s)::numeric % {every} <> 0")))
    table.check("fires without their run, or runs without a fire", int(sql(
        f"select count(*) from {fires} full join (select r.* from weft.workflow_run r join weft.trigger t on t.id = r.trigger_id "
        f"where t.kind = 'schedule') r on r.id = f.run_id where r.id is null or f.run_id is null")))
    late = sql(f"select percentile_cont(array[0.5, 0.99, 1]) within group (order by extract(epoch from received_at - s)) "
               f"from {fires} where {window}")
    table.say("seconds late p50, p99, most (faults included)", late)


def check_tenants(table, fleet, tenants, ledger, dice):
    sql = fleet.pair.primary.sql
    tables = sql("select c.table_name from information_schema.columns c join information_schema.columns t using (table_schema, table_name) "
                 "join pg_tables p on p.schemaname = c.table_schema and p.tablename = c.table_name "
                 "where c.table_schema = 'weft' and c.column_name = 'run_id' and t.column_name = 'tenant_id' order by 1").split()
    tables = [name for name in tables if not name[-8:].isdigit() and not name.endswith("_default")]
    crossed = sum(int(sql(f"select count(*) from weft.{name} x join weft.workflow_run r on r.id = x.run_id "
                          f"where r.tenant_id <> x.tenant_id", seconds=300)) for name in tables)
    table.check(f"rows of {len(tables)} tables whose run is another tenant's", crossed)
    table.check("runs whose workflow or trigger is another tenant's", int(sql(
        "select count(*) from weft.workflow_run r left join weft.workflow w on w.id = r.workflow_id "
        "left join weft.trigger t on t.id = r.trigger_id where r.tenant_id <> w.tenant_id or r.tenant_id <> t.tenant_id")))
    shown, caller = 0, Caller(fleet.of("api"), 30)
    asked = dice.sample(sorted(ledger.acked.items()), min(200, len(ledger.acked)))
    for (owner, _), run in asked:
        other = next(tenant for tenant in tenants if tenant.id != owner) if len(tenants) > 1 else None
        try:
            shown += other is not None and bool(other.call("GET", f"/runs/{run}", caller=caller))
        except Refused as refused:
            shown += refused.status != 404
    table.check(f"runs of the other tenant that the API showed, of {len(asked)}", shown)


def check_secrets(table, fleet, tenants, ledger, dice):
    """The canaries, which the vendor was sent and sent back, in everything that was written."""
    found = 0
    needles = [needle for tenant in tenants for needle in (tenant.canary, tenant.canary.removeprefix("canary-"))]
    patterns = [argument for needle in needles for argument in ("-e", needle)]
    dump = fleet.folder / "dump.sql"
    with dump.open("wb") as out:
        subprocess.run(["pg_dump", "-h", str(fleet.pair.primary.sockets), "-U", "postgres", "weft"], stdout=out, check=True)
    done = subprocess.run(["grep", "-rlaF", *patterns, str(fleet.folder)], capture_output=True, text=True)
    found += len(done.stdout.split())
    for name in done.stdout.split()[:5]:
        table.say("a secret is in", name)
    caller, read = Caller(fleet.of("api"), 30), 0
    mirrored = [(owner, run) for (owner, event), run in ledger.acked.items() if ledger.kind_of[run] == "order"]
    for owner, run in dice.sample(mirrored, min(300, len(mirrored))):
        tenant = next(tenant for tenant in tenants if tenant.id == owner)
        for path in ("", "/steps", "/events", "/logs", "/steps/mirror", "/steps/order"):
            try:
                text = json.dumps(tenant.call("GET", f"/runs/{run}{path}", caller=caller))
            except Refused:
                continue
            read += 1
            found += any(needle in text for needle in needles)
    table.check(f"secrets in logs, database, WAL, dump, blobs, {read} answers of the API", found)
    dump.unlink()


def check_effects(table, vendor, limit):
    calls = sum(vendor.keys.values())
    repeats = calls - len(vendor.keys)
    table.check(f"repeated outside calls of {calls}, of {limit:.0%}", repeats, limit * calls)
    table.check("repeated outside calls with another key", vendor.two_keys)


def check_cancels(table, sql, ledger):
    """Nothing begins once a cancel is acknowledged. The clock is this machine's, as the database's is."""
    values = ",".join(f"('{run}'::uuid, to_timestamp({at}))" for run, at in ledger.cancels.items())
    if not values:
        return
    table.say("cancels that were acknowledged", len(ledger.cancels))
    table.check("steps that began after the acknowledgement of a cancel", int(sql(
        f"select count(*) from (values {values}) c(run, at) join weft.step_run s on s.run_id = c.run "
        f"where s.started_at > c.at", seconds=120)))


def canary_in_log(fleet, tenants):
    with (fleet.folder / "log" / "worker-1.log").open("a") as log:
        log.write(json.dumps({"level": "info", "message": tenants[0].canary}) + "\n")


# (damage, which check must notice it, as what); $run is an acknowledged one, $other the other tenant
DAMAGES = [
    ("delete from weft.workflow_run where id = '$run'", "ledger", "acknowledged and not there"),
    ("update weft.workflow_run set tenant_id = '$other' where id = '$run'", "ledger", "there, but as another tenant's"),
    ("insert into weft.run_event (tenant_id, run_id, seq, kind) overriding system value select tenant_id, id, s, 'finished' from weft.workflow_run, "
     "generate_series(-2, -1) s where id = '$run'", "ends", "runs with two ends"),
    ("update weft.workflow_run set state = 'running', finished_at = null where id = '$run'", "ends", "runs that have ended and have a job"),
    ("delete from weft.workflow_run where id = '$run'", "ends", "runs that have ended and are not charged once"),
    ("update weft.payload set tenant_id = '$other' where run_id = '$run'", "tenants", "rows of "),
    ("delete from weft.trigger_event e using weft.trigger t where t.id = e.trigger_id and t.kind = 'schedule'", "crons", "slots of schedules"),
    (canary_in_log, "secrets", "secrets in logs"),
]


def check_audit(table, fleet, tenants, ledger, times, dice):
    """The audit of an installation that was damaged by hand: each damage must be noticed."""
    (owner, _), run = next(iter(ledger.acked.items()))
    other = next(tenant.id for tenant in tenants if tenant.id != owner)
    for damage, which, expected in DAMAGES:
        if callable(damage):
            damage(fleet, tenants)
        else:
            fleet.pair.primary.sql("set session_replication_role = replica; create table public.kept as table weft.workflow_run; "
                                   "create table public.kept_values as table weft.payload; "
                                   + damage.replace("$run", run).replace("$other", other))
        seen, sql = Table(is_quiet=True), fleet.pair.primary.sql
        {"ledger": lambda: check_ledger(seen, sql, ledger), "ends": lambda: check_ends(seen, sql, 0),
         "crons": lambda: check_crons(seen, sql, *times),
         "tenants": lambda: check_tenants(seen, fleet, tenants, ledger, dice),
         "secrets": lambda: check_secrets(seen, fleet, tenants, ledger, dice)}[which]()
        table.check(f"damage that goes unnoticed: {expected}", int(not any(each.startswith(expected) for each in seen.failures)))
        if not callable(damage):
            sql("set session_replication_role = replica; truncate weft.workflow_run, weft.payload; "
                "insert into weft.workflow_run select * from public.kept; insert into weft.payload select * from public.kept_values; "
                "drop table public.kept, public.kept_values; delete from weft.run_event where seq < 0")


def read_logs(fleet, names=("error", "critical")):
    """Lines of trouble that Weft's processes have written, by their message."""
    counts = {}
    for path in pathlib.Path(fleet.folder / "log").glob("*.log"):
        for line in path.read_text(errors="replace").splitlines():
            try:
                entry = json.loads(line)
            except json.JSONDecodeError:
                entry = {"level": "error", "message": line[:100]}
            if entry.get("level") in names:
                counts[str(entry.get("message", entry.get("msg")))[:90]] = counts.get(str(entry.get("message", entry.get("msg")))[:90], 0) + 1
    return sorted(counts.items(), key=lambda each: -each[1])[:12]
