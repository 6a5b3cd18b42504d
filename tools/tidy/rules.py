"""Each rule takes a Tree and yields Findings. Its docstring is what the person reads who broke it."""
import re

from tree import COMMENT, INCLUDE, Finding, blank, is_test, line_of

RANKS = {"base": 0, "core": 1, "platform": 1, "store": 2, "graphql": 2, "control": 3, "data": 3, "app": 4}
RULES = []


def rule(check):
    RULES.append(check)
    return check


def search(tree, paths, pattern, rule_name, message, read="code"):
    for path in paths:
        text = getattr(tree, read)(path)
        for match in pattern.finditer(text):
            yield Finding(path, line_of(text, match.start()), rule_name, message(match))


@rule
def layers(tree):
    """Dependencies point down: base < core | platform < store | graphql < control | data < app, never across."""
    for path in tree.cpp():
        parts = path.split("/")
        layer = parts[1]
        if layer not in RANKS:
            yield Finding(path, 1, "layers", f"src/{layer} is not a layer; a new one needs an ADR")
            continue
        for match in INCLUDE.finditer(tree.text(path)):
            target = match[1].split("/")[0]
            if target not in RANKS:
                continue
            is_upward = RANKS[target] > RANKS[layer]
            is_across = RANKS[target] == RANKS[layer] and target != layer
            if is_upward or is_across:
                yield Finding(path, line_of(tree.text(path), match.start()), "layers",
                              f"{layer} must not include {target} ({match[1]})")


MODULE_CALL = re.compile(r"^weft_module\(([^)]*)\)", re.MULTILINE)
DEPENDENCY_LISTS = ("DEPS", "PRIVATE", "TESTS")


def declared(text):
    """{list: modules} of a weft_module() call, or None."""
    call = MODULE_CALL.search(text)
    if not call:
        return None
    lists, current = {name: set() for name in (*DEPENDENCY_LISTS, "LIBS", "ALONE")}, None
    for word in re.sub(r"#.*", "", call[1]).split():
        if word in lists:
            current = word
        else:
            lists[current].add(word)
    return lists


def needed(tree, module, owner):
    """What the module's includes ask for: of public headers, of all else, of tests alone."""
    lists = {name: set() for name in DEPENDENCY_LISTS}
    product = set(tree.product())
    for path in tree.cpp():
        if owner(path) != module:
            continue
        is_public = path.endswith(".h") and "/detail/" not in path
        kind = "TESTS" if path not in product else "DEPS" if is_public else "PRIVATE"
        lists[kind] |= {owner(f"src/{name}") for name in INCLUDE.findall(tree.text(path))} - {None, module}
    lists["PRIVATE"] -= lists["DEPS"]
    lists["TESTS"] -= lists["DEPS"] | lists["PRIVATE"]
    return {name: {m.removeprefix("src/") for m in modules} for name, modules in lists.items()}


@rule
def dependencies(tree):
    """CMakeLists.txt names the modules that are included, no others: DEPS those of public headers, PRIVATE those of all
    else, TESTS those of tests alone; and no module depends on itself in the end."""
    modules = tree.modules()

    def owner(path):
        return max((m for m in modules if path.startswith(m + "/")), key=len, default=None)

    graph = {}
    for module in modules:
        path = f"{module}/CMakeLists.txt"
        lists = declared(tree.text(path))
        if lists is None:
            continue
        wanted = needed(tree, module, owner)
        graph[module.removeprefix("src/")] = lists["DEPS"] | lists["PRIVATE"]
        for name in DEPENDENCY_LISTS:
            for missing in sorted(wanted[name] - lists[name]):
                yield Finding(path, 1, "dependencies", f"{name} lacks {missing}, which is included")
            for idle in sorted(lists[name] - wanted[name]):
                yield Finding(path, 1, "dependencies", f"{name} names {idle}, which is not included there")
    for module in graph:
        seen, todo = set(), list(graph[module])
        while todo:
            one = todo.pop()
            if one == module:
                yield Finding(f"src/{module}/CMakeLists.txt", 1, "dependencies", f"{module} depends on itself")
                break
            if one not in seen:
                seen.add(one)
                todo += graph.get(one, ())


