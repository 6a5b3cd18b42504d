"""Posts very many small deliveries over kept connections, each until it is acknowledged; one thread, no queue in between."""
import asyncio
import contextlib
import json
import time


class Connection(asyncio.Protocol):
    """One delivery at a time."""

    def __init__(self, poster):
        self.poster, self.transport, self.buffer, self.event, self.closed, self.timer = poster, None, b"", None, None, None

    async def run(self):
        loop = asyncio.get_running_loop()
        turn = id(self) >> 4
        while self.event is not None or self.poster.has_more():
            turn += 1
            self.closed = loop.create_future()
            try:
                await loop.create_connection(lambda: self, "127.0.0.1", self.poster.ports[turn % len(self.poster.ports)])
            except OSError:
                await asyncio.sleep(0.05)
                continue
            await self.closed
            await asyncio.sleep(0.02)

    def connection_made(self, transport):
        self.transport, self.buffer = transport, b""
        self.post()

    def post(self):
        if self.event is None:
            self.event = self.poster.take()
        if self.event is None:
            self.transport.close()
            return
        if (ahead := self.poster.ahead(self.event)) > 0:
            self.later(ahead, self.write)
        else:
            self.write()

    def write(self):
        if self.transport.is_closing():
            return
        self.sent_at = time.monotonic()
        self.poster.posts += 1
        self.transport.write(self.poster.request(self.event))

    def data_received(self, piece):
        self.buffer += piece
        end = self.buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        at = self.buffer.lower().find(b"content-length:", 0, end)
        size = int(self.buffer[at + 15:self.buffer.index(b"\r\n", at)]) if at >= 0 else 0
        if len(self.buffer) < end + 4 + size:
            return
        status, body = int(self.buffer[9:12]), self.buffer[end + 4:end + 4 + size]
        self.buffer = b""
        if status in (200, 202):
            event, self.event = self.event, None
            self.poster.ack(event, json.loads(body)["run_id"], time.monotonic() - self.sent_at)
            self.post()
        else:
            self.poster.refused += 1
            self.later(0.1, self.post)

    def later(self, seconds, call):
        """Not on another connection: two requests under way there would swap their answers."""
        self.timer = asyncio.get_running_loop().call_later(seconds, lambda: self.transport.is_closing() or call())

    def connection_lost(self, _):
        if self.timer:
            self.timer.cancel()
        if self.event is not None:
            self.poster.lost += 1
        if not self.closed.done():
            self.closed.set_result(None)


class Poster:
    """Delivers events 0..count-1; `target(event)` is the path and the body. Every `twice`-th goes out a second time later."""

    def __init__(self, ports, count, target, rate=0, twice=20, connections=64):
        self.ports, self.count, self.target, self.rate, self.twice = ports, count, target, rate, twice
        self.connections = connections
        self.next = 0
        self.repeats = []
        self.acked = [None] * count
        self.done = self.posts = self.refused = self.lost = self.changed = 0
        self.seconds = []
        self.is_over = False
        self.began = time.monotonic()

    def has_more(self):
        return not self.is_over and (self.next < self.count or bool(self.repeats))

    def take(self):
        if self.is_over:
            return None
        if self.repeats and (len(self.repeats) > 500 or self.next >= self.count):
            return self.repeats.pop(0)
        if self.next >= self.count:
            return None
        self.next += 1
        return self.next - 1

    def ahead(self, event):
        """Seconds until an event is due; at once without a rate."""
        return self.began + event / self.rate - time.monotonic() if self.rate else 0

    def request(self, event):
        path, body = self.target(event)
        return (b"POST %s HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\nx-weft-delivery: event-%d\r\n"
                b"content-length: %d\r\n\r\n%s" % (path, event, len(body), body))

    def ack(self, event, run, seconds):
        if self.acked[event] is None:
            self.acked[event] = run
            self.done += 1
            if event % 50 == 0:
                self.seconds.append(seconds)
            if self.twice and event % self.twice == 0:
                self.repeats.append(event)
        elif self.acked[event] != run:
            self.changed += 1

    async def all(self):
        await asyncio.gather(*[Connection(self).run() for _ in range(self.connections)])

    def run(self):
        with contextlib.suppress(asyncio.CancelledError):
            asyncio.run(self.all())
