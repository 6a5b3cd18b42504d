"""Every operation by every kind of caller. Who may is written here by hand and not read from the code."""
import json

# o owner, a admin, b builder, v viewer
POLICY = {
    "member": "tokens.list tokens.create tokens.delete",  # any signed-in caller, however narrow; a token makes no tokens
    "oabv": "apps.list apps.get app_versions.list app_versions.get actions.list "
            "actions.get connections.list connections.get workflows.list workflows.get workflows.get_draft workflows.validate workflows.get_pause "
            "workflows.list_versions workflow_versions.get triggers.list triggers.get triggers.refused triggers.health triggers.history triggers.sample schedules.zones "
            "schedules.preview runs.list runs.get "
            "runs.steps runs.get_step runs.value runs.value_shape runs.logs runs.events live "
            "dead_letters.list dead_letters.get usage.list quotas.list "
            "files.list files.get files.download alerts.list alerts.get "
            "approvals.list approvals.get approvals.decide approvals.file",  # whom an approval names decides it
    "oab": "apps.create apps.change apps.delete app_versions.create app_versions.change app_versions.publish "
           "app_versions.deprecate app_versions.restore actions.create actions.change actions.delete connections.create "
           "connections.change connections.replace_secret connections.close_circuit connections.delete workflows.create workflows.change "
           "workflows.delete workflows.save_draft workflows.publish workflows.activate workflows.deactivate "
           "workflows.archive workflows.restore workflows.resume workflows.start workflows.test triggers.create triggers.change triggers.delete "
           "triggers.activate triggers.deactivate triggers.rotate triggers.capture runs.cancel runs.rerun runs.preview_rerun "
           "runs.rerun_many dead_letters.drop dead_letters.drop_many "
           "workflows.import_n8n events.send files.upload files.delete "
           "alerts.create alerts.change alerts.delete alerts.enable alerts.disable alerts.test alerts.rotate_secret",
    "public": "auth.status auth.claim auth.login auth.logout openapi",
}
BY_OPERATION = {name: roles for roles, names in POLICY.items() for name in names.split()}
BODIES = {"tokens.create": {"name": "made by the matrix", "role": "viewer"}}
ID = "01890000-0000-7000-8000-000000000000"


def callers(target):
    """(name, credential, letters of its rights)."""
    make = lambda role, **more: target.create("/tokens", {"name": role, "role": role} | more, cookie=target.cookie)
    for role in ("owner", "admin", "builder", "viewer"):
        yield role, {"token": make(role)["token"]}, role[0]
    yield "owner's session", {"cookie": target.cookie}, "o"
    yield "builder who may only read runs", {"token": make("builder", scopes=["run.read"])["token"]}, "scoped"
    revoked = make("owner")
    assert target.call("DELETE", f"/api/v1/tokens/{revoked['id']}", cookie=target.cookie)[0] == 204
    yield "revoked", {"token": revoked["token"]}, ""
    expired = make("owner")
    target.sql(f"update weft.api_token set expires_at = now() - interval '1 s' where id = '{expired['id']}'")
    yield "expired", {"token": expired["token"]}, ""
    yield "a guess", {"token": "weft_" + "A" * 43}, ""
    yield "nobody", {}, ""


def run(target, report):
    operations = target.operations()
    known = {name for name, _, _ in operations}
    report("roles: the policy names every operation", known == set(BY_OPERATION), str(known ^ set(BY_OPERATION)))
    for who, credential, letter in callers(target):
        for name, method, path in operations:
            if name in ("live", "auth.logout"):
                continue  # a stream has its own tests; a logout would end the session used here
            where = ("" if path.startswith("/api") else "/api/v1") + path.replace("{id}", ID).replace("{step_id}", "one")
            body = BODIES.get(name, {}) if method in ("POST", "PUT", "PATCH") else None
            status, _, text = target.call(method, where, body, **credential)
            is_right = status < 500 and agrees(status, BY_OPERATION.get(name, ""), name, letter, "token" in credential)
            report(f"roles: {who}: {name}", is_right, f"{status} {text[:60]!r}")
    replay(target, report)


def agrees(status, allowed, name, letter, by_token):
    """Whether an answer is what the policy says: 401 for who is nobody, 403 for who may not, else neither."""
    if allowed == "public":
        return True  # a wrong credential may be refused here too
    if letter == "":
        return status == 401
    if allowed == "member":
        may = not (name == "tokens.create" and by_token)
    elif letter == "scoped":
        may = name.startswith(("runs.", "dead_letters.", "files.", "usage.", "quotas.")) and allowed == "oabv"
    else:
        may = letter in allowed
    return (status not in (401, 403)) == may


def replay(target, report):
    """A key that the owner used: another caller who knows it gets nothing of the answer."""
    key = {"idempotency-key": "made-by-the-owner"}
    status, _, first = target.call("POST", "/api/v1/tokens", {"name": "x", "role": "owner"}, cookie=target.cookie, headers=key)
    secret = json.loads(first)["token"].encode()
    report("replay: the owner's own create", status == 201, str(status))
    again = target.call("POST", "/api/v1/tokens", {"name": "x", "role": "owner"}, cookie=target.cookie, headers=key)
    report("replay: a secret is not told twice", secret not in again[2], str(again[0]))
    body = {"key": "replayed", "name": "r"}
    made = target.call("POST", "/api/v1/apps", body, token=target.token, headers=key)
    report("replay: another operation with the same key is another", made[0] == 201, str(made[0]))
    viewer = target.create("/tokens", {"name": "v", "role": "viewer"}, cookie=target.cookie)["token"]
    for path, what in (("/api/v1/tokens", {"name": "x", "role": "owner"}), ("/api/v1/apps", body)):
        status, headers, text = target.call("POST", path, what, token=viewer, headers=key)
        report(f"replay: a viewer repeats {path}", status in (401, 403) and secret not in text and
               "idempotency-replayed" not in headers, f"{status} {text[:60]!r}")