@rule
def private_headers(tree):
    """A header under detail/ is included by its own module only."""
    for path in tree.cpp():
        for match in INCLUDE.finditer(tree.text(path)):
            owner, found, _ = match[1].partition("/detail/")
            if found and not path.startswith(f"src/{owner}/"):
                yield Finding(path, line_of(tree.text(path), match.start()), "private_headers",
                              f"{match[1]} is private to {owner}; use its public header")


@rule
def vault_open(tree):
    """Only the worker opens credentials: the api's side cannot even name what does."""
    for path in tree.product():
        if path.startswith(("src/control/", "src/graphql/", "src/app/weft/api")):
            for match in INCLUDE.finditer(tree.text(path)):
                if match[1] == "store/vault/open.h":
                    yield Finding(path, line_of(tree.text(path), match.start()), "vault_open", "use seal.h, or ask a worker")


@rule
def include_paths(tree):
    """Include paths start at src/, so that they name layer and module."""
    for path in tree.cpp():
        folder = path.rsplit("/", 1)[0]
        for match in INCLUDE.finditer(tree.text(path)):
            if f"{folder}/{match[1]}" in tree.files:
                yield Finding(path, line_of(tree.text(path), match.start()), "include_paths",
                              f'write "{folder.removeprefix("src/")}/{match[1]}"')


SQL = re.compile(
    r'"\s*(select\s[^"]*\sfrom\s|insert\s+into\s|update\s+\w+\s+set\s|delete\s+from\s|create\s+(table|role|database|index)\s|'
    r'alter\s+(table|role)\s|drop\s+(table|role|database)\s|truncate\s+\w|set\s+(local\s+)?role\s)', re.IGNORECASE)


@rule
def sql_text(tree):
    """SQL lives in store/*/sql/*.sql, one named query per file, and in db/; never in C++."""
    for path in tree.product():
        text = COMMENT.sub(blank, tree.text(path))
        for match in SQL.finditer(text):
            yield Finding(path, line_of(text, match.start()), "sql_text", f"move it to a .sql file: {match[0][:40]}")


BY_NUMBER = re.compile(
    r"(?:\.|->)(?:(?:maybe_)?(?:id<[\w:]+>|text|instant)|is_null|uuid|integer|number|boolean|bytes)\(\s*\w+,\s*\w+\s*\)")


@rule
def rows_by_name(tree):
    """What a store's statement answers is read into a structure, column by column name (platform/pg/row.h)."""
    paths = [p for p in tree.product() if p.startswith(("src/store/", "src/control/", "src/data/", "src/app/"))]
    yield from search(tree, paths, BY_NUMBER, "rows_by_name", lambda m: f"{m[0]}: use pg::columns, and pg::all or pg::first")


WORDS = re.compile(r"std::array<std::string_view, \d+> k\w+ =\s*\{([^}]*)\}")


@rule
def words(tree):
    """A state is an enum: its spellings are in one table, and no code compares with one or sets one."""
    tables = [p for p in tree.product() if p == "src/core/runstate/states.h" or p.startswith("src/store/") and p.endswith(".h")]
    known = {w for p in tables for table in WORDS.findall(tree.text(p)) for w in re.findall(r'"([\w.]+)"', table)}
    if not known:
        return
    word = f'"(?:{"|".join(sorted(map(re.escape, known)))})"'
    bare = re.compile(rf"(?:[=!]=|(?<![=!<>])=|\breturn)\s*{word}\s*[;)&|?,}}]|{word}\s*[=!]=")
    for path in (p for p in tree.product() if p.startswith(("src/store/", "src/control/", "src/data/"))):
        text = COMMENT.sub(blank, tree.text(path))
        for match in bare.finditer(text):
            yield Finding(path, line_of(text, match.start()), "words", f"{match[0].strip()}: use the enum that it is a word of")


COMMENT_BUT_URL = re.compile(r"(?<!:)//[^\n]*|/\*.*?\*/", re.DOTALL)
# A literal with a keyword of libpq's, or a URL's beginning, that something is joined to.
CONNINFO = r'"[^"\n]*(?:\b(?:user|password|passfile|dbname|sslpassword)=|postgres(?:ql)?://)[^"\n]*"'
JOINED_CONNINFO = re.compile(
    rf'{CONNINFO}\s*\+|\+=?\s*{CONNINFO}|\bappend\(\s*{CONNINFO}|"[^"\n]*\b(?:user|password|dbname)=\'?\{{')


