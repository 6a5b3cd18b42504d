"""What people and other systems do to an installation while it is broken, and the ledger of what they were told."""
import asyncio
import collections
import http.client
import json
import queue
import random
import threading
import time

from .fleet import Caller, Refused

MAP = {"id": "a", "uses": "core/map", "with": {"n": "{{ input.n ?? 0 }}"}}
ORDER = {"steps": [
    {"id": "prepare", "uses": "core/map", "with": {"id": "{{ input.id }}"}},
    {"id": "order", "needs": ["prepare"], "uses": "shop/order@1", "connection": "shop", "with": {"id": "{{ steps.prepare.output.id }}"}},
    {"id": "mirror", "needs": ["order"], "if": "{{ input.is_mirrored ?? false }}", "uses": "shop/mirror@1", "connection": "shop",
     "with": {"id": "{{ 'm-' + input.id }}"}, "on-error": "continue", "retry": {"attempts": 1}},
    {"id": "done", "needs": ["mirror"], "uses": "core/map", "with": {"total": "{{ steps.order.output.body.total }}"}}],
    "output": "{{ steps.done.output }}"}
LEAF = {"steps": [MAP], "output": "{{ steps.a.output }}"}
FAN = {"steps": [
    {"id": "each", "uses": "core/foreach", "with": {"items": "{{ [1, 2, 3, 4, 5] }}", "concurrency": 3}, "steps": [
        {"id": "square", "uses": "core/map", "with": "{{ item * item }}"}]},
    {"id": "one", "needs": ["each"], "uses": "core/workflow", "with": {"workflow": "leaf", "input": {"n": 1}}},
    {"id": "two", "needs": ["each"], "uses": "core/workflow", "with": {"workflow": "leaf", "input": {"n": 2}}}],
    "output": "{{ steps.each.output }}"}
NAP = {"steps": [{"id": "nap", "uses": "core/sleep", "with": {"for": "{{ input.seconds }}"}}, MAP | {"needs": ["nap"]}]}
ASK = {"steps": [{"id": "ask", "uses": "core/event", "with": {"event": "answer", "key": "{{ input.id }}", "timeout": "1d"}},
                 MAP | {"needs": ["ask"]}]}
FLOWS = {"order": ORDER, "leaf": LEAF, "fan": FAN, "nap": NAP, "ask": ASK, "tick": {"steps": [MAP]}, "probe": {"steps": [MAP]}}
MIX = [("order", 55), ("fan", 10), ("nap", 20), ("ask", 15)]


class Vendor:
    """Another system: HTTP on loopback in a thread of its own. Counts calls by key; `/mirror` sends back what it was sent."""

    def __init__(self, delay=0.1):
        self.delay = delay
        self.keys = collections.Counter()
        self.key_of = {}
        self.two_keys = 0
        self.secrets_seen = set()
        self.loop = asyncio.new_event_loop()
        ready = threading.Event()
        self.thread = threading.Thread(target=self.run, args=(ready,), daemon=True)
        self.thread.start()
        ready.wait(10)

    def run(self, ready):
        asyncio.set_event_loop(self.loop)
        server = self.loop.run_until_complete(asyncio.start_server(self.serve, "127.0.0.1", 0))
        self.url = "http://127.0.0.1:%d" % server.sockets[0].getsockname()[1]
        ready.set()
        self.loop.run_forever()

    async def serve(self, reader, writer):
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                lines = head.decode("latin1").split("\r\n")
                path = lines[0].split()[1]
                headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:] if line)}
                if size := int(headers.get("content-length", 0)):
                    await reader.readexactly(size)
                status, body = self.answer(path, headers, head)
                await asyncio.sleep(self.delay)
                writer.write(b"HTTP/1.1 %d X\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%s" %
                             (status, len(body), body))
                await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    def answer(self, path, headers, head):
        self.secrets_seen.add(headers.get("x-api-key", ""))
        thing, key = path.rsplit("/", 1)[1], headers.get("idempotency-key", "")
        if path.startswith("/mirror/"):  # as a careless system does
            return 500, json.dumps({"you_sent": head.decode("latin1"), "error": headers.get("x-api-key", "")}).encode()
        self.keys[key] += 1
        if self.key_of.setdefault(thing, key) != key:
            self.two_keys += 1
        return 200, json.dumps({"id": thing, "total": 12}).encode()


class Ledger:
    """What was acknowledged. Every list only grows."""

    def __init__(self):
        self.mutex = threading.Lock()
        self.acked = {}  # (tenant, event) -> run
        self.kind_of = {}  # run -> which workflow
        self.changed_answers = 0
        self.posts = self.refusals = 0
        self.cancels = {}  # run -> when it was acknowledged
        self.answers = {}  # run -> payload of the event that was taken for it
        self.probes = []  # (posted, seconds until it had ended, or None)

    def ack(self, tenant, event, run, kind):
        with self.mutex:
            if self.acked.setdefault((tenant, event), run) != run:
                self.changed_answers += 1
            self.kind_of[run] = kind


