"""Raw HTTP that no client of ours would send. Each is answered with a refusal or a closed connection; none with a 5xx of
ours, none twice, and none takes the process with it."""
import re


def shapes():
    def get(target, *lines, version="HTTP/1.1"):
        return "\r\n".join([f"GET {target} {version}", "host: x", *lines, "", ""]).encode("latin-1")

    def post(*lines, body="", target="/hooks/none"):
        return "\r\n".join([f"POST {target} HTTP/1.1", "host: x", *lines, "", body]).encode("latin-1")

    yield from ((f"version {v!r}", get("/healthz", version=v)) for v in
                ("HTTP/0.9", "HTTP/1.2", "HTTP/2.0", "HTTP/9.9", "http/1.1", "HTTP/1", "HTTP/1.1.1", "XTTP/1.1", "", "HTTP/-1.1"))
    yield from ((f"method {m!r}", f"{m} /healthz HTTP/1.1\r\nhost: x\r\n\r\n".encode()) for m in
                ("", "get", "GE T", "CONNECT", "TRACE", "PRI", "\x00", "G" * 200, "OPTIONS", "PROPFIND", "GET\t"))
    yield from ((f"target {t!r}", get(t)) for t in
                ("", "*", "healthz", "//healthz", "/%", "/%0", "/%00", "/%zz", "/\x00", "/a b", "/../etc/passwd",
                 "/%2e%2e/%2e%2e/etc/passwd", "/api/v1/../../healthz", "http://[::1/", "http://other/healthz", "/" + "a" * 9000,
                 "/?" + "a=1&" * 3000, "/healthz#x", "/\xff\xfe", "/healthz?%ff=%fe", "/_nuxt/..%2f..%2fetc/passwd", "/..;/healthz"))
    yield from ((f"header {h[:30]!r}", get("/healthz", h)) for h in
                ("nocolon", ": empty", "a b: c", "x: \x00", "x: a\rb", " folded: y", "x" * 20000 + ": y", "x: " + "y" * 20000,
                 "content-length: -1", "content-length: 1e3", "content-length: +5", "content-length: 0x10", "content-length: 99999999999999999999",
                 "transfer-encoding: gzip", "transfer-encoding: chunked, chunked", "transfer-encoding: identity", "transfer-encoding : chunked",
                 "expect: 200-maybe", "upgrade: h2c", "connection: close, upgrade"))
    yield "two hosts", get("/healthz", "host: y")
    yield "no host", b"GET /healthz HTTP/1.1\r\n\r\n"
    yield "200 headers", get("/healthz", *(f"h{i}: v" for i in range(200)))
    yield "two lengths", post("content-length: 5", "content-length: 6", body="hello!")
    yield "length and chunked", post("content-length: 5", "transfer-encoding: chunked", body="0\r\n\r\nGET /x HTTP/1.1\r\n\r\n")
    yield from ((f"chunk {c[:20]!r}", post("transfer-encoding: chunked", body=c)) for c in
                ("zz\r\nhello\r\n0\r\n\r\n", "-1\r\n\r\n", "ffffffffffffffff\r\nx", "5\r\nhell", "5;" + "a" * 20000 + "\r\nhello\r\n0\r\n\r\n",
                 "5\nhello\n0\n\n", "0\r\nx: y\r\n" + "t: v\r\n" * 3000 + "\r\n"))
    yield "body too large", post("content-length: 104857600", body="x")
    yield "half a head", b"GET /healthz HT"
    yield "only line ends", b"\r\n" * 100
    yield "a TLS hello", bytes.fromhex("160301020001000f0303") + b"\x00" * 100
    yield "an HTTP/2 preface", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\x00" * 30
    yield "a socket without a key", get("/v1/graphql", "connection: upgrade", "upgrade: websocket", "sec-websocket-version: 13")
    yield "a socket of version 7", get("/v1/graphql", "connection: upgrade", "upgrade: websocket", "sec-websocket-version: 7",
                                       "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==")
    yield "40 pipelined", get("/healthz") * 40
    yield "a body with GET", b"GET /healthz HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\n\r\nhello"
    yield "bytes", bytes(range(256)) * 8


def run(target, report):
    for name, data in shapes():
        answer = target.raw(data, 12)
        statuses = [int(s) for s in re.findall(rb"^HTTP/1\.[01] (\d{3})", answer, re.M)]
        bad = [s for s in statuses if s >= 500 and s not in (501, 505)]
        many = len(statuses) > (40 if name == "40 pipelined" else 2)
        leaks = b"root:" in answer or b"/src/" in answer
        report(f"http: {name}", not bad and not many and not leaks, f"answered {statuses}")
    report("http: still alive", target.is_alive(), "no answer from /healthz")