@rule
def connection_strings(tree):
    """A connection string is made from parts by pg::Conninfo: what is appended to one does not replace what it holds."""
    for path in (p for p in tree.files if p.endswith((".cc", ".h"))):
        text = COMMENT_BUT_URL.sub(blank, tree.text(path))
        for match in JOINED_CONNINFO.finditer(text):
            yield Finding(path, line_of(text, match.start()), "connection_strings", f"use pg::Conninfo: {match[0][:60]}")


# pattern, what to use instead, where it is the right thing to do
BANNED = [
    (r"\bco_spawn\s*\(", "Scope::spawn", ("src/platform/rt/",)),
    (r"\bgetenv\s*\(", "app::Environment, read once in main", ()),
    (r"\bsystem_clock::now\s*\(", "rt::Clock", ("src/platform/rt/",)),
    (r"\bsteady_clock::now\s*\(", "rt::Clock or rt::Deadline", ("src/platform/", "src/app/demo/")),
    (r"\bstd::this_thread::sleep_(for|until)\s*\(|\b(u|nano)?sleep\s*\(\s*\d", "rt::sleep_for", ()),
    (r"(?m)(?:^|[;{}(=!]|\breturn)[ \t]*(std::|::)?system\s*\(", "proc::run", ()),
    (r"\bpopen\s*\(", "proc::run", ()),
    (r"\bnew\s+[A-Za-z_:<]", "std::make_unique", ()),
    (r"(?<!operator )\bdelete\s*(\[\])?\s+?[A-Za-z_]", "an owner (unique_ptr, RAII)", ()),
    (r"\b(strcpy|strcat|sprintf|gets)\s*\(", "std::string or fmt", ()),
    (r"\bstd::(rand|srand)\s*\(|\brandom_device\b", "weft::Rng", ("src/base/random",)),
    (r"\bstd::thread\b", "rt::on_pool", ("src/platform/rt/",)),
    (r"\bdetached\b\s*[),]", "Scope::spawn", ("src/platform/rt/",)),
    (r"\busing namespace std;", "names", ()),
]
# A private constructor behind a factory needs `new` inside unique_ptr.
OWNED_NEW = re.compile(r"(unique_ptr|shared_ptr)<[^;]*\(\s*\Z|\.reset\(\s*\Z")


@rule
def banned_calls(tree):
    """Calls that have a house replacement."""
    for pattern, instead, homes in BANNED:
        compiled = re.compile(pattern)
        for path in tree.product():
            if path.startswith(tuple(homes)):
                continue
            code = tree.code(path)
            for match in compiled.finditer(code):
                before = code[max(0, match.start() - 200):match.start()]
                if match[0].startswith("new") and OWNED_NEW.search(before):
                    continue
                yield Finding(path, line_of(code, match.start()), "banned_calls", f"{match[0].strip()}: use {instead}")


LAMBDA_COROUTINE = re.compile(r"\[[^\]\n]*[&=\w][^\]\n]*\]\s*\([^()]*\)\s*(mutable\s*)?->\s*(weft::)?(rt::)?Task<")
BORROWING = re.compile(r"\bTask<[^;{}()]*>\s+(?:\w+::)*(\w+)\s*\(([^;{}]*?)\)\s*(?:const\s*)?(?:override\s*)?[;{]")
# What a caller easily makes on the spot; a service is built once and may be borrowed.
BORROWED = re.compile(r"\bconst\s+(std::\w+|Json\w*)\b[^,()&]*&|\bstd::string_view\b|\bstd::span\b")
CALLBACK = re.compile(r"function<[^()]*\([^()]*\)>")


@rule
def coroutines(tree):
    """A coroutine's frame outlives the caller's statement: no capturing lambda, no borrowed temporary as parameter."""
    for path in tree.product():
        code = tree.code(path)
        for match in LAMBDA_COROUTINE.finditer(code):
            yield Finding(path, line_of(code, match.start()), "coroutines",
                          "a capturing lambda is a coroutine; use a function with parameters")
        for match in BORROWING.finditer(code):
            borrowed = BORROWED.search(CALLBACK.sub("", match[2]))
            if borrowed:
                yield Finding(path, line_of(code, match.start()), "coroutines",
                              f"{match[1]} takes {borrowed[0]}: take it by value")


