"""The acceptance run: a mixed load while something breaks every few seconds, then the table of what was promised."""
import contextlib
import datetime
import json
import os
import pathlib
import random
import signal
import subprocess
import time

from . import audit
from .fleet import ROOT, Fleet
from .load import Load, Vendor
from .pair import processes_below


class Chaos:
    """The faults. Each strikes, lasts, and is undone before it returns; what dies is started again by the fleet."""

    def __init__(self, fleet, dice, lease_s):
        self.fleet, self.dice, self.lease_s = fleet, dice, lease_s
        self.counts, self.log = {}, []
        self.heal_by = None

    def any_of(self, *kinds):
        return self.dice.choice(self.fleet.of(*kinds))

    def kill(self, *kinds):
        self.any_of(*kinds).tell(signal.SIGKILL)

    def kill_api(self):
        self.kill("api", "ingress")

    def kill_worker(self):
        self.kill("worker")

    def kill_all_workers(self):
        for worker in self.fleet.of("worker"):
            worker.tell(signal.SIGKILL)

    def end_politely(self):
        self.any_of("api", "ingress", "worker").tell(signal.SIGTERM)

    def kill_sandbox(self):
        below = processes_below(self.any_of("worker").pid)[1:]
        if below:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.dice.choice(below), signal.SIGKILL)

    def pause(self, member, seconds):
        if member.tell(signal.SIGSTOP):
            time.sleep(seconds)
            member.tell(signal.SIGCONT)

    def pause_worker(self):
        self.pause(self.any_of("worker"), self.lease_s * self.dice.uniform(1.2, 2))

    def pause_api(self):
        self.pause(self.any_of("api", "ingress"), self.dice.uniform(2, 6))

    def database_immediate(self):
        self.fleet.pair.primary.stop("immediate")
        self.fleet.pair.primary.start()

    def database_kill(self):
        self.fleet.pair.primary.kill()
        self.fleet.pair.primary.start()

    def database_pause(self):
        everybody = processes_below(self.fleet.pair.primary.pid())
        for number in (signal.SIGSTOP, signal.SIGCONT):
            for pid in everybody:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, number)
            if number == signal.SIGSTOP:
                time.sleep(self.dice.uniform(1, 4))

    def standby_kill(self):
        self.fleet.pair.standby.kill()
        time.sleep(self.dice.uniform(0, 2))
        self.fleet.pair.standby.start()

    def fail_over(self):
        pair = self.fleet.pair
        pair.wait_streaming("sync")
        pair.fail_over()
        self.fleet.wire.tell("target", pair.primary.socket)
        self.fleet.wire.tell("reset", "*")
        pair.attach()

    def cut_one(self):
        name = self.any_of("api", "ingress", "worker").name
        self.fleet.wire.tell("cut", name)
        time.sleep(self.dice.uniform(2, 2 * self.lease_s))
        self.fleet.wire.tell("heal", name)

    def cut_all(self):
        self.fleet.wire.tell("cut", "*")
        time.sleep(self.dice.uniform(1, 5))
        self.fleet.wire.tell("heal", "*")

    def reset_all(self):
        self.fleet.wire.tell("reset", "*")

    def reset_one(self):
        self.fleet.wire.tell("reset", self.any_of("api", "ingress", "worker").name)

    def slow_network(self):
        self.fleet.wire.tell("delay", "*", ms=self.dice.choice([20, 50, 100]))
        time.sleep(self.dice.uniform(3, 8))
        self.fleet.wire.tell("heal", "*")

    def disk(self, what, seconds):
        nodes = [self.fleet.pair.primary]
        for node in nodes:
            node.set_disk(what)
        time.sleep(seconds)
        for node in nodes:
            node.set_disk("-")

    def slow_disk(self):
        self.disk("s", self.dice.uniform(3, 8))

    def full_disk(self):
        self.disk("f", self.dice.uniform(2, 6))


# What strikes, and how often beside the others.
FAULTS = {
    "kill -9 an api or ingress": (Chaos.kill_api, 14),
    "kill -9 a worker": (Chaos.kill_worker, 14),
    "kill -9 all workers": (Chaos.kill_all_workers, 3),
    "kill -9 a sandbox": (Chaos.kill_sandbox, 6),
    "SIGTERM to a process": (Chaos.end_politely, 5),
    "pause a worker beyond its lease": (Chaos.pause_worker, 12),
    "pause an api or ingress": (Chaos.pause_api, 5),
    "PostgreSQL: stop -m immediate": (Chaos.database_immediate, 6),
    "PostgreSQL: kill -9": (Chaos.database_kill, 5),
    "PostgreSQL: all of it stands still": (Chaos.database_pause, 4),
    "PostgreSQL: the standby dies": (Chaos.standby_kill, 4),
    "PostgreSQL: the standby takes over": (Chaos.fail_over, 4),
    "network: one process cut off": (Chaos.cut_one, 8),
    "network: all cut off": (Chaos.cut_all, 4),
    "network: all connections reset": (Chaos.reset_all, 4),
    "network: one's connections reset": (Chaos.reset_one, 5),
    "network: slow": (Chaos.slow_network, 4),
    "disk of the primary: slow": (Chaos.slow_disk, 4),
    "disk of the primary: full": (Chaos.full_disk, 4),
}


