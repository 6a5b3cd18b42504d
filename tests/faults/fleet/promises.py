"""The guarantees one by one, each as a command that counts."""
import concurrent.futures
import datetime
import http.client
import json
import os
import random
import signal
import subprocess
import threading
import time

from . import audit
from .chaos import revision
from .fleet import Caller, Fleet, Refused
from .load import Vendor
from .poster import Poster

MAP = {"id": "a", "uses": "core/map", "with": {"n": 1}}
HEARD_S = 1.0  # until a worker has heard of a cancel
FAKETIME = "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1"


def percentiles(values):
    seen = sorted(values)
    if not seen:
        return "none"
    at = [seen[min(len(seen) - 1, int(len(seen) * part))] for part in (0.5, 0.99)]
    return f"p50 {at[0]:.3f}, p99 {at[1]:.3f}, most {seen[-1]:.3f} of {len(seen)}"


def percentile(values, part):
    seen = sorted(values)
    return seen[min(len(seen) - 1, int(len(seen) * part))] if seen else 0.0


class Command:
    """A fleet, the dice, and the table; subclasses say what is done."""

    fleet_options = {}

    def __init__(self, options):
        self.options = options
        self.seed = options.seed or random.SystemRandom().getrandbits(32)
        self.dice = random.Random(self.seed)
        self.table = audit.Table()
        shown = {key: value for key, value in vars(options).items() if key not in ("run", "folder", "seed", "revision", "command")}
        print(f"{options.command}: seed {self.seed}, {options.revision or revision()}, {datetime.datetime.now():%Y-%m-%d %H:%M}, {shown}",
              flush=True)
        self.fleet = Fleet(lease_ms=options.lease_ms, folder=options.folder, **self.fleet_options, **self.more_options())
        self.sql = self.fleet.pair.primary.sql

    def more_options(self):
        return {}

    @classmethod
    def main(cls, options):
        command = cls(options)
        try:
            command.go()
        finally:
            command.fleet.close()
        print(f"{options.command} {'passed' if not command.table.failed else f'{command.table.failed} FAILED'}", flush=True)
        return 1 if command.table.failed else 0

    def strike_until(self, is_over, strikes, gap):
        """Faults at random until told to stop; how many of each."""
        counts = {}
        while not is_over.wait(self.dice.uniform(*gap)):
            name = self.dice.choice([name for name, (_, share) in strikes.items() for _ in range(share)])
            strikes[name][0]()
            counts[name] = counts.get(name, 0) + 1
        return counts

    def kill(self, *kinds):
        self.dice.choice(self.fleet.of(*kinds)).tell(signal.SIGKILL)

    def restart_database(self):
        self.fleet.pair.primary.stop("immediate")
        self.fleet.pair.primary.start()

    def kill_database(self):
        self.fleet.pair.primary.kill()
        self.fleet.pair.primary.start()


