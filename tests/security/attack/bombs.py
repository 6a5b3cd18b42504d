"""Requests that are small to send and large to answer: bounded in the processor's time, in memory and in what others wait."""
import threading
import time

CPU_S_MAX = 0.25  # of one request, with its connection; the engine's own bound of 50 ms has a unit test
MEMORY_MAX = 96 << 20  # of all of them
WAIT_S_MAX = 2.0  # another caller meanwhile; two cores that others use too


def bombs():
    def post(query, variables="{}"):
        return f'{{"query":{quoted(query)},"variables":{variables}}}'.encode()

    for depth in (20, 100, 1_000, 10_000):
        yield f"{depth} levels", post("{" + "tenants{" * depth + "id" + "}" * depth + "}")
        yield f"{depth} fragments deep", post("{...a0}" + "".join(f"fragment a{i} on query_root{{...a{i + 1}}}" for i in range(depth))
                                              + f"fragment a{depth} on query_root{{__typename}}")
        yield f"{depth} lists", post("{apps(where:{_or:" + "[" * depth + "]" * depth + "}){id}}")
        yield f"{depth} _not", post("{apps(where:" + "{_not:" * depth + "{}" + "}" * depth + "){id}}")
        yield f"{depth} objects in a variable", post("query($w:apps_bool_exp){apps(where:$w){id}}", '{"w":' + '{"_not":' * depth + "{}" + "}" * depth + "}")
    for count in (100, 2_000, 20_000):
        yield f"{count} aliases", post("{" + "".join(f"a{i}:__typename " for i in range(count)) + "}")
        yield f"{count} root fields", post("{" + "".join(f"a{i}:apps{{id}} " for i in range(count)) + "}")
        yield f"{count} equal fields", post("{apps{" + "id " * count + "}}")
        yield f"{count} directives", post("{apps{id " + "@include(if:true) " * count + "}}")
        yield f"{count} operations", post(" ".join(f"query q{i}{{apps{{id}}}}" for i in range(count)))
        yield f"{count} variables", post("query(" + " ".join(f"$v{i}:Int" for i in range(count)) + "){__typename}")
        yield f"{count} spreads", post("{" + "...f " * count + "} fragment f on query_root{__typename}")
        yield f"{count} inline fragments", post("{" + "...on query_root{__typename} " * count + "}")
        yield f"{count} arguments", post("{apps(" + "".join(f"a{i}:1 " for i in range(count)) + "){id}}")
        yield f"{count} values of _in", post('{apps(where:{key:{_in:[' + ",".join(f'"k{i}"' for i in range(count)) + "]}}){id}}")
        yield f"{count} order_by", post("{apps(order_by:[" + ",".join("{id:asc}" for _ in range(count)) + "]){id}}")
        yield f"{count} conditions", post("{apps(where:{_and:[" + ",".join('{name:{_eq:"x"}}' for _ in range(count)) + "]}){id}}")
    yield "fragments that double", post("{...a0}" + "".join(f"fragment a{i} on query_root{{...a{i + 1} ...a{i + 1}}}" for i in range(24))
                                        + "fragment a24 on query_root{__typename}")
    yield "a circle of fragments", post("{...a} fragment a on query_root{...b} fragment b on query_root{...a}")
    yield "overlapping fields", post("{" + "apps{id} " * 500 + "}")
    yield "a name of 200 KB", post("{" + "a" * 200_000 + "}")
    yield "a string of 200 KB", post('{apps(where:{name:{_eq:"' + "a" * 200_000 + '"}}){id}}')
    yield "a comment of 200 KB", post("#" + "a" * 200_000 + "\n{__typename}")
    yield "blanks of 200 KB", post(" " * 200_000 + "{__typename}")
    yield "introspection in itself", post("{__schema{types{" + "fields{type{" * 12 + "name" + "}}" * 12 + "}}}")
    yield "a batch of 1000", b"[" + b",".join([b'{"query":"{__typename}"}'] * 1000) + b"]"
    yield "numbers of 100 KB", post("{apps(limit:" + "9" * 100_000 + "){id}}")
    yield "_like with 10,000 wildcards", post('{apps(where:{name:{_like:"' + "%a" * 10_000 + '"}}){id}}')
    yield "_similar of nested repeats", post('{apps(where:{name:{_similar:"' + "(" * 40 + "a" + "*)" * 40 + '"}}){id}}')
    yield "_regex with 5,000 groups", post('{apps(where:{name:{_regex:"' + "(a|" * 5_000 + "b" + ")" * 5_000 + '"}}){id}}')


def quoted(text):
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


class Neighbour(threading.Thread):
    """Somebody else, who asks something small all the time."""

    def __init__(self, target):
        super().__init__(daemon=True)
        self.target = target
        self.longest = 0.0
        self.is_over = False

    def run(self):
        while not self.is_over:
            start = time.monotonic()
            self.target.call("GET", "/api/v1/auth/status")
            self.longest = max(self.longest, time.monotonic() - start)
            time.sleep(0.01)


def run(target, report):
    target.graphql("{apps{id}}")
    memory = target.memory()
    neighbour = Neighbour(target)
    neighbour.start()
    worst = 0.0
    for name, body in bombs():
        before = target.cpu_seconds()
        status, _, text = target.call("POST", "/v1/graphql", body, token=target.token)
        spent = target.cpu_seconds() - before
        worst = max(worst, spent)
        report(f"bombs: {name}", status < 500 and spent <= CPU_S_MAX, f"{status}, {spent:.2f} s, {text[:60]!r}")
    neighbour.is_over = True
    neighbour.join()
    grown = target.memory() - memory
    print(f"bombs: at most {worst * 1000:.0f} ms each, {grown / (1 << 20):.0f} MiB in all, "
          f"a neighbour waited at most {neighbour.longest * 1000:.0f} ms")
    report("bombs: memory", grown <= MEMORY_MAX, f"{grown} bytes")
    report("bombs: a neighbour's wait", neighbour.longest <= WAIT_S_MAX, f"{neighbour.longest:.2f} s")
