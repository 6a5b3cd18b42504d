"""A database of its own and `weft graphql` on it, for one suite. Used by the suites' run scripts."""
import json
import os
import pathlib
import re
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
from npm import install, node  # noqa: E402, F401: the suites take them from here

ADMIN_URL = os.environ["WEFT_TEST_DATABASE_URL"]


def psql(url: str, *arguments: str, text: str | None = None) -> str:
    command = ["psql", "-X", "-q", "-At", "-v", "ON_ERROR_STOP=1", url, *arguments]
    return subprocess.run(command, input=text, check=True, text=True, stdout=subprocess.PIPE).stdout


def on_database(url: str, name: str) -> str:
    """The same server, another database. `url`: a URL, or keywords, of which the last one counts."""
    if "://" not in url:
        return f"{url} dbname='{name}'"
    parts = urllib.parse.urlsplit(url)
    return urllib.parse.urlunsplit(parts._replace(path="/" + name))


class Server:
    """`weft graphql` on a fresh database that `schema` (SQL text) has filled."""

    def __init__(self, name: str, schema: str, *flags: str, environment: dict[str, str] | None = None) -> None:
        self.database = f"{name}_{os.getpid()}_{time.monotonic_ns() % 1_000_000}"
        psql(ADMIN_URL, "-c", f'create database "{self.database}"')
        self.database_url = on_database(ADMIN_URL, self.database)
        psql(self.database_url, text=schema)
        self.url, self.process = self.beside(self.database_url, *flags, environment=environment)

    @staticmethod
    def beside(database_url: str, *flags: str, environment: dict[str, str] | None = None) -> tuple[str, subprocess.Popen]:
        """Starts `weft graphql` on a database that exists, and waits for its address."""
        command = [os.environ["WEFT_BIN"], "graphql", "--database-url", database_url, "--listen", "127.0.0.1:0", *flags]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                   env=os.environ | (environment or {}))
        said = []
        for line in process.stdout:
            said.append(line)
            if match := re.search(r"http://127\.0\.0\.1:\d+", line):
                # What it logs later must not fill the pipe and stop it.
                threading.Thread(target=process.stdout.read, daemon=True).start()
                return match[0], process
        raise RuntimeError("weft graphql did not start:\n" + "".join(said))

    def post(self, path: str, body: object, headers: dict[str, str] | None = None, hook=None) -> tuple[int, object]:
        data = json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, {"content-type": "application/json", **(headers or {})})
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, json.load(answer, object_pairs_hook=hook)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error, object_pairs_hook=hook)

    def __enter__(self) -> "Server":
        return self

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        self.process.wait(20)
        psql(ADMIN_URL, "-c", f'drop database "{self.database}" with (force)')
