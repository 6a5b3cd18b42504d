"""A private address, spelt in every way that some library reads as one, from inside a run: no packet reaches it."""
import json
import socket
import threading

from weft_serve import eventually


class Listener(threading.Thread):
    """Counts who connects."""

    def __init__(self, host="127.0.0.1", family=socket.AF_INET):
        super().__init__(daemon=True)
        self.socket = socket.create_server((host, 0), family=family)
        self.port = self.socket.getsockname()[1]
        self.connections = 0

    def run(self):
        while True:
            client, _ = self.socket.accept()
            self.connections += 1
            client.settimeout(5)
            try:
                client.recv(65536)
                client.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok")
            except OSError:
                pass
            client.close()


def spellings(port):
    hosts = ["127.0.0.1", "127.1", "127.0.1", "0", "0.0.0.0", "00.0.0.0", "2130706433", "0x7f000001", "0x7f.1", "0x7f.0.0.1", "0x7F.0x0.0x0.0x1",
             "017700000001", "0177.0.0.1", "0177.1", "127.0.0.1.", "localhost", "localhost.", "LOCALHOST", "LocalHost", "127.0.0.2", "127.255.255.254",
             "127.000.000.001", "127.0.0.01", "[::1]", "[::]", "[0:0:0:0:0:0:0:1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::127.0.0.1]",
             "[::ffff:0:127.0.0.1]", "[64:ff9b::127.0.0.1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "[::1%25lo]", "[::1%lo]", "[fe80::1]", "[fd00::1]",
             "[fd00:ec2::254]", "169.254.169.254", "0xa9fea9fe", "2852039166", "169.254.43518", "100.100.100.200", "168.63.129.16", "10.0.0.1", "172.16.0.1",
             "192.168.0.1", "100.64.0.1", "198.18.0.1", "192.0.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255", "127.0.0.1%20", "127.0.0.1%00",
             "127.0.0.1%2f", "%31%32%37.0.0.1", "127%2e0%2e0%2e1", "①②⑦.0.0.1", "127。0。0。1", "loc\u00adalhost", "lo\u200bcalhost", "ⓛocalhost",
             "localhost:80@127.0.0.1", "example.com@127.0.0.1", "127.0.0.1:80@127.0.0.1", "user:pw@127.0.0.1", "127.0.0.1\\@example.com",
             "example.com\\@127.0.0.1", "127.0.0.1#@example.com", "127.0.0.1?@example.com", " 127.0.0.1", "127.0.0.1 ", "127.0.0.1\t", "127.0.0.1\n",
             "127.0.0.1\r\nx: y", "[127.0.0.1]", "[v1.127.0.0.1]", "ip6-localhost", "ip6-loopback", "localhost.localdomain"]
    for host in hosts:
        yield f"http://{host}:{port}/"
    for scheme in ("https", "HTTP", "ftp", "file", "gopher", "dict", "ws", "jar", "unix", "data"):
        yield f"{scheme}://127.0.0.1:{port}/"
    yield f"//127.0.0.1:{port}/"
    yield f"http:127.0.0.1:{port}/"
    yield f"http:/127.0.0.1:{port}/"
    yield f"http:\\\\127.0.0.1:{port}\\"
    yield "file:///etc/passwd"
    yield f"http://127.0.0.1:{port + 65536}/"


def run(target, report, allowed):
    forbidden = [Listener(), Listener("::1", socket.AF_INET6)]
    for listener in forbidden:
        listener.start()
    flow = target.create("/workflows", {"key": "fetch", "name": "fetch", "definition": {
        "name": "fetch", "steps": [{"id": "get", "uses": "core/http", "with": {"url": "{{ input.url }}"}, "timeout": "5s",
                                    "retry": {"attempts": 1}}], "output": "{{ steps.get.output.body }}"}})
    target.create(f"/workflows/{flow['id']}/publish", {})

    def ended(run):
        state = json.loads(target.call("GET", f"/api/v1/runs/{run}", token=target.token)[2])
        return state if state["state"] in ("success", "failed", "canceled") else None

    def start(url):
        return target.create(f"/workflows/{flow['id']}/runs", {"input": {"url": url}})["run_id"]

    control = eventually("the control has ended", lambda run=start(f"http://127.0.0.1:{allowed.port}/"): ended(run))
    report("addresses: the control, an allowed one, is reached", control["state"] == "success" and allowed.connections == 1,
           f"{control['state']} {control['error']}")
    tries = [(url, start(url)) for listener in forbidden for url in spellings(listener.port)]
    for url, run in tries:
        state = eventually(f"{url!r} has ended", lambda run=run: ended(run))
        report(f"addresses: {url!r}", state["state"] == "failed", state["state"])
    reached = sum(listener.connections for listener in forbidden)
    report("addresses: packets that a forbidden listener saw", reached == 0, f"{reached} connections")
