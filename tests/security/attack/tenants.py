"""Every id of another tenant, at every place that takes one, through REST and GraphQL: not found, nothing shown, nothing
changed."""
import itertools
import json

from target import CANARY

BODIES = ({}, {"name": "taken"}, {"definition": {"name": "x", "steps": []}}, {"manifest": {"base_url": "http://127.0.0.1:9", "auth": {
    "kind": "none"}}}, {"fields": {"token": "taken"}})
KINDS = {"tenants": "tenant", "apps": "app", "app_versions": "app_version", "actions": "action", "connections": "connection",
         "workflows": "workflow", "workflow_versions": "workflow_version", "triggers": "trigger", "runs": "run"}


def run(target, report):
    other = target.other_tenant()
    before = target.fingerprint(other["tenant"])
    own = target.sql(f"select id from weft.tenant where id <> '{other['tenant']}'")
    rest(target, report, other)
    graphql(target, report, other)
    headers(target, report, other, own)
    changed = set(target.fingerprint(other["tenant"]).splitlines()) ^ set(before.splitlines())
    report("tenants: no row of the other tenant changed", not changed, str(sorted(changed)))


def shown(text):
    return CANARY.encode() in (text if isinstance(text, bytes) else text.encode())


def rest(target, report, other):
    for name, method, path in target.operations():
        if "{id}" not in path or name == "live":
            continue
        for kind, value in other.items():
            where = ("" if path.startswith("/api") else "/api/v1") + path.replace("{id}", value).replace("{step_id}", "one")
            for body in BODIES if method in ("POST", "PUT", "PATCH") else (None,):
                status, _, text = target.call(method, where, body, token=target.token)
                is_right = status in (400, 403, 404, 409, 422) and not shown(text)
                report(f"tenants: {name} with a {kind}", is_right, f"{status} {text[:60]!r}")
    for path, member in (("/connections", "app_id"), ("/runs?workflow_id={}", ""), ("/runs?trigger_id={}", "")):
        for kind, value in other.items():
            if member:
                body = {member: value, "key": "k", "name": "n", "fields": {"token": "t"}}
                status, _, text = target.call("POST", "/api/v1" + path, body, token=target.token)
                report(f"tenants: POST {path} of a {kind}", status >= 400 and status < 500 and not shown(text), f"{status}")
            else:
                status, _, text = target.call("GET", "/api/v1" + path.format(value), token=target.token)
                report(f"tenants: GET {path} of a {kind}", status < 500 and not shown(text), f"{status}")


def graphql(target, report, other):
    schema = target.graphql("{__schema{queryType{fields{name args{name} type{kind name ofType{kind name ofType{kind name ofType"
                            "{kind name}}}}}} mutationType{fields{name args{name type{kind ofType{name kind}}}}}"
                            " types{name kind fields{name type{kind name ofType{kind name}}}}}}")[1]["data"]["__schema"]
    types = {each["name"]: each for each in schema["types"]}
    tables = [f for f in schema["queryType"]["fields"] if {"where", "order_by"} <= {a["name"] for a in f["args"]}
              and not f["name"].endswith("_aggregate")]
    for field in tables:
        columns = scalars(types, field)
        selection = " ".join(columns)
        for value, column in itertools.product(other.values(), [c for c in columns if c == "id" or c.endswith("_id")]):
            for condition in (f'{{{column}:{{_eq:"{value}"}}}}', f'{{_not:{{{column}:{{_neq:"{value}"}}}}}}',
                              f'{{_or:[{{{column}:{{_in:["{value}"]}}}},{{}}]}}'):
                check(target, report, f"{field['name']} where {condition[:60]}", f"{{{field['name']}(where:{condition}){{{selection}}}}}")
        check(target, report, field["name"] + " whole", f"{{{field['name']}{{{selection}}} {field['name']}_aggregate"
              f"{{aggregate{{count}} nodes{{{selection}}}}}}}")
    for field in schema["queryType"]["fields"]:
        if field["name"].endswith("_by_pk"):
            names = [a["name"] for a in field["args"]]
            for value in other.values():
                given = ",".join(f'{n}:"{other["tenant"] if n == "tenant_id" else value}"' for n in names)
                check(target, report, f"{field['name']} {value[:8]}", f"{{{field['name']}({given}){{__typename}}}}", nothing=True)
    for field in schema["mutationType"]["fields"]:
        needed = {a["name"] for a in field["args"]}
        if "id" not in needed:
            continue
        for value in other.values():
            rest_of = ",".join(f"{a['name']}:{sample(a)}" for a in field["args"] if a["name"] != "id" and a["type"]["kind"] == "NON_NULL")
            check(target, report, f"{field['name']} {value[:8]}", f'mutation{{{field["name"]}(id:"{value}"{"," + rest_of if rest_of else ""})'
                  f"{selection_of(types, schema, field)}}}")


def sample(argument):
    inner = argument["type"]["ofType"]["name"]
    return {"Int": "1", "Boolean": "true"}.get(inner, '"x"' if inner == "String" else "{}")


def selection_of(types, schema, field):
    return "{__typename}"


def scalars(types, field):
    kind = field["type"]
    while kind.get("ofType"):
        kind = kind["ofType"]
    out = []
    for each in types[kind["name"]]["fields"] or []:
        inner = each["type"]
        while inner.get("ofType"):
            inner = inner["ofType"]
        if inner["kind"] in ("SCALAR", "ENUM"):
            out.append(each["name"])
    return out


def check(target, report, name, query, nothing=False):
    status, answer = target.graphql(query)
    text = json.dumps(answer)
    data = answer.get("data") or {}
    is_empty = not nothing or all(value is None for value in data.values())
    report(f"tenants: graphql {name}", status < 500 and not shown(text) and is_empty, f"{status} {text[:80]}")


def headers(target, report, other, own):
    """The tenant comes from the credential: headers and members that name another are not listened to."""
    names = ("x-tenant-id", "x-weft-tenant", "x-hasura-role", "x-hasura-tenant-id", "x-hasura-admin-secret", "x-hasura-user-id",
             "x-forwarded-user", "x-original-url", "x-rewrite-url", "x-http-method-override", "x-forwarded-host", "forwarded")
    values = (other["tenant"], "admin", "owner", f"/api/v1/runs/{other['run']}")
    for name, value in itertools.product(names, values):
        for method, path, body in (("GET", "/api/v1/workflows", None), ("POST", "/v1/graphql", {"query": "{workflows{id name} tenants{id}}"})):
            status, _, text = target.call(method, path, body, token=target.token, headers={name: value})
            report(f"tenants: {name} at {path}", status < 500 and not shown(text) and other["tenant"].encode() not in text, f"{status}")
    for member in ("tenant_id", "tenant", "created_by", "user_id"):
        body = {"key": "mine", "name": "n", member: other["tenant"]}
        status, _, text = target.call("POST", "/api/v1/apps", body, token=target.token)
        report(f"tenants: a member {member}", status == 422 and own.encode() not in text, f"{status} {text[:60]!r}")