class Load:
    """Posts `rate` events a second over all tenants until told to stop; each until it is acknowledged."""

    def __init__(self, fleet, tenants, vendor, options, seed):
        self.fleet, self.tenants, self.vendor, self.rate = fleet, tenants, vendor, options.rate
        self.dice = random.Random(seed)
        self.ledger = Ledger()
        self.is_over = threading.Event()
        self.todo = queue.Queue()
        self.later = queue.PriorityQueue()
        self.hooks, self.flows, self.crons = {}, {}, []
        for tenant in tenants:
            tenant.canary = "canary-" + "%040x" % self.dice.getrandbits(160)
            tenant.vendor(vendor.url, tenant.canary)
            for key, definition in FLOWS.items():
                self.flows[tenant.id, key] = tenant.publish(key, definition)
            for key in ("order", "fan", "nap", "ask", "probe"):
                self.hooks[tenant.id, key] = tenant.hook(self.flows[tenant.id, key])[1]
        cron = "* * * * *" if options.every == 60 else f"*/{options.every} * * * * *"
        for n in range(options.crons):
            tenant = tenants[n % len(tenants)]
            self.crons.append(tenant.schedule(self.flows[tenant.id, "tick"], f"tick-{n}", cron=cron, catch_up="all",
                                              catch_up_within="1d"))
        self.threads = [threading.Thread(target=work, daemon=True)
                        for work in (self.pace, self.probe, *[self.post] * 6, *[self.decide] * 2)]

    def start(self):
        for thread in self.threads:
            thread.start()

    def stop(self):
        self.is_over.set()
        for thread in self.threads:
            thread.join(120)

    def pace(self):
        kinds = [kind for kind, share in MIX for _ in range(share)]
        began, n = time.monotonic(), 0
        while not self.is_over.is_set():
            if (ahead := began + n / self.rate - time.monotonic()) > 0:
                self.is_over.wait(ahead)
                continue
            if self.todo.qsize() > 50 * self.rate:  # what cannot be posted is not made up for
                self.is_over.wait(0.2)
                began = time.monotonic() - n / self.rate
                continue
            self.todo.put((n, self.tenants[n % len(self.tenants)], self.dice.choice(kinds), self.dice.randint(5, 40)))
            n += 1

    def until_answered(self, send, is_keyed=False):
        """Repeats until it is told something final, or the load is over for a while. With a key, 409: it is still being worked on."""
        give_up = None
        while True:
            try:
                return send()
            except Refused as refused:
                if refused.status < 500 and refused.status != 429 and not (is_keyed and refused.status == 409):
                    raise
            except (OSError, http.client.HTTPException, json.JSONDecodeError):
                pass
            self.ledger.refusals += 1
            if self.is_over.is_set():
                give_up = give_up or time.monotonic() + 90
                if time.monotonic() > give_up:
                    return None
            time.sleep(0.1)

    def deliver(self, caller, tenant, kind, event, body):
        def send():
            self.ledger.posts += 1
            status, _, text = caller.send("POST", self.hooks[tenant.id, kind], body, {"x-weft-delivery": event})
            if status not in (200, 202):
                raise Refused(status, text)
            return json.loads(text)["run_id"]
        run = self.until_answered(send)
        if run:
            self.ledger.ack(tenant.id, event, run, kind)
        return run

    def post(self):
        caller = Caller(self.fleet.of("ingress") or self.fleet.of("api"))
        while not (self.is_over.is_set() and self.todo.empty()):
            try:
                n, tenant, kind, seconds = self.todo.get(timeout=0.5)
            except queue.Empty:
                continue
            event = f"event-{n}"
            body = {"id": event, "n": n, "seconds": seconds, "is_mirrored": n % 20 == 0}
            run = self.deliver(caller, tenant, kind, event, body)
            if n % 10 == 0:  # as providers do
                self.deliver(caller, tenant, kind, event, body)
            if run and (kind == "ask" or n % 25 == 0):
                self.later.put((time.monotonic() + seconds / 2, n, tenant, kind, event, run))

    def decide(self):
        """Some runs that wait are answered, others are canceled, and so are some that may be at work."""
        caller = Caller(self.fleet.of("api"))
        while not (self.is_over.is_set() and self.later.empty() and self.todo.empty()):
            try:
                due, n, tenant, kind, event, run = self.later.get(timeout=0.5)
            except queue.Empty:
                continue
            while time.monotonic() < due and not self.is_over.is_set():
                time.sleep(min(1, max(0.01, due - time.monotonic())))
            if kind == "ask" and n % 2:
                sent = self.until_answered(lambda: tenant.call(
                    "POST", "/events", {"name": "answer", "key": event, "payload": n}, caller, {"idempotency-key": f"answer-{event}"}),
                    is_keyed=True)
                if sent:
                    self.ledger.answers[run] = n
                continue
            try:
                if self.until_answered(lambda: tenant.call("POST", f"/runs/{run}/cancel", {}, caller) or True):
                    self.ledger.cancels[run] = time.time()
            except Refused as refused:
                assert refused.status == 409, refused  # it has ended

    def probe(self):
        """One small run a second: how long from the delivery to its end."""
        caller, reader = Caller(self.fleet.of("ingress") or self.fleet.of("api"), 5), Caller(self.fleet.of("api"), 5)
        n, tenant = 0, self.tenants[0]
        while not self.is_over.wait(1):
            n += 1
            posted, ended = time.time(), None
            try:
                status, _, text = caller.send("POST", self.hooks[tenant.id, "probe"], {"n": n}, {"x-weft-delivery": f"probe-{n}"})
                if status == 202:
                    run = json.loads(text)["run_id"]
                    self.ledger.ack(tenant.id, f"probe-{n}", run, "probe")
                    while time.time() < posted + 5 and not ended:
                        if tenant.call("GET", f"/runs/{run}", caller=reader)["state"] == "success":
                            ended = time.time() - posted
                        else:
                            time.sleep(0.05)
            except (OSError, http.client.HTTPException, Refused, json.JSONDecodeError):
                pass
            self.ledger.probes.append((posted, ended))
