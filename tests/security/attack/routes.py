"""Every route, by every method, spelt in many ways, by nobody: only what is public answers otherwise than 401, 403, 404, 405."""
import itertools
import json

PUBLIC = {("GET", "/api/v1/auth/status"), ("POST", "/api/v1/auth/claim"), ("POST", "/api/v1/auth/login"),
          ("POST", "/api/v1/auth/logout"), ("GET", "/api/v1/openapi.json")}
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "LOCK")
ID = "01890000-0000-7000-8000-000000000000"
REFUSALS = {301, 308, 400, 401, 403, 404, 405, 411, 413, 414, 415, 501}


def spellings(path):
    """The path, and what another router, proxy or file system might take for it."""
    yield path
    yield path + "/"
    yield "/" + path
    yield path.upper()
    yield path.replace("/api/", "/api/./", 1)
    yield path.replace("/api/v1", "/api/v1/auth/..", 1)
    yield path.replace("/api/v1", "/api/v1/%61uth/%2e%2e", 1)
    yield path.replace("/v1/", "/v1//", 1)
    yield path + "?x=/api/v1/auth/status"
    yield path + ";/api/v1/auth/status"
    yield path + "%3f"
    yield path + "%00"
    yield path + "/../../auth/status"


def run(target, report):
    paths = sorted({path.replace("{id}", ID).replace("{step_id}", "one") for _, _, path in target.operations()}
                   | {"/v1/graphql", "/metrics", "/api/v1/nothing", "/api/v1", "/v1/metadata", "/v2/query"})
    paths = [path if path.startswith(("/api", "/v1", "/v2", "/metrics")) else "/api/v1" + path for path in paths]
    for path, method in itertools.product(paths, METHODS):
        for spelt in dict.fromkeys(spellings(path)):
            body = b"{}" if method in ("POST", "PUT", "PATCH") else None
            status, _, text = target.call(method, spelt, body)
            known = (method, spelt.split("?")[0])
            is_public = known in PUBLIC or (method == "HEAD" and ("GET", known[1]) in PUBLIC)
            # GraphQL says who is missing inside a 200.
            says_no = known[1] == "/v1/graphql" and b'"data"' not in text and status < 500
            is_page = status == 200 and method in ("GET", "HEAD") and b"<!DOCTYPE html" in text[:200]
            empty = status in (200, 204) and not text and method in ("HEAD", "OPTIONS")
            report(f"routes: {method} {spelt[:80]}", is_public or status in REFUSALS or says_no or is_page or empty,
                   f"{status} {text[:80]!r}")
    answer = json.loads(target.call("POST", "/v1/graphql", {"query": "{apps{id}}"})[2])
    report("routes: GraphQL for nobody", "errors" in answer and "data" not in answer, str(answer)[:80])