@rule
def sizes(tree):
    """Files have at most 600 lines, lines at most 110 columns, functions at most 70 lines."""
    kinds = (".cc", ".h", ".c", ".py", ".ts", ".vue", ".sql", ".cmake", ".sh")
    for path, text in tree.files.items():
        if not path.endswith(kinds):
            continue
        lines = text.split("\n")
        if len(lines) > 601:
            yield Finding(path, 601, "sizes", f"{len(lines) - 1} lines: divide it")
        columns_max = 110 if path.endswith((".cc", ".h", ".c")) else 140
        for number, line in enumerate(lines, 1):
            # eslint minds TypeScript; a test's literal is better whole than broken.
            is_exempt = path.endswith((".ts", ".vue")) or is_test(path) and '"' in line
            if len(line) > columns_max and not is_exempt:
                yield Finding(path, number, "sizes", f"{len(line)} columns; the limit is {columns_max}")
        if path.endswith((".cc", ".h")) and not is_test(path):
            yield from long_functions(path, tree.code(path).split("\n"))


NOT_A_FUNCTION = re.compile(r"\s*(namespace|class|struct|union|enum|if|for|while|switch|else|do|try|\}|extern|return)\b")


def long_functions(path, lines):
    """Relies on clang-format: a function ends at the first closing brace at its own indentation."""
    at = 0
    while at < len(lines):
        line = lines[at]
        indent = len(line) - len(line.lstrip())
        if line.lstrip().startswith(": ") or indent % 4:  # the end of a constructor's initializers
            indent = max(indent // 4 * 4 - 4, 0)
        opens = line.endswith("{") and ")" in line and indent <= 8 and not NOT_A_FUNCTION.match(line)
        if not opens:
            at += 1
            continue
        end = next((i for i in range(at + 1, len(lines)) if lines[i].startswith(" " * indent + "}")), len(lines))
        if end - at > 70:
            yield Finding(path, at + 1, "sizes", f"a function of {end - at} lines: divide it (70 at most)")
        at = end


@rule
def system_roles(tree):
    """Cross-tenant access is named in tools/tidy/allow.txt, with the reason."""
    yield from search(tree, tree.product(), re.compile(r"\bPrincipal::system\s*\("), "system_roles",
                      lambda m: "takes on a system role; add a line to tools/tidy/allow.txt that says why")


@rule
def one_access(tree):
    """As whom a GraphQL request is answered is decided once: Model::access is called where tools/tidy/allow.txt says."""
    paths = [p for p in tree.product() if "/graphql" in p]
    yield from search(tree, paths, re.compile(r"(?:\.|->)access\s*\("), "one_access",
                      lambda m: "chooses an access of its own: take the one that the request was given (ADR 17)")


@rule
def readmes(tree):
    """Every module has a README.md of at most 40 lines."""
    for module in tree.modules():
        path = f"{module}/README.md"
        if path not in tree.files:
            yield Finding(path, 1, "readmes", "missing: purpose, key types, where to look, what not to do")
        elif tree.text(path).count("\n") > 40:
            yield Finding(path, 41, "readmes", "longer than 40 lines")


@rule
def todos(tree):
    """A TODO names its issue: TODO(#123)."""
    pattern = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b(?!\(#\d+\))")
    paths = [p for p in tree.files if p.endswith((".cc", ".h", ".py", ".ts", ".vue", ".sql", ".cmake"))
             and not p.startswith("tools/tidy/")]
    yield from search(tree, paths, pattern, "todos", lambda m: f"{m[0]} without an issue: write {m[0]}(#123)", "text")


@rule
def queries(tree):
    """Every sql/*.sql has a header that starts with its name, and is used."""
    code = "\n".join(tree.code(p) for p in tree.cpp())
    used = set(re.findall(r"\bk[A-Z]\w*", code))
    for path in tree.files:
        match = re.fullmatch(r"src/(.+)/sql/(\w+)\.sql", path)
        if not match:
            continue
        constant = "k" + "".join(word.capitalize() for word in match[2].split("_"))
        if constant not in used:
            yield Finding(path, 1, "queries", f"nothing uses {constant}: remove it")
        if not tree.text(path).startswith(f"-- {match[2]} :"):
            yield Finding(path, 1, "queries", f"start with: -- {match[2]} :one|:many|:exec  uses <index>  called by <caller>")


NOTICE = re.compile(r'struct (\w+) \{\s*static constexpr std::string_view kChannel = "(\w+)";')


@rule
def notices(tree):
    """What processes tell each other (store/notices) has a sender, here or in the database, and a listener."""
    path = "src/store/notices/notices.h"
    code = "\n".join(tree.code(p) for p in tree.product() if not p.startswith("src/store/notices/"))
    sql = "\n".join(text for p, text in tree.files.items() if p.startswith("db/migrations/"))
    for match in NOTICE.finditer(tree.files.get(path, "")):
        name, channel = match.groups()
        line = line_of(tree.text(path), match.start())
        if not re.search(rf"\bnotices::{name}\{{", code) and f"pg_notify('{channel}'" not in sql:
            yield Finding(path, line, "notices", f"nobody sends {name}: remove it")
        if not re.search(rf"\bon<(\w+::)*{name}>", code):
            yield Finding(path, line, "notices", f"nobody hears {name}: remove it")


@rule
def dead_files(tree):
    """Every header is included, and every source belongs to a module."""
    included = set()
    for path in (p for p in tree.files if p.endswith((".cc", ".h", ".c"))):
        included.update(re.findall(r'#include ["<]([^">]+)[">]', tree.text(path)))
    modules = tree.modules()
    for path in tree.cpp():
        if path.endswith(".h") and path.removeprefix("src/") not in included:
            yield Finding(path, 1, "dead_files", "no file includes it")
        if not any(path.startswith(module + "/") for module in modules):
            yield Finding(path, 1, "dead_files", "no CMakeLists.txt above it: it is never built")


@rule
def headers(tree):
    """Headers start with #pragma once, and open no namespace for others."""
    for path in tree.cpp():
        if path.endswith(".h") and not tree.code(path).lstrip().startswith("#pragma once"):
            yield Finding(path, 1, "headers", "start with #pragma once")
    yield from search(tree, [p for p in tree.cpp() if p.endswith(".h")],
                      re.compile(r"^using namespace (?!std::chrono_literals)", re.MULTILINE), "headers",
                      lambda m: "a header opens a namespace for everyone")


@rule
def vague_names(tree):
    """No folder is called common, utils, helpers or misc: say what is in it."""
    for path in tree.files:
        for part in path.split("/")[:-1]:
            if part in {"common", "utils", "util", "helpers", "misc"}:
                yield Finding(path, 1, "vague_names", f"a folder named {part}")


@rule
def map_is_current(tree):
    """docs/map.md names every module."""
    if "docs/map.md" not in tree.files:
        return
    text = tree.text("docs/map.md")
    for module in tree.modules():
        if module.removeprefix("src/") not in text:
            yield Finding("docs/map.md", 1, "map_is_current", f"{module} is not on the map")


SECRETS = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----|\bAKIA[0-9A-Z]{16}\b|\bgh[pousr]_[A-Za-z0-9]{36}\b|\bxox[baprs]-\d{8,}-\w+|"
    r"\bsk_live_[0-9A-Za-z]{16,}|\bAIza[0-9A-Za-z_-]{35}\b|\bweft_[A-Za-z0-9_-]{43}\b")
MACHINE_PATHS = re.compile(r"/home/[a-z]\w*/|/Users/\w+/|(?<![\w.])/work/\w+")


@rule
def secrets(tree):
    """No key, token or password of a real system, and no path of one machine."""
    paths = [p for p in tree.files if not p.startswith("tools/tidy/") and not p.endswith("package-lock.json")]
    yield from search(tree, paths, SECRETS, "secrets", lambda m: "looks like a secret", "text")
    yield from search(tree, paths, MACHINE_PATHS, "secrets", lambda m: f"a path of one machine: {m[0]}", "text")


@rule
def lock_files(tree):
    """Lock files name no registry: whoever installs chooses it. Integrity hashes pin the content."""
    for path, text in tree.files.items():
        if not path.endswith("package-lock.json"):
            continue
        match = re.search(r'"resolved": "(https?://[^/"]+)', text)
        if match:
            yield Finding(path, line_of(text, match.start()), "lock_files",
                          f"names {match[1]}; set omit-lockfile-registry-resolved=true in .npmrc and lock again")
        npmrc = path.replace("package-lock.json", ".npmrc")
        if "omit-lockfile-registry-resolved=true" not in tree.files.get(npmrc, ""):
            yield Finding(npmrc, 1, "lock_files", "must say omit-lockfile-registry-resolved=true")