class Acked(Command):
    """G1 and G2: deliveries while the ingress and PostgreSQL are killed: acknowledged - present = 0, one run for each."""

    fleet_options = {"apis": 2, "workers": 0}

    def go(self):
        options, fleet = self.options, self.fleet
        fleet.start()
        tenants = fleet.claim_tenants(options.events // 45_000 + 1)  # runs are not carried out here: each tenant has its backlog
        paths = [tenant.hook(tenant.publish("flow", {"steps": [MAP]}))[1].encode() for tenant in tenants]
        large = b'{"text":"%s"}' % (b"x" * 40_000)  # goes to the folder of large values

        def target(event):
            return paths[event % len(paths)], large if event % 1_000 == 7 else b'{"n":%d}' % event
        poster = Poster([member.port for member in fleet.of("api")], options.events, target, rate=options.rate)
        is_over, counts = threading.Event(), {}
        strikes = {"kill -9 an api": (lambda: self.kill("api"), 10), "PostgreSQL: stop -m immediate": (self.restart_database, 1),
                   "PostgreSQL: kill -9": (self.kill_database, 1)}
        striking = threading.Thread(target=lambda: counts.update(self.strike_until(is_over, strikes, (options.gap_min, options.gap_max))))
        striking.start()
        until = time.monotonic() + options.minutes * 60

        def watch():
            said = time.monotonic()
            while not is_over.wait(0.5):
                poster.is_over = time.monotonic() > until
                if time.monotonic() > said + 60:
                    said = time.monotonic()
                    print(f"  {poster.done} acknowledged", flush=True)
        threading.Thread(target=watch, daemon=True).start()
        began = time.monotonic()
        poster.run()
        took = time.monotonic() - began
        is_over.set()
        striking.join()
        fleet.wait_ready()
        self.verify(poster, took, counts)

    def verify(self, poster, took, counts):
        table, sql = self.table, self.sql
        for name, count in counts.items():
            table.say(name, count)
        acked = fleet_file(self.fleet, "acked", [f"id:event-{n}\t{run}" for n, run in enumerate(poster.acked) if run])
        sql("create table acked (event text, run uuid)")
        sql(f"copy acked from '{acked}'", seconds=600)
        table.say("deliveries acknowledged, repeated ones, a second", f"{poster.done}, {poster.posts - poster.done}, {poster.done / took:.0f}")
        table.say("seconds to the acknowledgement (of an attempt)", percentiles(poster.seconds))
        table.say("attempts refused (503, 429), connections lost", f"{poster.refused}, {poster.lost}")
        table.check("acknowledged and not there", int(sql(
            "select count(*) from acked a left join weft.workflow_run r on r.id = a.run "
            "left join weft.trigger_event e on e.run_id = a.run and e.dedupe_key = a.event left join weft.job j on j.run_id = a.run where r.id is null or e.run_id is null or j.run_id is null", seconds=600)))
        table.check("acknowledged without their values", int(sql(
            "select count(*) from acked a left join weft.payload p on p.run_id = a.run and p.slot = 'input' where p.run_id is null",
            seconds=600)))
        runs = int(sql("select count(*) from weft.workflow_run", seconds=600))
        table.check("runs more or less than one for each event", abs(runs - poster.next), poster.next - poster.done)
        table.check("deliveries that were answered with two runs", poster.changed)
        table.check("deliveries that were given up", poster.next - poster.done if not poster.is_over else 0)


def fleet_file(fleet, name, lines):
    path = fleet.folder / name
    path.write_text("\n".join(lines) + "\n")
    path.chmod(0o644)
    return path


class Workers(Command):
    """G5: all workers die while runs are under way: how soon others have them, and that every run ends."""

    fleet_options = {"apis": 1, "workers": 4, "runs_max": 64}

    def go(self):
        options, fleet = self.options, self.fleet
        vendor = Vendor(delay=5.0)
        fleet.start()
        tenant = fleet.claim_tenants(1)[0]
        tenant.vendor(vendor.url, "no-canary")
        flow = tenant.publish("flow", {"steps": [
            {"id": "one", "uses": "shop/order@1", "connection": "shop", "with": {"id": "{{ 'a' + input.n }}"}}, MAP | {"needs": ["one"]},
            {"id": "two", "uses": "shop/order@1", "needs": ["a"], "connection": "shop", "with": {"id": "{{ 'b' + input.n }}"}}]})
        waits = {"the machine's others": [], "leases alone": []}
        for round_ in range(2 * options.rounds):
            is_apart = round_ % 2 == 1  # as if the workers had been on a machine that is gone
            leased = 0
            for n in range(options.runs):
                tenant.call("POST", f"/workflows/{flow}/runs", {"input": {"n": round_ * options.runs + n}})
                if n % 10 == 9:
                    leased = int(self.sql("select count(*) from weft.job where state = 'leased'"))
                if leased >= options.runs // 2:
                    break
            waits["leases alone" if is_apart else "the machine's others"] += self.strike(is_apart)
            audit.wait_ended(fleet, 300)
        for how, seconds in waits.items():
            self.table.say(f"seconds to be claimed again ({how})", percentiles(seconds))
        bound = options.lease_ms / 1000 + 6
        self.table.check(f"requeue p99 by leases alone, of {bound:.0f} s", f"{percentile(waits['leases alone'], 0.99):.2f}",
                         is_good=0 < percentile(waits["leases alone"], 0.99) <= bound)
        self.table.check("requeue p99 on the same machine, of 5 s", f"{percentile(waits[how_first(waits)], 0.99):.2f}",
                         is_good=0 < percentile(waits[how_first(waits)], 0.99) <= 5)
        audit.check_ends(self.table, self.sql, audit.alive(self.sql))
        audit.check_effects(self.table, vendor, limit=1)

    def strike(self, is_apart):
        leased = "select run_id, epoch from weft.job where state = 'leased'"
        for worker in self.fleet.of("worker"):
            worker.is_wanted = False
            worker.tell(signal.SIGKILL)
        died = time.monotonic()
        before = dict(line.split("|") for line in self.sql(leased).splitlines())
        if is_apart:
            for name in (self.fleet.folder / "blobs" / "workers").glob("*"):
                name.unlink()
        for worker in self.fleet.of("worker"):
            worker.process.wait()
            worker.start()
        seconds = []
        while before and time.monotonic() < died + 120:
            now = dict(line.split("|") for line in self.sql(leased).splitlines())
            for run in [run for run, epoch in before.items() if int(now.get(run, 0)) > int(epoch)]:
                seconds.append(time.monotonic() - died)
                before.pop(run)
            time.sleep(0.05)
        self.table.check(f"runs of dead workers that nobody took, of {len(seconds) + len(before)}", len(before))
        return seconds


def how_first(waits):
    return next(iter(waits))


class Crons(Command):
    """G7: many schedulers, killed and paused: each slot of each schedule fires once."""

    def more_options(self):
        return {"apis": self.options.schedulers, "workers": 1}

    def go(self):
        options, fleet = self.options, self.fleet
        fleet.start()
        tenant = fleet.claim_tenants(1)[0]
        flow = tenant.publish("flow", {"steps": [MAP]})
        for n in range(options.schedules):
            tenant.schedule(flow, f"s-{n}", cron=f"*/{options.every} * * * * *", catch_up="all", catch_up_within="1d")
        began = time.time()
        is_over, counts = threading.Event(), {}
        strikes = {"kill -9 a scheduler": (lambda: self.kill("api"), 6), "pause a scheduler": (self.pause, 6),
                   "SIGTERM to a scheduler": (lambda: self.dice.choice(fleet.of("api")).tell(signal.SIGTERM), 2),
                   "PostgreSQL: stop -m immediate": (self.restart_database, options.database_share)}
        striking = threading.Thread(target=lambda: counts.update(self.strike_until(is_over, strikes, (0.5, 2))))
        striking.start()
        time.sleep(options.minutes * 60)
        is_over.set()
        striking.join()
        ended = time.time()
        time.sleep(15)
        for name, count in counts.items():
            self.table.say(name, count)
        self.verify(began, ended)

    def pause(self):
        member = self.dice.choice(self.fleet.of("api"))
        if member.tell(signal.SIGSTOP):
            time.sleep(self.dice.uniform(1, 4))
            member.tell(signal.SIGCONT)

    def verify(self, began, ended):
        table, sql, every = self.table, self.sql, self.options.every
        fires = "(select trigger_id, dedupe_key::timestamptz as s, run_id, received_at from weft.trigger_event) f"
        first, last = -(-int(began + 1) // every) * every, int(ended) // every * every
        slots = (last - first) // every + 1
        window = f"s between to_timestamp({first}) and to_timestamp({last})"
        fired, distinct = map(int, sql(f"select count(*), count(distinct (trigger_id, s)) from {fires} where {window}").split("|"))
        table.say("schedules x slots, fires", f"{self.options.schedules} x {slots}, {fired}")
        table.check("slots that did not fire", self.options.schedules * slots - distinct)
        table.check("slots that fired twice", fired - distinct)
        table.check("fires without their run, or runs without a fire", int(sql(
            f"select count(*) from {fires} full join weft.workflow_run r on r.id = f.run_id where r.id is null or f.run_id is null")))
        late = sql(f"select percentile_cont(array[0.5, 0.99, 1]) within group (order by extract(epoch from received_at - s)) "
                   f"from {fires} where {window}").strip("{}").split(",")
        table.say("seconds late p50, p99, most", ", ".join(f"{float(each):.2f}" for each in late))
        table.check("lateness p99, of 2 s (database restarts may cost more)", f"{float(late[1]):.2f}",
                    is_good=float(late[1]) <= 2 or self.options.database_share > 0)


class Timers(Command):
    """G8: runs that sleep, over restarts of everything, on machines whose clocks are an hour off: when each goes on."""

    fleet_options = {"apis": 2, "workers": 4, "runs_max": 64}

    def go(self):
        options, fleet = self.options, self.fleet
        for n, member in enumerate(fleet.members):
            if options.skew:
                sign = "-" if n % 2 else "+"
                member.environment = member.environment | {
                    "LD_PRELOAD": FAKETIME, "FAKETIME": f"{sign}{options.skew}", "FAKETIME_DONT_FAKE_MONOTONIC": "1",
                    "DONT_FAKE_MONOTONIC": "1", "FAKETIME_DISABLE_SHM": "1"}
        arrived = {}
        vendor = Vendor(delay=0.0)
        answer = vendor.answer

        def note(path, headers, head):
            arrived.setdefault(path.rsplit("/", 1)[1], time.time())
            return answer(path, headers, head)
        vendor.answer = note
        fleet.start()
        tenant = fleet.claim_tenants(1)[0]
        tenant.vendor(vendor.url, "no-canary")
        flow = tenant.publish("flow", {"steps": [
            {"id": "nap", "uses": "core/sleep", "with": {"until": "{{ input.at }}"}},
            {"id": "call", "needs": ["nap"], "uses": "shop/order@1", "connection": "shop", "with": {"id": "{{ input.id }}"}}]})
        path = tenant.hook(flow)[1].encode()
        began = time.time()
        spread = options.timers / options.wake_rate
        due = {f"t{n}": began + options.lead + self.dice.uniform(0, spread) for n in range(options.timers)}

        def target(event):
            at = datetime.datetime.fromtimestamp(due[f"t{event}"], datetime.timezone.utc).isoformat(timespec="milliseconds")
            return path, json.dumps({"id": f"t{event}", "at": at.replace("+00:00", "Z")}).encode()
        poster = Poster([member.port for member in fleet.of("api")], options.timers, target, rate=options.start_rate, twice=0)
        poster.run()
        self.table.say("sleeping runs, seconds to begin them", f"{poster.done}, {time.time() - began:.0f}")
        self.restart_database()
        self.kill_workers()
        is_over, counts = threading.Event(), {}
        strikes = {"kill -9 a worker": (lambda: self.kill("worker"), 6), "kill -9 an api": (lambda: self.kill("api"), 2),
                   "kill -9 all workers": (self.kill_workers, 2),
                   "PostgreSQL: stop -m immediate": (self.restart_database, options.database_share)}
        striking = threading.Thread(target=lambda: counts.update(self.strike_until(is_over, strikes, (5, 15))))
        striking.start()
        while time.time() < began + options.lead + spread + 5:
            time.sleep(1)
        is_over.set()
        striking.join()
        _, left = audit.wait_ended(fleet, 120)
        for name, count in counts.items():
            self.table.say(name, count)
        self.verify(due, arrived, left)

    def kill_workers(self):
        for worker in self.fleet.of("worker"):
            worker.tell(signal.SIGKILL)

    def verify(self, due, arrived, left):
        table = self.table
        off = [skew_of(self.fleet, member) for member in self.fleet.members]
        table.say("clocks of the processes against this machine's, s", ", ".join(f"{each:+.0f}" for each in off if each is not None))
        if self.options.skew:
            table.check("processes whose clock is right, which should not be", sum(each is not None and abs(each) < 60 for each in off))
        late = [arrived[name] - at for name, at in due.items() if name in arrived]
        table.check("timers that did not fire", len(due) - len(late))
        table.check("timers that fired more than 1 s early", sum(each < -1 for each in late))
        table.say("earliest, seconds", f"{min(late):.3f}")
        table.check("seconds late p99, of 2", percentiles(late), is_good=percentile(late, 0.99) <= 2)
        audit.check_ends(table, self.sql, left)


def skew_of(fleet, member):
    """From the first line that a process wrote in its last life, whose time is by its own clock, against the file's."""
    path = fleet.folder / "log" / f"{member.name}.log"
    if not path.exists():
        return None
    written = path.stat().st_mtime
    for line in reversed(path.read_text(errors="replace").splitlines()):
        try:
            said = json.loads(line)
            stamp = said.get("time") or said.get("ts") or said.get("at")
            return datetime.datetime.fromisoformat(stamp.replace("Z", "+00:00")).timestamp() - written
        except (json.JSONDecodeError, AttributeError, ValueError):
            continue
    return None


class Cancels(Command):
    """G9: runs of every kind are canceled at random points: nothing begins afterwards, and all of them end soon."""

    fleet_options = {"apis": 1, "workers": 2, "runs_max": 48}
    FLOWS = {
        "chain": [{"id": f"s{n}", "uses": "core/map", "with": {"n": n}} | ({"needs": [f"s{n - 1}"]} if n else {}) for n in range(20)],
        "calls": [{"id": f"s{n}", "uses": "shop/order@1", "connection": "shop", "with": {"id": "{{ input.id + '-" + str(n) + "' }}"}}
                  | ({"needs": [f"s{n - 1}"]} if n else {}) for n in range(6)],
        "code": [{"id": "spin", "uses": "core/code", "with": {"source": "let n = 0; while (true) n++;"}, "timeout": "30s"}, MAP | {"needs": ["spin"]}],
        "nap": [{"id": "nap", "uses": "core/sleep", "with": {"for": "1h"}}, MAP | {"needs": ["nap"]}],
        "ask": [{"id": "ask", "uses": "core/event", "with": {"event": "e", "key": "{{ input.id }}"}}, MAP | {"needs": ["ask"]}],
        "loop": [{"id": "each", "uses": "core/foreach", "with": {"items": "{{ Array.from({length: 200}, (_, i) => i) }}"},
                  "steps": [{"id": "one", "uses": "core/map", "with": "{{ item }}"}]}],
    }

    def go(self):
        options, fleet = self.options, self.fleet
        arrived = {}
        vendor = Vendor(delay=0.1)
        answer = vendor.answer

        def note(path, headers, head):
            arrived.setdefault(path.rsplit("/", 1)[1], time.time())
            return answer(path, headers, head)
        vendor.answer = note
        fleet.start()
        tenant = fleet.claim_tenants(1)[0]
        tenant.vendor(vendor.url, "no-canary")
        shares = {"chain": 30, "calls": 25, "nap": 15, "ask": 15, "loop": 13, "code": 2}
        self.flows = {key: tenant.publish(key, {"steps": steps}) for key, steps in self.FLOWS.items()}
        kinds = [kind for kind, share in shares.items() for _ in range(share)]
        work = [(n, self.dice.choice(kinds), self.dice.choice([0, 0.01, 0.03, 0.1, 0.3, 1]) * self.dice.random())
                for n in range(options.cancels)]
        self.local = threading.local()
        self.asked, self.acked, self.too_late = {}, {}, 0
        began = time.monotonic()
        with concurrent.futures.ThreadPoolExecutor(options.callers) as pool:
            list(pool.map(lambda each: self.cancel(tenant, *each), work))
        took = time.monotonic() - began
        _, left = audit.wait_ended(fleet, 60)
        self.verify(arrived, took, left)

    def cancel(self, tenant, n, kind, pause):
        if not hasattr(self.local, "caller"):
            self.local.caller = Caller(self.fleet.of("api"), 30)
        caller, name = self.local.caller, f"{kind}{n}"
        run = tenant.call("POST", f"/workflows/{self.flows[kind]}/runs", {"input": {"id": name}}, caller)["run_id"]
        time.sleep(pause)
        self.asked[run] = (name, time.time())
        try:
            tenant.call("POST", f"/runs/{run}/cancel", {}, caller)
            self.acked[run] = (name, time.time())
        except Refused as refused:
            assert refused.status == 409, refused  # it had ended
            self.too_late += 1

    def verify(self, arrived, took, left):
        table, sql = self.table, self.sql
        table.say("cancels acknowledged, runs that had ended before, a second", f"{len(self.acked)}, {self.too_late}, {len(self.asked) / took:.0f}")
        path = fleet_file(self.fleet, "acked", [f"{run}\t{name}\t{at}" for run, (name, at) in self.acked.items()])
        sql("create table acked (run uuid primary key, name text, at double precision)")
        sql(f"copy acked from '{path}'", seconds=60)
        kinds = "rtrim(a.name, '0123456789')"
        began = ("select extract(epoch from s.started_at) - a.at from acked a join weft.step_run s on s.run_id = a.run "
                 "where extract(epoch from s.started_at) > a.at")
        late = [float(line) for line in sql(began).splitlines()]
        table.say("steps that began before a worker had heard of it, seconds after", percentiles(late))
        table.check(f"steps that began more than {HEARD_S:.0f} s after the acknowledgement", sum(each > HEARD_S for each in late))
        calls = [arrived[call] - at for name, at in self.acked.values() if name.startswith("calls")
                 for call in (f"{name}-{n}" for n in range(6)) if call in arrived and arrived[call] > at]
        table.say("outside calls that arrived before a worker had heard of it, seconds after", percentiles(calls))
        table.check(f"outside calls that arrived more than {HEARD_S:.0f} s after it", sum(each > HEARD_S for each in calls))
        dead = ("select {0}percentile_cont(array[0.5, 0.99, 1]) within group (order by extract(epoch from r.finished_at) - a.at) "
                "from acked a join weft.workflow_run r on r.id = a.run {1}")
        for line in sql(dead.format(kinds + " || '|' || count(*), ", f"group by {kinds} order by 1")).splitlines():
            table.say("seconds to the end: " + line.split("|")[0], line.split("|", 1)[1])
        worst = float(sql(dead.format("", "")).strip("{}").split(",")[1])
        table.check("seconds from the acknowledgement to the end p99, of 10", f"{worst:.3f}", is_good=worst <= 10)
        table.say("runs that were through before a worker had heard of it", int(sql(
            "select count(*) from acked a join weft.workflow_run r on r.id = a.run where r.state <> 'canceled'")))
        table.check("of these, more than a second after it", int(sql(
            "select count(*) from acked a join weft.workflow_run r on r.id = a.run "
            "where r.state <> 'canceled' and extract(epoch from r.finished_at) > a.at + 1")))
        audit.check_ends(table, sql, left)


class Flood(Command):
    """Section 4: a tenant floods; another one, which asks once a second, waits no longer than it did alone."""

    fleet_options = {"apis": 1, "workers": 2, "runs_max": 16}

    def go(self):
        options, fleet = self.options, self.fleet
        fleet.start()
        loud, quiet = fleet.claim_tenants(2)
        flow = quiet.publish("flow", {"steps": [MAP]})
        self.quiet_hook = quiet.hook(flow)[1]
        steps = [{"id": "nap", "uses": "core/sleep", "with": {"for": "{{ input.seconds }}"}}, MAP | {"needs": ["nap"]}]
        path = loud.hook(loud.publish("flow", {"steps": steps}))[1].encode()
        alone = self.ask(options.seconds, "alone")
        poster = Poster([member.port for member in fleet.of("api")], options.flood,
                        lambda n: (path, b'{"seconds":%d}' % (n % 5)), twice=0, connections=16)
        flooding = threading.Thread(target=poster.run, daemon=True)
        flooding.start()
        until, beside = time.monotonic() + options.minutes * 60, []
        while (flooding.is_alive() or audit.alive(self.sql) > 100) and time.monotonic() < until:
            beside += self.ask(20, f"flood-{len(beside)}")
        poster.is_over = True
        table = self.table
        table.say("the flood: acknowledged, refused with 429 for a while", f"{poster.done}, {poster.refused}")
        table.say("runs of the flood that have ended meanwhile, with one sleep each", self.sql(
            f"select count(*) from weft.workflow_run where tenant_id = '{loud.id}' and state = 'success'"))
        table.say("seconds in the queue, alone", percentiles(alone))
        table.say("seconds in the queue, beside the flood", percentiles(beside))
        limit = max(1.0, 2 * percentile(alone, 0.99))
        table.check(f"p99 beside the flood, of {limit:.2f} s", f"{percentile(beside, 0.99):.3f}", is_good=percentile(beside, 0.99) <= limit)

    def ask(self, seconds, label):
        """One event a second; how long each run was in the queue, by the database."""
        caller, runs = Caller(self.fleet.of("api"), 30), []
        for n in range(seconds):
            began = time.monotonic()
            status, _, text = caller.send("POST", self.quiet_hook, {"n": n}, {"x-weft-delivery": f"{label}-{n}"})
            assert status == 202, (status, text)
            runs.append(json.loads(text)["run_id"])
            time.sleep(max(0, began + 1 - time.monotonic()))
        listed = ",".join(f"'{run}'" for run in runs)
        until = time.monotonic() + 60
        while int(self.sql(f"select count(*) from weft.workflow_run where id in ({listed}) and started_at is null")):
            assert time.monotonic() < until, "the quiet tenant's runs do not begin"
            time.sleep(0.1)
        return [float(line) for line in self.sql(
            f"select extract(epoch from started_at - created_at) from weft.workflow_run where id in ({listed})").splitlines()]