def build_shim(folder):
    out = pathlib.Path(folder) / "slow_disk.so"
    source = pathlib.Path(__file__).with_name("slow_disk.c")
    subprocess.run(["cc", "-O2", "-shared", "-fPIC", "-o", str(out), str(source), "-ldl"], check=True)
    out.chmod(0o755)
    return out


def revision():
    done = subprocess.run(["git", "-C", str(ROOT), "rev-parse", "--short", "HEAD"], capture_output=True, text=True)
    return done.stdout.strip() or "unknown"


def rage(fleet, dice, options):
    chaos = Chaos(fleet, dice, options.lease_ms / 1000)
    names = [name for name, (_, share) in FAULTS.items() for _ in range(share) if options.only in name]
    until = time.monotonic() + options.minutes * 60
    last_said = time.monotonic()
    struck = []
    while time.monotonic() < until:
        time.sleep(dice.uniform(options.gap_min, options.gap_max))
        name = dice.choice(names)
        began = time.time()
        FAULTS[name][0](chaos)
        struck.append((name, began, time.time()))
        if options.is_loud:
            print(f"{datetime.datetime.now():%H:%M:%S} {name} {struck[-1][2] - began:.1f} s", flush=True)
        elif time.monotonic() > last_said + 300:
            last_said = time.monotonic()
            print(f"{datetime.datetime.now():%H:%M:%S} {len(struck)} faults", flush=True)
    return struck


def run(options):
    seed = options.seed or random.SystemRandom().getrandbits(32)
    dice = random.Random(seed)
    print(f"chaos: seed {seed}, {options.revision or revision()}, {datetime.datetime.now():%Y-%m-%d %H:%M}, {options.minutes} minutes, "
          f"{options.rate} deliveries/s, {options.crons} schedules of every {options.every} s, lease {options.lease_ms} ms; "
          f"2 api, 2 ingress (each with a scheduler), 4 workers (each with broker and egress), PostgreSQL and synchronous standby",
          flush=True)
    vendor = Vendor()
    fleet = Fleet(apis=2, ingresses=2, workers=4, lease_ms=options.lease_ms, with_standby=True, folder=options.folder,
                  shim=build_shim(options.folder or "/tmp") if options.has_disk_faults else None)
    table = audit.Table()
    try:
        fleet.start()
        tenants = fleet.claim_tenants(2)
        load = Load(fleet, tenants, vendor, options, seed)
        load.start()
        began = time.time()
        time.sleep(5)
        struck = rage(fleet, dice, options)
        last = time.time()
        time.sleep(60 if options.minutes >= 2 else 8)  # probes go on: they tell how long it takes to be well again
        load.stop()
        stopped = time.time()
        _, left = audit.wait_ended(fleet, 60 + 45)
        report(table, options, fleet, tenants, load, vendor, struck, (began, last, stopped), left, dice)
        if options.is_damaged_after:
            audit.check_audit(table, fleet, tenants, load.ledger, (began, stopped, options.every), dice)
    finally:
        if table.failed and options.folder:
            for member in fleet.members:
                member.is_wanted = False
            print("what is left is in", options.folder)
        fleet.close()
    print(f"{'chaos passed' if not table.failed else f'{table.failed} FAILED'}", flush=True)
    return 1 if table.failed else 0


def report(table, options, fleet, tenants, load, vendor, struck, times, left, dice):
    began, last, stopped = times
    sql, ledger = fleet.pair.primary.sql, load.ledger
    print(f"\nfaults: {len(struck)} in {(last - began) / 60:.1f} minutes")
    for name in FAULTS:
        spans = [audit.recovery(ledger.probes, end) for each, _, end in struck if each == name]
        seen = sorted(span for span in spans if span is not None)
        if spans:
            table.say(name, f"{len(spans):4}   well again after p50 {seen[len(seen) // 2] if seen else -1:.1f}, "
                            f"most {seen[-1] if seen else -1:.1f} s")
    healthy = [took for _, took in ledger.probes if took is not None]
    table.say("events delivered, answers that were late or refused", f"{len(ledger.acked)}, {ledger.refusals}")
    table.say("runs in all", sql("select count(*) from weft.workflow_run"))
    table.say("probes, those that ended within 5 s", f"{len(ledger.probes)}, {len(healthy)}")
    audit.check_ledger(table, sql, ledger)
    audit.check_ends(table, sql, left)
    audit.check_crons(table, sql, began, stopped, options.every)
    audit.check_effects(table, vendor, options.repeats)
    audit.check_cancels(table, sql, ledger)
    audit.check_tenants(table, fleet, tenants, ledger, dice)
    audit.check_secrets(table, fleet, tenants, ledger, dice)
    well = audit.recovery(ledger.probes, struck[-1][2] if struck else began)
    table.check("seconds until it was well after the last fault, of 60", f"{-1 if well is None else well:.1f}", is_good=well is not None and well <= 60)
    table.say("processes that ended by themselves", json.dumps([each[1:] for each in fleet.unexpected][:10]))
    for message, count in audit.read_logs(fleet):
        table.say("log: " + message[:60], count)
