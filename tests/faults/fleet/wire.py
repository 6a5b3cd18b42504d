"""The network between Weft's processes and PostgreSQL: a TCP proxy, one port for each process, that can be cut, slowed and reset.

A process of its own (`python3 wire.py`), so that the load does not wait for it. Commands are lines of JSON on its standard input:
{"open": NAME} answers {"port": N}; {"target": PATH} says where the database listens; {"cut": NAME}, {"heal": NAME},
{"reset": NAME}, {"delay": NAME, "ms": N}. NAME "*" is all of them. What was sent while a line was cut arrives when it is healed.
"""
import asyncio
import contextlib
import json
import pathlib
import socket
import struct
import subprocess
import sys
import threading

CHUNK = 1 << 16


class Line:
    """What one process says to the database, over however many connections."""

    def __init__(self):
        self.is_up = asyncio.Event()
        self.is_up.set()
        self.delay = 0.0
        self.writers = set()

    async def pump(self, reader, writer):
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            while piece := await reader.read(CHUNK):
                if self.delay:
                    await asyncio.sleep(self.delay)
                if not self.is_up.is_set():
                    await self.is_up.wait()
                writer.write(piece)
                await writer.drain()
        with contextlib.suppress(OSError):
            writer.close()

    async def serve(self, reader, writer, target):
        self.writers.add(writer)
        try:
            await self.is_up.wait()
            there, back = await asyncio.open_unix_connection(target())
            self.writers.add(back)
            try:
                await asyncio.gather(self.pump(reader, back), self.pump(there, writer))
            finally:
                self.writers.discard(back)
                back.close()
        except OSError:
            pass  # nobody listens: the database is down
        finally:
            self.writers.discard(writer)
            writer.close()

    def reset(self):
        for writer in list(self.writers):
            raw = writer.get_extra_info("socket")
            if raw is not None and raw.family == socket.AF_INET:
                with contextlib.suppress(OSError):  # gone is what it should be
                    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()


async def main():
    lines, target = {}, ""
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while text := await reader.readline():
        said, answer = json.loads(text), {}
        verb, name = next(iter(said.items()))
        named = list(lines.values()) if name == "*" else [lines[name]] if name in lines else []
        if verb == "open":
            line = lines[name] = Line()
            server = await asyncio.start_server(
                lambda r, w, line=line: line.serve(r, w, lambda: target), "127.0.0.1", 0, backlog=256)
            answer = {"port": server.sockets[0].getsockname()[1]}
        elif verb == "target":
            target = name
        for line in named:
            if verb == "cut":
                line.is_up.clear()
            elif verb == "heal":
                line.is_up.set()
                line.delay = 0.0
            elif verb == "delay":
                line.delay = said["ms"] / 1000
            elif verb == "reset":
                line.reset()
        print(json.dumps(answer), flush=True)


class Wire:
    """The other end of the proxy's standard input."""

    def __init__(self):
        self.mutex = threading.Lock()
        self.process = subprocess.Popen([sys.executable, str(pathlib.Path(__file__))], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)

    def tell(self, verb, name, **more):
        with self.mutex:
            self.process.stdin.write(json.dumps({verb: name} | more) + "\n")
            self.process.stdin.flush()
            return json.loads(self.process.stdout.readline())

    def close(self):
        self.process.stdin.close()
        self.process.wait(10)


if __name__ == "__main__":
    asyncio.run(main())
